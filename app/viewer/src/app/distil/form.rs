//! What the user has set up: the state behind the left column, and what is wrong with it.

use std::path::PathBuf;
use std::sync::Arc;

#[cfg(not(target_arch = "wasm32"))]
use fovea_distill::run::{RunFile, TeacherPlace};
use fovea_distill::run::{StartFrom, StudentStart};
use fovea_distill::targets::Metadata;
use fovea_distill::{TrainSettings, TrainViews, ViewSet};
use fovea_student::Student;
use fovea_student::card::Grid;
use fovea_student::load::BareInfo;
use serde::Deserialize;

use super::data::DrawnSet;
use crate::app::drop::Incoming;

/// Where the Student starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StudentKind {
    /// From the model in the window.
    #[default]
    Loaded,
    /// From random weights.
    Fresh,
}

/// Where the patches are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataKind {
    /// Drawn by the program.
    #[default]
    Drawn,
    /// The user's own.
    Own,
}

/// What the Teacher's file turned out to be.
#[derive(Clone, Debug)]
pub enum TeacherFacts {
    /// Targets: what they say about themselves, and of how many pictures they are.
    Targets(Box<Metadata>, usize),
    /// A network that runs along.
    Live(Arc<Student>),
}

/// The Teacher's file.
#[derive(Clone)]
pub struct TeacherFile {
    /// Its name and bytes, or where they are.
    pub file: Incoming,
    /// What is in it; the reason where it cannot be used. None while it is being read.
    pub facts: Option<Result<TeacherFacts, String>>,
    /// What a checkpoint that says nothing about itself was told; none for other files.
    pub told: Option<BareInfo>,
}

impl TeacherFile {
    /// A file that is yet to be read.
    pub fn unread(file: Incoming) -> Self {
        Self { file, facts: None, told: None }
    }
}

/// The set-up column.
#[derive(Clone)]
pub struct Form {
    /// Where the Student starts.
    pub student: StudentKind,
    /// Divisor of a fresh network's widths.
    pub divisor: usize,
    /// Input of a fresh network, px.
    pub input_px: usize,
    /// µm/px of a fresh network's input; 0 when unknown.
    pub um_per_px: f64,
    /// Reduction the Student sees; none leaves the card's.
    pub factor: Option<usize>,
    /// On which pixels it computes; none leaves the card's.
    pub grid: Option<Grid>,
    /// Where the patches are.
    pub data: DataKind,
    /// The drawn set.
    pub drawn: DrawnSet,
    /// Who teaches; none for cross entropy alone.
    pub teacher: Option<TeacherFile>,
    /// How to train.
    pub train: TrainSettings,
    /// Folder of the run; the browser has none.
    pub out: String,
    /// A folder that holds a run already: how far it is.
    pub found: Option<String>,
    /// Why the folder cannot be a run's.
    pub unfit: Option<&'static str>,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            student: StudentKind::Loaded,
            divisor: 8,
            input_px: 128,
            um_per_px: 0.0,
            factor: None,
            grid: None,
            data: DataKind::Drawn,
            drawn: DrawnSet::default(),
            teacher: None,
            train: TrainSettings::default(),
            out: String::new(),
            found: None,
            unfit: None,
        }
    }
}

/// What a settings file says; everything else in it (a run's folders) is passed over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Description {
    student: Option<StudentStart>,
    train: Option<TrainSettings>,
    drawn: Option<DrawnSet>,
}

impl Description {
    /// What it may say; anything of it makes a file one of settings.
    pub const KEYS: [&str; 3] = ["student", "train", "drawn"];

    /// Reads a file that was dropped on the page: JSON, or natively TOML too.
    ///
    /// # Errors
    /// When it holds none of the settings, or wrong ones.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(bytes);
        let found = match name.ends_with(".toml") {
            #[cfg(not(target_arch = "wasm32"))]
            true => toml::from_str(&text).map_err(|e| e.to_string()),
            #[cfg(target_arch = "wasm32")]
            true => Err("TOML is read by the desktop program; here it is JSON".to_string()),
            false => serde_json::from_str(&text).map_err(|e| e.to_string()),
        };
        let found: Self = found.map_err(|e| format!("these are no settings of a run: {e}"))?;
        match (&found.student, &found.train, &found.drawn) {
            (None, None, None) => {
                Err("these are no settings of a run: neither 'train' nor 'student' nor 'drawn' is there".into())
            }
            _ => Ok(found),
        }
    }
}

