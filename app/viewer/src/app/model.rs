//! The Student as the window speaks of it: names, colours, layers, facts.

use std::sync::Arc;

use egui::Color32;
use fovea_student::Graph;
use fovea_student::file::Student;

use super::canvas_marks::trimmed;
use super::state::Attention;
use super::theme;

/// A layer a map can look at.
pub struct Layer {
    /// What the analysis calls it.
    pub value: String,
    /// What the user reads.
    pub label: String,
}

/// A loaded model.
pub struct Model {
    /// The model itself.
    pub student: Arc<Student>,
    /// Its name.
    pub title: String,
    /// What the user should know about it.
    pub notes: Vec<String>,
    layers: Vec<Layer>,
}

impl Model {
    /// Reads what the window needs.
    pub fn new(student: Arc<Student>) -> Self {
        let card = &student.card;
        let title = if card.name.is_empty() { student.file_name.clone() } else { card.name.clone() };
        let mut notes: Vec<String> = vec![];
        for note in card.notes.iter().chain(&student.notes) {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        if card.synthetic && !notes.iter().any(|n| n.contains("synthetic")) {
            notes.insert(0, "synthetic: trained on drawn images, not on tissue".into());
        }
        let layers = layers(&student.graph);
        Self { title, notes, layers, student }
    }

    /// Class names, in the order of the scores.
    pub fn names(&self) -> &[String] {
        &self.student.card.class_names
    }

    /// Name of a class.
    pub fn name(&self, class: usize) -> &str {
        self.names().get(class).map_or("?", String::as_str)
    }

    /// Colour of a class.
    pub fn color(&self, class: usize) -> Color32 {
        let colour = self.student.card.class_colours.get(class);
        colour.map_or_else(|| theme::class_color(class), |&[r, g, b]| Color32::from_rgb(r, g, b))
    }

    /// Layers a map can look at, the deepest first.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// How a layer is named in the list.
    pub fn layer_label(&self, value: &str) -> String {
        let known = self.layers.iter().find(|l| l.value == value);
        known.map_or_else(|| value.to_owned(), |l| l.label.clone())
    }

    /// The map the model's author wants to be seen first.
    pub fn attention(&self) -> Attention {
        let cam = &self.student.card.cam;
        let wanted = cam.layer.as_deref().unwrap_or("-1");
        let id = self.student.graph.layer(wanted).ok();
        let same = |l: &&Layer| id.is_some() && self.student.graph.layer(&l.value).ok() == id;
        let layer = self.layers.iter().find(same).map_or_else(|| wanted.to_owned(), |l| l.value.clone());
        Attention { method: cam.method, layer, relu: false }
    }

    /// Input size and scale.
    pub fn input_line(&self) -> String {
        let card = &self.student.card;
        match card.um_per_px {
            Some(um) => format!("{} px at {} µm/px", card.input_px, trimmed(um)),
            None => format!("{} px, µm/px unknown", card.input_px),
        }
    }

    /// Number of parameters.
    pub fn parameters_line(&self) -> String {
        match self.student.weights.parameters() {
            n if n >= 1_000_000 => format!("{:.1} million", n as f64 / 1e6),
            n => format!("{:.0} thousand", (n as f64 / 1e3).max(1.0)),
        }
    }
}

/// Levels by number where the network has them, else every feature map by name.
fn layers(graph: &Graph) -> Vec<Layer> {
    let size = |name: &str| {
        let id = graph.layer(name).ok()?;
        match graph.value(id).shape[..] {
            [_, h, w] => Some(format!("{w} × {h}")),
            _ => None,
        }
    };
    let described = |value: String, what: &str| {
        let label = size(&value).map_or_else(|| what.to_owned(), |s| format!("{what}, {s}"));
        Layer { value, label }
    };
    if graph.levels.is_empty() {
        let names = graph.candidate_layers().into_iter().rev().map(|id| graph.value(id).name.clone());
        return names.map(|name| described(name.clone(), &name)).collect();
    }
    (1..=graph.levels.len())
        .map(|level| described(format!("-{level}"), &format!("Block {}", graph.levels.len() + 1 - level)))
        .collect()
}
