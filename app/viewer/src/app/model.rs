//! The Student as the window speaks of it: names, colours, layers, facts.

use std::sync::Arc;

use egui::Color32;
use fovea_student::file::Student;

use super::layers::{self, Layer, NodeRow};
use super::state::Attention;
use super::theme;

/// A loaded model.
pub struct Model {
    /// The model itself.
    pub student: Arc<Student>,
    /// Its name.
    pub title: String,
    /// What the user should know about it.
    pub notes: Vec<String>,
    layers: Vec<Layer>,
    nodes: Vec<NodeRow>,
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
        let layers = layers::of(&student.graph);
        let nodes = layers::nodes(&student.graph, &layers);
        Self { title, notes, layers, nodes, student }
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

    /// The network's nodes in order.
    pub fn nodes(&self) -> &[NodeRow] {
        &self.nodes
    }

    /// How a layer is named in the list.
    pub fn layer_label(&self, value: &str) -> String {
        let known = self.layers.iter().find(|l| l.value == value);
        known.map_or_else(|| value.to_owned(), Layer::label)
    }

    /// The same without its size.
    pub fn layer_name(&self, value: &str) -> String {
        let known = self.layers.iter().find(|l| l.value == value);
        known.map_or_else(|| value.to_owned(), Layer::name)
    }

    /// The map the model's author wants to be seen first.
    pub fn attention(&self) -> Attention {
        let cam = &self.student.card.cam;
        let graph = &self.student.graph;
        let id = cam.layer.as_deref().and_then(|wanted| graph.layer(wanted).ok()).or_else(|| graph.default_layer());
        let layer = id.map_or_else(String::new, |id| graph.value(id).name.clone());
        Attention { method: cam.method, layer, relu: false, smooth: false }
    }

    /// Number of parameters.
    pub fn parameters_line(&self) -> String {
        match self.student.weights.parameters() {
            n if n >= 1_000_000 => format!("{:.1} million", n as f64 / 1e6),
            n => format!("{:.0} thousand", (n as f64 / 1e3).max(1.0)),
        }
    }
}
