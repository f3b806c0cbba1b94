//! What the user may choose, and the graph that follows from it.

use super::AnalysisError;
use fovea_engine::Preference;
use fovea_patch::{Framing, Pad};
use fovea_student::card::{Grid, View};
use fovea_student::file::Student;
use fovea_student::{Explain, Graph, Method, Request, Weights, explain, view};

/// A change of the Student's own view of the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewChoice {
    /// Reduction factor relative to the input (1, 2, 4, … = 10×, 5×, 2.5×, …); `None`: the card's.
    pub k: Option<usize>,
    /// On which pixels the network computes; `None`: the card's.
    pub grid: Option<Grid>,
}

/// Settings of an analysis. The default asks for nothing that the Student's card does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Layer of the attention map by source name or level (`-1` = last block); `None`: the card's.
    pub layer: Option<String>,
    /// Map arithmetic; `None`: the card's.
    pub method: Option<Method>,
    /// Classic form: max(·, 0) after the sum over channels.
    pub relu: bool,
    /// Maps are the mean over the eight flips and rotations of the image, each turned back: smoother, eight times the work.
    pub aug_smooth: bool,
    /// Further maps to be made in the same run ([`super::PatchResult::more`]).
    pub more: Vec<Request>,
    /// Input view.
    pub view: ViewChoice,
    /// How an image meets the Student's field.
    pub framing: Framing,
    /// What lies beyond the image's edge.
    pub pad: Pad,
    /// Micrometres per pixel of the images, when the user knows better than the files.
    pub image_um_per_px: Option<f64>,
    /// Where to run. With `Gpu` a network that the GPU cannot hold is an error; with `Auto` the CPU takes it.
    pub preference: Preference,
    /// Tiles a run; `None`: by the input's size.
    pub batch: Option<usize>,
}

/// Tiles a run that keep a device busy without holding gigabytes: 8 of 128 px, 1 of 512 px.
pub fn automatic_batch(input_px: usize) -> usize {
    let pixels = input_px.saturating_mul(input_px).max(1);
    (8 * 128 * 128 / pixels).clamp(1, 8)
}

impl Settings {
    /// The Student's view with the user's changes.
    pub fn view_of(&self, student: &Student) -> View {
        let mut view = student.card.view.clone();
        view.factor = self.view.k.unwrap_or(view.factor);
        view.grid = self.view.grid.unwrap_or(view.grid);
        view
    }

    /// The layer and method of the map: the user's, else the card's.
    ///
    /// # Errors
    /// When the network has no layer to look at.
    pub fn request(&self, student: &Student) -> Result<Request, AnalysisError> {
        let card = &student.card;
        let method = self.method.unwrap_or(card.cam.method);
        let own = || student.graph.default_layer().map(|id| student.graph.value(id).name.clone());
        let layer = self.layer.clone().or_else(|| card.cam.layer.clone()).or_else(own);
        let layer =
            layer.ok_or_else(|| AnalysisError::Setting("the network has no layer an attention map could look at".into()))?;
        Ok(Request { layer, method, relu: self.relu })
    }

    /// What executors run: the network behind its view, with raw and min-max maps of all classes, and its weights.
    ///
    /// # Errors
    /// A view, layer or method that does not fit the network.
    pub fn explained(&self, student: &Student) -> Result<(Graph, Weights), AnalysisError> {
        let request = self.request(student)?;
        let view = self.view_of(student);
        let (graph, weights) = view::apply(&student.graph, &student.weights, &view, student.card.input_px)?;
        // A native Student's map is brought to the Teacher's grid, so that maps of all views compare; further maps follow it.
        let grid = match view.grid {
            Grid::Native if view.factor > 1 => {
                let full = &student.graph.value(student.graph.layer(&request.layer)?).shape;
                full.get(1).zip(full.get(2)).map(|(h, w)| [*h, *w])
            }
            _ => None,
        };
        let requests = std::iter::once(request).chain(self.more.iter().cloned()).collect();
        let spec = Explain { requests, classes: None, grid, normalise: true, closed_form: true, gradients: false };
        Ok((explain(&graph, &spec)?, weights))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn batches_shrink_as_images_grow() {
        assert_eq!([64, 128, 224, 512, usize::MAX].map(super::automatic_batch), [8, 8, 2, 1, 1]);
    }
}
