//! What a frame's widgets and keys ask for; the app carries it out after the frame's layout.

use super::distil::Wish;
use super::state::{Attention, Page};

/// One wish.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Show the patch at this place of the gallery.
    Select(usize),
    /// Show the next (+1) or previous (−1) patch.
    Step(isize),
    /// Ask for files.
    OpenFiles,
    /// Ask for a folder.
    OpenFolder,
    /// Ask for a model file.
    OpenModel,
    /// Show the export dialog.
    AskExport,
    /// Take every patch out of the gallery.
    ClearPatches,
    /// Put the samples back.
    AddSamples,
    /// Choose a class, or follow the prediction.
    Class(Option<usize>),
    /// Look with another method or at another layer.
    Attention(Attention),
    /// Say the scale of the model's input, µm/px; none: unknown.
    ModelScale(Option<f64>),
    /// Fit the patch into the canvas.
    Fit,
    /// Dismiss one problem.
    Dismiss(usize),
    /// Dismiss all problems.
    DismissAll,
    /// Run the chosen patch again.
    Retry,
    /// Show another page.
    Page(Page),
    /// Something on the Distil page.
    Distil(Wish),
}

/// The wishes of one frame.
pub type Actions = Vec<Action>;