impl Form {
    /// Takes what a file says.
    pub fn describe(&mut self, description: Description) {
        if let Some(start) = &description.student {
            self.start_from(start);
        }
        if let Some(train) = description.train {
            self.train = train;
        }
        if let Some(drawn) = description.drawn {
            (self.data, self.drawn) = (DataKind::Drawn, drawn);
        }
    }

    /// Takes what an earlier run says of its Student, Teacher and settings.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn earlier(&mut self, run: &RunFile, folder: &std::path::Path) {
        self.start_from(&run.student);
        self.train = run.train.clone();
        self.data = DataKind::Own;
        let place = run.teacher.as_ref().map(|(TeacherPlace::Targets(place) | TeacherPlace::Live(place))| place);
        self.teacher = place.map(|place| TeacherFile::unread(Incoming::path(folder.join(place))));
    }

    fn start_from(&mut self, start: &StudentStart) {
        self.student = StudentKind::Loaded;
        if let StartFrom::Random { divisor, .. } = start.from {
            (self.student, self.divisor) = (StudentKind::Fresh, divisor);
            self.input_px = start.input_px.unwrap_or(self.input_px);
            self.um_per_px = start.um_per_px.unwrap_or(0.0);
        }
        (self.factor, self.grid) = (start.factor, start.grid);
    }

    /// The Student's start as a run file says it. A loaded model is written beside the run as `loaded`.
    pub fn student_start(&self, loaded: PathBuf) -> StudentStart {
        let fresh = self.student == StudentKind::Fresh;
        StudentStart {
            from: match fresh {
                true => StartFrom::Random { divisor: self.divisor, seed: self.train.seed, settle: true },
                false => StartFrom::File(loaded),
            },
            input_px: fresh.then_some(self.input_px),
            um_per_px: (fresh && self.um_per_px > 0.0).then_some(self.um_per_px),
            factor: self.factor,
            grid: self.grid,
            name: fresh.then(|| format!("VGG16, widths ÷ {}", self.divisor)),
            synthetic: self.data == DataKind::Drawn,
        }
    }

    /// Side of the image the Student takes, px.
    pub fn px(&self, loaded: Option<&Student>) -> Option<usize> {
        match self.student {
            StudentKind::Fresh => Some(self.input_px),
            StudentKind::Loaded => loaded.map(|s| s.card.input_px),
        }
    }

    /// The Teacher, once its file has been read.
    pub fn facts(&self) -> Option<&TeacherFacts> {
        self.teacher.as_ref()?.facts.as_ref()?.as_ref().ok()
    }

    /// Views that the chosen targets were exported for.
    pub fn exported(&self) -> Option<ViewSet> {
        match self.facts() {
            Some(TeacherFacts::Targets(metadata, _)) => Some(metadata.views),
            _ => None,
        }
    }

    /// Targets bind the views: whoever chooses a file means its views.
    pub fn follow_targets(&mut self) {
        if let Some(views) = self.exported()
            && self.train.views == TrainViews::Continuous
        {
            self.train.views = TrainViews::Exported(views);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_settings_file_fills_the_form() {
        let text = br#"{"student": {"from": {"random": {"divisor": 16}}, "input_px": 64}, "train": {"epochs": 3}, "drawn": {"train": 8}}"#;
        let mut form = Form::default();
        form.describe(Description::read("a.json", text).unwrap());
        assert_eq!((form.student, form.divisor, form.px(None)), (StudentKind::Fresh, 16, Some(64)));
        assert_eq!((form.train.epochs, form.drawn.train, form.data), (3, 8, DataKind::Drawn));
        assert_eq!(Description::read("a.toml", b"[train]\nepochs = 4").unwrap().train.unwrap().epochs, 4);
        assert!(Description::read("a.json", b"{}").unwrap_err().contains("no settings"));
        assert!(Description::read("a.json", br#"{"train": {"epoch": 3}}"#).is_err(), "a misspelt field is not ignored");
    }

    #[test]
    fn a_start_survives_its_run_file() {
        let mut form = Form { student: StudentKind::Fresh, divisor: 4, input_px: 256, factor: Some(2), ..Form::default() };
        form.train.seed = 5;
        let start = form.student_start("start.safetensors".into());
        assert_eq!(start.from, StartFrom::Random { divisor: 4, seed: 5, settle: true });
        let mut again = Form::default();
        again.start_from(&start);
        assert_eq!((again.student, again.divisor, again.px(None), again.factor), (form.student, 4, Some(256), Some(2)));
    }
}
