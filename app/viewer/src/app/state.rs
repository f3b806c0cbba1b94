//! What the window knows: patches, their results in compact form, and how they are shown.

use std::collections::VecDeque;
use std::sync::Arc;

use fovea_patch::{Colormap, OverlayStyle, Patch, Range};
use fovea_student::{Method, Request};

use super::look::Look;
use super::overlay_paint::TextureKey;

/// What the window shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// Patches and where the model looks.
    #[default]
    Analyse,
    /// A Student in training.
    Distil,
}

impl Page {
    /// The page that is not this one.
    pub fn other(self) -> Self {
        if self == Self::Analyse { Self::Distil } else { Self::Analyse }
    }
}

/// Names a patch for as long as the window is open.
pub type ItemId = u64;

/// Where a patch's bytes are; they are kept only where they cannot be read again.
#[derive(Clone, Debug)]
pub enum Source {
    /// Part of the program.
    Embedded(&'static [u8]),
    /// Dropped without a path (web).
    Bytes(Arc<[u8]>),
    /// A file.
    #[cfg(not(target_arch = "wasm32"))]
    Path(std::path::PathBuf),
}

/// How far a patch is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Waits for its turn.
    Queued,
    /// Being decoded or analysed.
    Working,
    /// [`Item::summary`] is there.
    Done,
    /// Cannot be read or analysed; why.
    Failed(String),
}

/// The result of one patch, small enough for thousands.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// One per class.
    pub probabilities: Box<[f32]>,
    /// Index of the largest.
    pub predicted: u16,
    /// Number of tiles it was cut into.
    pub tiles: u32,
    /// Hex SHA-256 of the file.
    pub sha256: Box<str>,
}

/// A small picture of a patch: RGB, at most [`Thumb::SIDE`] a side.
#[derive(Clone, Debug)]
pub struct Thumb {
    /// Width, height.
    pub size: [usize; 2],
    /// Interleaved RGB.
    pub rgb: Box<[u8]>,
}

impl Thumb {
    /// Longest side in pixels.
    pub const SIDE: usize = 48;

    /// Reduces a patch.
    pub fn of(patch: &Patch) -> Self {
        let longer = patch.width.max(patch.height).max(1);
        let side = |n: usize| (n * Self::SIDE / longer).clamp(1, Self::SIDE);
        let size = [side(patch.width), side(patch.height)];
        let rgb = fovea_patch::resize::area(&patch.rgb, patch.width, patch.height, size[0], size[1]);
        Self { size, rgb: rgb.into() }
    }
}

/// One patch of the gallery.
pub struct Item {
    /// Its name here.
    pub id: ItemId,
    /// File name.
    pub name: String,
    /// Where its bytes are.
    pub source: Source,
    /// Drawn by a program, not scanned.
    pub synthetic: bool,
    /// How far it is.
    pub progress: Progress,
    /// Small picture, once decoded.
    pub thumb: Option<Thumb>,
    /// The small picture on the device, while its row is seen.
    pub texture: Option<egui::TextureHandle>,
    /// Width and height in pixels, once decoded.
    pub size: Option<[usize; 2]>,
    /// Micrometres per pixel, where the file says so; known once decoded.
    pub um_per_px: Option<f64>,
    /// Result, once analysed.
    pub summary: Option<Summary>,
}

/// The patch on the canvas.
pub struct Open {
    /// Which.
    pub id: ItemId,
    /// Its pixels.
    pub patch: Arc<Patch>,
    /// Its picture on the device.
    pub picture: TextureKey,
    /// Its result, once there.
    pub look: Option<Arc<Look>>,
    /// The map on the device.
    pub map: Option<TextureKey>,
    /// Why there is no result.
    pub error: Option<String>,
}

/// What the colour map's ends stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RangeMode {
    /// The chosen class's own least and greatest evidence.
    #[default]
    PerImage,
    /// Jointly over all classes: the method's min–max.
    AllClasses,
    /// Set by hand, the same for every patch.
    Fixed,
}

/// How maps are shown; nothing here needs a new run.
#[derive(Clone, Debug, PartialEq)]
pub struct Display {
    /// Heatmap on or off.
    pub heatmap: bool,
    /// Share of colour in a pixel, 0..1.
    pub opacity: f32,
    /// Colours.
    pub colormap: Colormap,
    /// Ends of the colour map.
    pub range: RangeMode,
    /// Ends with [`RangeMode::Fixed`], raw evidence.
    pub fixed: (f32, f32),
    /// Contour on or off.
    pub contour: bool,
    /// Its level, share of the colour bar.
    pub level: f32,
    /// Opacity falls with the value.
    pub fade: bool,
    /// Lines between tiles.
    pub grid: bool,
    /// Chosen class; `None` follows the prediction.
    pub class: Option<usize>,
    /// Magnification ladder on or off.
    pub ladder: bool,
    /// Several maps side by side instead of the canvas.
    pub compare: bool,
    /// The network's nodes in a drawer.
    pub network: bool,
}

impl Default for Display {
    fn default() -> Self {
        Self {
            heatmap: true,
            opacity: 0.5,
            colormap: Colormap::default(),
            range: RangeMode::PerImage,
            fixed: (0.0, 1.0),
            contour: false,
            level: 0.5,
            fade: true,
            grid: true,
            class: None,
            ladder: false,
            compare: false,
            network: false,
        }
    }
}

impl Display {
    /// The same for a picture file; `range` as shown.
    pub fn style(&self, (lo, hi): (f32, f32)) -> OverlayStyle {
        OverlayStyle {
            colormap: self.colormap,
            opacity: self.opacity,
            range: if lo < hi { Range::Fixed { lo, hi } } else { Range::PerImage },
            fade: self.fade,
            contour: self.contour.then_some(self.level),
        }
    }
}

/// What a map is; a change needs a new run.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    /// Map arithmetic.
    pub method: Method,
    /// Layer name or level.
    pub layer: String,
    /// Classic form: the sum over channels is cut at 0.
    pub relu: bool,
    /// Mean over flips and rotations.
    pub smooth: bool,
}

impl Attention {
    /// The map it asks for.
    pub fn request(&self) -> Request {
        Request { layer: self.layer.clone(), method: self.method, relu: self.relu }
    }
}

/// Something the user should read, until it is dismissed.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// File or part of the program.
    pub subject: String,
    /// What happened.
    pub reason: String,
}

/// Problems, the newest last; a folder of broken files must not fill the memory.
#[derive(Default)]
pub struct Problems {
    list: VecDeque<Problem>,
    /// How many were dropped from the front.
    pub forgotten: usize,
}

impl Problems {
    const MOST: usize = 200;

    /// Adds one; the same one twice in a row counts once.
    pub fn add(&mut self, subject: impl Into<String>, reason: impl Into<String>) {
        let problem = Problem { subject: subject.into(), reason: reason.into() };
        if self.list.back() == Some(&problem) {
            return;
        }
        log::warn!("{}: {}", problem.subject, problem.reason);
        self.list.push_back(problem);
        if self.list.len() > Self::MOST {
            self.list.pop_front();
            self.forgotten += 1;
        }
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Problem> {
        self.list.iter()
    }

    /// Dismisses one.
    pub fn remove(&mut self, index: usize) {
        self.list.remove(index);
    }

    /// Dismisses those of one file.
    pub fn settle(&mut self, subject: &str) {
        self.list.retain(|p| p.subject != subject);
    }

    /// Dismisses all.
    pub fn clear(&mut self) {
        self.list.clear();
        self.forgotten = 0;
    }

    /// Number of them.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// True when there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
