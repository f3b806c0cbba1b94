//! Kernel calls with known answers (feature `testing`): the CPU twins, the native GPU and the browser all have to match them.
//!
//! The answers come from plain f64 loops in this folder, written from each operation's definition and not from a twin.

mod conv;
mod layout;
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
}

impl Case {
    fn new(
        label: impl Into<String>,
        call: Call,
        inputs: Vec<Vec<f32>>,
        expected: Vec<f64>,
    ) -> Self {
        Case {
            label: label.into(),
            call,
            inputs,
            out_len: expected.len(),
            expected,
            output: Output::Values,
        }
    }

    /// Runs the CPU twin into a poisoned output.
    ///
    /// # Errors
    /// When the call wants another number of inputs.
    pub fn run_cpu(&self) -> Result<Vec<f32>, String> {
        let inputs: Vec<&[f32]> = self.inputs.iter().map(Vec::as_slice).collect();
        let mut out = vec![f32::NAN; self.out_len];
        self.call
            .run_cpu(&inputs, &mut out)
            .map_err(|e| e.to_string())?;
        Ok(out)
    }

    /// Compares an output with the answer.
    ///
    /// # Errors
    /// A sentence when a cell was not written, or written though it should not, or when ‖out − expected‖ / ‖expected‖ exceeds
    /// `tolerance` (packed pixels: when any channel is off by more than 1).
    pub fn check(&self, out: &[f32], tolerance: f64) -> Result<(), String> {
        if out.len() != self.out_len {
            return Err(format!(
                "{} cells instead of {}: {}",
                out.len(),
                self.out_len,
                self.label
            ));
        }
        match self.output {
            Output::Values => self.check_values(out, tolerance),
            Output::Packed => self.check_packed(out),
        }
    }

    fn check_values(&self, out: &[f32], tolerance: f64) -> Result<(), String> {
        let (mut error, mut norm, mut worst) = (0.0f64, 0.0f64, (0.0f64, 0));
        for (i, (&y, &e)) in out.iter().zip(&self.expected).enumerate() {
            if e.is_nan() != y.is_nan() {
                return Err(format!("cell {i} is {y}, expected {e}: {}", self.label));
            }
            if e.is_nan() || f64::from(y) == e {
                continue;
            }
            let difference = (f64::from(y) - e).abs();
            if difference > worst.0 {
                worst = (difference, i);
            }
            error += difference * difference;
            norm += e * e;
        }
        norm += out
            .iter()
            .zip(&self.expected)
            .filter(|&(&y, &e)| f64::from(y) == e)
            .map(|(_, e)| e * e)
            .sum::<f64>();
        let relative = error.sqrt() / norm.sqrt().max(1e-30);
        // Written so that an infinite or undefined error fails as well.
        if relative <= tolerance {
            return Ok(());
        }
        let at = worst.1;
        Err(format!(
            "relative error {relative:.2e} > {tolerance:.0e}, worst cell {at}: {} for {}: {}",
            out[at], self.expected[at], self.label
        ))
    }

    fn check_packed(&self, out: &[f32]) -> Result<(), String> {
        for (i, (y, &e)) in out.iter().zip(&self.expected).enumerate() {
            let (y, e) = (y.to_bits(), e as u32);
            if y.to_le_bytes()
                .iter()
                .zip(e.to_le_bytes())
                .any(|(&a, b)| a.abs_diff(b) > 1)
            {
                return Err(format!(
                    "pixel {i} is {y:08x}, expected {e:08x}: {}",
                    self.label
                ));
            }
        }
        Ok(())
    }
}

/// All cases, the same on every machine.
pub fn cases() -> Vec<Case> {
    let mut cases = conv::cases();
    cases.extend(pool::cases());
    cases.extend(rows::cases());
    cases.extend(pointwise::cases());
    cases.extend(layout::cases());
    cases.extend(resize::cases());
    cases.extend(maps::cases());
    cases
}

/// Widens a uniform field for index arithmetic.
fn wide<const N: usize>(fields: [u32; N]) -> [i64; N] {
    fields.map(i64::from)
}
