//! Kernel calls with known answers (feature `testing`): the CPU twins, the native GPU and the browser all have to match them.
//!
//! The answers come from plain f64 loops in this folder, written from each operation's definition and not from a twin.

mod component;
mod conv;
mod conv_transpose;
mod layout;
mod linear;
mod maps;
mod pointwise;
mod pool;
mod random;
mod resize;
mod rows;

pub use random::Random;

use crate::kernel::Call;

/// What the numbers of an output are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// f32 values.
    Values,
    /// Packed RGBA8 in the bits of each f32; `Case::expected` holds the u32 as a number.
    Packed,
}

/// One call with its inputs and its answer.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the case is about, unique among the cases.
    pub label: String,
    /// The kernel and its uniform.
    pub call: Call,
    /// Inputs in the order of `params.wgsl`, convolution weights not packed; packed pixels as f32 bit patterns. An input that the call must not read is one NaN.
    pub inputs: Vec<Vec<f32>>,
    /// Cells of the output buffer. Fill it with NaN before the call.
    pub out_len: usize,
    /// The answer; NaN marks a cell that the call must leave alone.
    pub expected: Vec<f64>,
    /// How to read the output.
    pub output: Output,
    /// Largest ‖out − expected‖ / ‖expected‖ that [`Case::check`] lets pass.
    pub tolerance: f64,
}

/// For kernels that add up few numbers at a time.
const TOLERANCE: f64 = 1e-5;
/// For sums of thousands of products: adding them one after another misses it (about 1e-6), adding runs of them does not (2e-7).
const TOLERANCE_OF_LONG_SUMS: f64 = 3e-7;

impl Case {
    fn new(label: impl Into<String>, call: Call, inputs: Vec<Vec<f32>>, expected: Vec<f64>) -> Self {
        Case {
            label: label.into(),
            call,
            inputs,
            out_len: expected.len(),
            expected,
            output: Output::Values,
            tolerance: TOLERANCE,
        }
    }

    /// Runs the CPU twin into a poisoned output.
    ///
    /// # Errors
    /// When the call wants another number of inputs.
    pub fn run_cpu(&self) -> Result<Vec<f32>, String> {
        let inputs: Vec<&[f32]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut out = vec![f32::NAN; self.out_len];
        self.call.run_cpu(&inputs, &mut out).map_err(|e| e.to_string())?;
        Ok(out)
    }

    /// Compares an output with the answer.
    ///
    /// # Errors
    /// A sentence when a cell was not written, or written though it should not, or when [`Case::error`] exceeds
    /// [`Case::tolerance`] (packed pixels: when any channel is off by more than 1).
    pub fn check(&self, out: &[f32]) -> Result<(), String> {
        let tolerance = self.tolerance;
        let error = self.error(out)?;
        // Written so that an infinite or undefined error fails as well.
        if error <= tolerance {
            return Ok(());
        }
        let at = self.worst(out);
        Err(format!(
            "error {error:.2e} > {tolerance:.1e}, worst cell {at}: {} for {}: {}",
            out[at], self.expected[at], self.label
        ))
    }

    /// ‖out − expected‖ / ‖expected‖; of packed pixels the largest difference of a channel beyond 1, of 255.
    ///
    /// # Errors
    /// A sentence when a cell was not written, or written though it should not.
    pub fn error(&self, out: &[f32]) -> Result<f64, String> {
        if out.len() != self.out_len {
            return Err(format!("{} cells instead of {}: {}", out.len(), self.out_len, self.label));
        }
        let pairs = || out.iter().zip(&self.expected);
        if self.output == Output::Packed {
            let most = pairs().map(|(y, &e)| channel_difference(y.to_bits(), e as u32)).max();
            return Ok(f64::from(most.unwrap_or(0).saturating_sub(1)) / 255.0);
        }
        if let Some((i, (y, e))) = pairs().enumerate().find(|(_, (y, e))| e.is_nan() != y.is_nan()) {
            return Err(format!("cell {i} is {y}, expected {e}: {}", self.label));
        }
        let sum = |term: fn(f64, f64) -> f64| pairs().map(|(&y, &e)| term(f64::from(y), e)).sum::<f64>();
        // Equal cells count nothing even where they are infinite, and neither do those that are NaN in both.
        let error = sum(|y, e| if y == e || e.is_nan() { 0.0 } else { (y - e) * (y - e) });
        let norm = sum(|_, e| if e.is_nan() { 0.0 } else { e * e });
        Ok(if error == 0.0 { 0.0 } else { error.sqrt() / norm.sqrt().max(1e-30) })
    }

    /// The cell that is furthest off.
    fn worst(&self, out: &[f32]) -> usize {
        let off = |i: usize| match self.output {
            Output::Values => (f64::from(out[i]) - self.expected[i]).abs(),
            Output::Packed => f64::from(channel_difference(out[i].to_bits(), self.expected[i] as u32)),
        };
        (0..out.len()).max_by(|&a, &b| off(a).total_cmp(&off(b))).unwrap_or(0)
    }
}

/// Largest difference between the channels of two packed pixels.
fn channel_difference(a: u32, b: u32) -> u8 {
    let pairs = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
    pairs.map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0)
}

/// All cases, the same on every machine.
pub fn cases() -> Vec<Case> {
    let mut cases = conv::cases();
    cases.extend(conv_transpose::cases());
    cases.extend(linear::cases());
    cases.extend(pool::cases());
    cases.extend(rows::cases());
    cases.extend(pointwise::cases());
    cases.extend(layout::cases());
    cases.extend(resize::cases());
    cases.extend(maps::cases());
    cases.extend(component::cases());
    cases
}

/// Widens a uniform field for index arithmetic.
fn wide<const N: usize>(fields: [u32; N]) -> [i64; N] {
    fields.map(i64::from)
}
