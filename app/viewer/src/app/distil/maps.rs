//! Attention before and after, beside the Teacher's, for some validation patches.

use std::collections::BTreeMap;
use std::sync::Arc;

use fovea_distill::data::Sample;
use fovea_distill::{At, layers};
use fovea_patch::{OverlayStyle, overlay};
use fovea_student::{Request, Student};

use super::map_job::{Maker, MapJob, MapNews, Mapped, Side, TeacherMaps};
use super::mapper::Mapper;
use crate::analysis::Settings;

/// Who teaches, as far as maps go.
#[derive(Clone)]
pub enum TeacherSide {
    /// Nobody.
    Nobody,
    /// A targets file.
    Rows(Arc<TeacherMaps>),
    /// A network.
    Network(Arc<Student>),
}

/// One map on screen.
#[derive(Default)]
pub struct Cell {
    /// The map, or why there is none; nothing while it is being made.
    pub outcome: Option<Result<Mapped, String>>,
    /// Drawn: for which class, and whether there was anything positive to draw.
    pub drawn: Option<(usize, egui::TextureHandle, bool)>,
}

/// The strip of maps.
pub struct Maps {
    mapper: Mapper,
    /// Patches to choose from.
    pub validation: Vec<Sample>,
    /// Those that are shown, in order.
    pub chosen: Vec<usize>,
    /// Class whose map is shown; none: each patch's own.
    pub class: Option<usize>,
    /// Share of colour in a pixel.
    pub opacity: f32,
    /// Who teaches.
    pub teacher: TeacherSide,
    cells: BTreeMap<(usize, Side), Cell>,
    before: Option<Arc<Student>>,
    now: Option<Arc<Student>>,
    version: u64,
    settings: [Settings; 2],
}

impl Maps {
    /// Nothing to show yet.
    pub fn new(mapper: Mapper) -> Self {
        Self {
            mapper,
            validation: vec![],
            chosen: vec![],
            class: None,
            opacity: 0.55,
            teacher: TeacherSide::Nobody,
            cells: BTreeMap::new(),
            before: None,
            now: None,
            version: 0,
            settings: [Settings::default(), Settings::default()],
        }
    }

    /// A run begins with this Student. Maps are those the run compares, where it does.
    pub fn begin(&mut self, start: Arc<Student>, validation: Vec<Sample>, teacher: TeacherSide, at: Option<&At>) {
        let teachers = match &teacher {
            TeacherSide::Network(own) => settings(own, at, true),
            TeacherSide::Nobody | TeacherSide::Rows(_) => Settings::default(),
        };
        self.settings = [settings(&start, at, false), teachers];
        self.chosen = one_per_class(&validation, start.card.class_names.len());
        (self.validation, self.teacher, self.before, self.now) = (validation, teacher, Some(start), None);
        self.cells.clear();
        self.version += 1;
        self.chosen.clone().into_iter().for_each(|index| self.ask(index));
    }

    /// There is a better Student.
    pub fn better(&mut self, student: Arc<Student>) {
        self.now = Some(student);
        self.version += 1;
        for index in self.chosen.clone() {
            self.submit(index, Side::Now);
        }
    }

    /// Shows a patch, or no more.
    pub fn choose(&mut self, index: usize, shown: bool) {
        self.chosen.retain(|i| *i != index);
        if shown && index < self.validation.len() {
            self.chosen.push(index);
            self.ask(index);
        } else {
            self.cells.retain(|(i, _), _| *i != index);
        }
    }

    fn ask(&mut self, index: usize) {
        Side::ALL.into_iter().for_each(|side| self.submit(index, side));
    }

    fn submit(&mut self, index: usize, side: Side) {
        let Some(sample) = self.validation.get(index).cloned() else { return };
        let network =
            |student: &Arc<Student>, settings: &Settings| Maker::Network { student: student.clone(), settings: settings.clone() };
        let [student, teacher] = &self.settings;
        let maker = match (side, &self.teacher) {
            (Side::Before, _) => self.before.as_ref().map(|s| network(s, student)),
            (Side::Now, _) => self.now.as_ref().map(|s| network(s, student)),
            (Side::Teacher, TeacherSide::Nobody) => None,
            (Side::Teacher, TeacherSide::Rows(rows)) => Some(Maker::Rows(rows.clone())),
            (Side::Teacher, TeacherSide::Network(own)) => Some(network(own, teacher)),
        };
        let Some((maker, px)) = maker.zip(self.before.as_ref().map(|s| s.card.input_px)) else { return };
        // The map before stays on screen until the new one is there.
        self.cells.entry((index, side)).or_default();
        self.mapper.submit(MapJob { side, version: self.version, index, sample, px, maker });
    }

