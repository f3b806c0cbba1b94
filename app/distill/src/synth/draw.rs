//! One patch, from its grade and its number.

use super::acini::Lobule;
use super::canvas::Canvas;
use super::random::Random;
use super::settings::{Grade, SettingsError, SynthSettings};
use super::shape::{Blob, edge};
use super::slide::Slide;
use super::{gland, scanner, stroma};

/// A drawn patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Interleaved 8-bit RGB, `3 · px · px` bytes, top row first.
    pub rgb: Vec<u8>,
    /// Side in pixels.
    pub px: usize,
    /// 255 where the deciding focus lies, 0 elsewhere, `px · px` bytes; all 0 in an NC patch, which has none.
    pub focus_mask: Vec<u8>,
}

/// Draws patch `index` with the given grade. The slide it lies on, and with it stain, scanner and focus, follows from
/// the index alone. The same arguments give the same bytes on every machine.
///
/// # Errors
/// Settings out of range.
pub fn draw(settings: &SynthSettings, grade: Grade, index: usize) -> Result<Drawn, SettingsError> {
    settings.check()?;
    let slide_number = index / settings.patches_per_slide;
    let slide = Slide::new(&mut Random::new(&[settings.seed, 1, slide_number as u64]));
    // Not from the grade: patches of one index show the same scene at any grade but for the focus.
    let random = &mut Random::new(&[settings.seed, 2, index as u64]);
    let mut canvas = Canvas::new(settings.px);
    stroma::fibres(&mut canvas, &slide, random);
    stroma::cells(&mut canvas, &slide, random);
    let scene = Scene::new(settings, grade, random);
    for outline in &scene.glands {
        gland::benign(&mut canvas, outline, &slide, random);
    }
    for lobule in &scene.lobules {
        lobule.draw(&mut canvas, &slide, Grade::NC, 0.0, &mut random.branch());
    }
    scene.focus.draw(&mut canvas, &slide, grade, settings.fine, &mut random.branch());
    let focus = &scene.focus.outline;
    stroma::gradient(&mut canvas, random);
    if random.chance(0.12) {
        stroma::fold(&mut canvas, (focus.x, focus.y), focus.reach() + 3.0, random);
    }
    let smear = random.chance(0.2).then(|| Scene::place(settings.px, (0.12, 0.25), 0.0, &[*focus], 6.0, random)).flatten();
    let rgb = scanner::scan(&canvas, &slide, smear.as_ref(), random);
    Ok(Drawn { rgb, px: settings.px, focus_mask: mask(focus, settings.px, grade) })
}

fn mask(focus: &Blob, px: usize, grade: Grade) -> Vec<u8> {
    let inside = |at: usize| edge(focus.distance((at % px) as f64 + 0.5, (at / px) as f64 + 0.5), 1.0) >= 0.5;
    (0..px * px).map(|at| if grade != Grade::NC && inside(at) { 255 } else { 0 }).collect()
}

/// What lies where.
struct Scene {
    focus: Lobule,
    /// Benign lobules that look like the focus from afar.
    lobules: Vec<Lobule>,
    glands: Vec<Blob>,
}

/// Radius of lobules as shares of the patch's side: a fifth to a third across.
const LOBULE: (f64, f64) = (0.145, 0.175);

impl Scene {
    fn new(settings: &SynthSettings, grade: Grade, random: &mut Random) -> Self {
        let px = settings.px;
        let side = px as f64;
        let r = side * random.range(LOBULE.0, LOBULE.1);
        let margin = r * 1.2 + 2.0;
        let (x, y) = (random.range(margin, side - margin), random.range(margin, side - margin));
        let outline = Blob::new(x, y, r, 0.12, random);
        let focus =
            Lobule { outline, shade: coarse(settings, 0.8, grade, random), solidity: coarse(settings, 1.3, grade, random) };
        let mut taken = vec![focus.outline];
        let mut lobules = Vec::new();
        for _ in 0..=random.below(2) {
            if let Some(outline) = Self::place(px, LOBULE, 0.12, &taken, 3.0, random) {
                taken.push(outline);
                lobules.push(Lobule { outline, shade: benign(random), solidity: benign(random) });
            }
        }
        let mut glands = Vec::new();
        let largest = (26.0 / side).min(0.2);
        for _ in 0..(side * side / 1400.0) as usize {
            if let Some(outline) = Self::place(px, (largest * 0.5, largest), 0.2, &taken, 4.0, random) {
                taken.push(outline);
                glands.push(outline);
            }
        }
        Self { focus, lobules, glands }
    }

    /// A blob of a radius between two shares of the side that keeps `gap` px from all others, or none after some tries.
    fn place(px: usize, (low, high): (f64, f64), wave: f64, taken: &[Blob], gap: f64, random: &mut Random) -> Option<Blob> {
        let side = px as f64;
        (0..12).find_map(|_| {
            let r = side * random.range(low, high);
            let blob = Blob::new(random.range(0.0, side), random.range(0.0, side), r, wave, random);
            taken.iter().all(|other| !blob.meets(other, gap)).then_some(blob)
        })
    }
}

/// A coarse trait of the focus: it rises with the grade, but spreads far within each. Each trait does so on its own.
fn coarse(settings: &SynthSettings, strength: f64, grade: Grade, random: &mut Random) -> f64 {
    let middle = grade.label() as f64 - 1.5;
    0.5 + (strength * settings.coarse * middle + random.normal()) / 7.0
}

/// A coarse trait of a benign lobule: anything.
fn benign(random: &mut Random) -> f64 {
    0.5 + 0.15 * random.normal()
}