    /// Takes in what was made.
    pub fn work(&mut self) {
        for MapNews { side, version, index, outcome } in self.mapper.poll() {
            let stale = side == Side::Now && version != self.version;
            if let Some(cell) = self.cells.get_mut(&(index, side)).filter(|_| !stale) {
                *cell = Cell { outcome: Some(outcome), drawn: None };
            }
        }
    }

    /// What is shown of one patch on one side; nothing where there is nobody to make a map.
    pub fn cell(&mut self, index: usize, side: Side) -> Option<&mut Cell> {
        self.cells.get_mut(&(index, side))
    }

    /// Class whose map is shown for a patch.
    pub fn class_of(&self, index: usize) -> usize {
        self.class.or_else(|| self.validation.get(index).map(|s| s.label)).unwrap_or_default()
    }

    /// Number of maps of one side that are there.
    pub fn shown(&self, side: Side) -> usize {
        self.cells.iter().filter(|((_, s), cell)| *s == side && matches!(cell.outcome, Some(Ok(_)))).count()
    }

    /// Root of the mean squared difference of the Student's and the Teacher's min–max maps, before and now: what AT brings down.
    pub fn distance(&self, index: usize, side: Side) -> Option<f32> {
        let get = |side| self.cells.get(&(index, side))?.outcome.as_ref()?.as_ref().ok();
        distance(get(side)?, get(Side::Teacher)?)
    }
}

/// Maps on different grids are not compared here: training resizes them, the picture does not need to.
fn distance(a: &Mapped, b: &Mapped) -> Option<f32> {
    if a.grid != b.grid || a.raw.len() != b.raw.len() || a.raw.is_empty() {
        return None;
    }
    let (a, b) = (crate::analysis::min_max(&a.raw), crate::analysis::min_max(&b.raw));
    let sum: f32 = a.iter().zip(&b).map(|(x, y)| (x - y).powi(2)).sum();
    Some((sum / a.len() as f32).sqrt())
}

impl Cell {
    /// The picture for one class; drawn when it is first asked for.
    pub fn texture(&mut self, ctx: &egui::Context, class: usize, style: &OverlayStyle) -> Option<(&egui::TextureHandle, bool)> {
        let Some(Ok(mapped)) = &self.outcome else { return None };
        if self.drawn.as_ref().is_none_or(|(of, ..)| *of != class) {
            let [h, w] = mapped.grid;
            let map = mapped.raw.get(class * h * w..(class + 1) * h * w)?;
            let drawn = overlay::render(&mapped.patch, map, w, h, style).ok()?;
            let image = egui::ColorImage::from_rgba_unmultiplied([drawn.width, drawn.height], &drawn.rgba);
            let texture = ctx.load_texture("attention", image, egui::TextureOptions::LINEAR);
            self.drawn = Some((class, texture, drawn.evidence));
        }
        self.drawn.as_ref().map(|(_, texture, evidence)| (texture, *evidence))
    }
}

/// The map a run's first attention term compares; without one the card's own.
fn settings(network: &Student, at: Option<&At>, teacher: bool) -> Settings {
    let Some(at) = at else { return Settings::default() };
    let own = at.teacher_layer.as_ref().filter(|_| teacher).unwrap_or(&at.layer);
    // A layer that is not there is said by the run itself.
    let Ok(Request { layer, method, relu }) = layers::request(&network.graph, own, at.form) else { return Settings::default() };
    Settings { layer: Some(layer), method: Some(method), relu, ..Settings::default() }
}

/// The first patch of each class, the rarest kinds of evidence first seen.
fn one_per_class(samples: &[Sample], classes: usize) -> Vec<usize> {
    (0..classes).rev().filter_map(|class| samples.iter().position(|s| s.label == class)).take(4).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use fovea_patch::Patch;

    fn mapped(raw: Vec<f32>) -> Mapped {
        let patch = Patch {
            name: String::new(),
            rgb: vec![0; 12],
            width: 2,
            height: 2,
            sha256: "x".into(),
            um_per_px: None,
            position: None,
            notes: vec![],
        };
        Mapped { patch: Arc::new(patch), grid: [1, 2], raw, probabilities: vec![] }
    }

    #[test]
    fn distances_are_the_methods_and_only_on_one_grid() {
        let (a, b) = (mapped(vec![0.0, 2.0]), mapped(vec![3.0, 1.0]));
        assert_eq!((distance(&a, &a), distance(&a, &b)), (Some(0.0), Some(1.0)));
        assert_eq!(distance(&a, &Mapped { grid: [2, 1], ..b }), None);
    }
}
