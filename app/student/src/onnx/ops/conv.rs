//! Convolutions.

use super::super::OnnxError;
use super::super::import::{Cx, Made, one};
use crate::graph::{Conv, Op, ValueId};

/// Geometry that convolutions and poolings share.
pub(super) struct Window {
    pub(super) stride: [usize; 2],
    pub(super) dilation: [usize; 2],
    pub(super) pads: Pads,
}

/// How the border is filled.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Pads {
    Given([usize; 4]),
    /// As many as make the output ⌈input / stride⌉; the odd one goes to the end, or else to the beginning.
    Same {
        end: bool,
    },
}

pub(super) fn pair(cx: &Cx<'_, '_>, name: &str, default: usize) -> Result<[usize; 2], OnnxError> {
    match cx.ints(name)? {
        None => Ok([default; 2]),
        Some(v) => side_pair(&v).ok_or_else(|| cx.fail(format!("its attribute '{name}' {v:?} is not two sizes"))),
    }
}

/// Largest stride, dilation, padding or side a window may have; kernels compute with 32 bits.
const MAX_SIDE: usize = 1 << 20;

/// Two positive sizes.
pub(super) fn side_pair(v: &[i64]) -> Option<[usize; 2]> {
    let sides: Vec<usize> =
        v.iter().map(|&n| usize::try_from(n).ok().filter(|n| (1..=MAX_SIDE).contains(n))).collect::<Option<_>>()?;
    sides.try_into().ok()
}

pub(super) fn window(cx: &Cx<'_, '_>) -> Result<Window, OnnxError> {
    let pads = match cx.text("auto_pad", "NOTSET")?.as_str() {
        "NOTSET" | "" => Pads::Given(given_pads(cx)?),
        "VALID" => Pads::Given([0; 4]),
        "SAME_UPPER" => Pads::Same { end: true },
        "SAME_LOWER" => Pads::Same { end: false },
        other => return Err(cx.fail(format!("auto_pad '{other}' is unknown"))),
    };
    Ok(Window { stride: pair(cx, "strides", 1)?, dilation: pair(cx, "dilations", 1)?, pads })
}

fn given_pads(cx: &Cx<'_, '_>) -> Result<[usize; 4], OnnxError> {
    let Some(v) = cx.ints("pads")? else { return Ok([0; 4]) };
    let pads: Option<Vec<usize>> = v.iter().map(|&n| usize::try_from(n).ok().filter(|&n| n <= MAX_SIDE)).collect();
    pads.and_then(|p| p.try_into().ok()).ok_or_else(|| cx.fail(format!("its pads {v:?} are not four sizes")))
}

impl Window {
    /// `[top, left, bottom, right]` for an image of this size.
    pub(super) fn pads(&self, size: [usize; 2], kernel: [usize; 2]) -> Option<[usize; 4]> {
        let Pads::Same { end } = self.pads else {
            return if let Pads::Given(p) = self.pads { Some(p) } else { None };
        };
        let mut pads = [0; 4];
        for i in 0..2 {
            let out = size[i].div_ceil(self.stride[i]);
            let reach = kernel[i].checked_sub(1)?.checked_mul(self.dilation[i])?.checked_add(1)?;
            let total = out.checked_sub(1)?.checked_mul(self.stride[i])?.checked_add(reach)?.saturating_sub(size[i]);
            let (small, large) = (total / 2, total - total / 2);
            (pads[i], pads[i + 2]) = if end { (small, large) } else { (large, small) };
        }
        Some(pads)
    }
}

/// Height and width of an image value.
pub(super) fn image_size(cx: &Cx<'_, '_>, x: ValueId) -> Result<[usize; 2], OnnxError> {
    match cx.shape(x)[..] {
        [_, h, w] => Ok([h, w]),
        ref other => Err(cx.fail(format!("it needs images [channels, height, width] and gets {other:?}; only 2-D is supported"))),
    }
}

/// The weights' shape, checked against the kernel the node says.
fn weights(cx: &Cx<'_, '_>) -> Result<[usize; 4], OnnxError> {
    let shape = cx.needed_host(1)?.shape;
    let four: [usize; 4] =
        shape.clone().try_into().map_err(|_| cx.fail(format!("its weights {shape:?} are not 4-dimensional")))?;
    let kernel = [four[2], four[3]];
    if cx.has("kernel_shape") && pair(cx, "kernel_shape", 1)? != kernel {
        return Err(cx.fail(format!("its weights {shape:?} contradict its kernel_shape")));
    }
    Ok(four)
}

fn operands(cx: &mut Cx<'_, '_>, x: ValueId, w: [usize; 4], outputs: Option<usize>) -> Result<Vec<ValueId>, OnnxError> {
    let mut operands = vec![x, cx.weight(1, &w)?];
    if let Some(bias) = cx.host(2)? {
        if bias.shape.len() != 1 || outputs.is_some_and(|n| bias.shape != [n]) {
            return Err(cx.fail(format!("its bias has the shape {:?}", bias.shape)));
        }
        operands.push(cx.weight(2, &bias.shape)?);
    }
    Ok(operands)
}

fn groups(cx: &Cx<'_, '_>) -> Result<usize, OnnxError> {
    usize::try_from(cx.int("group", 1)?).ok().filter(|&g| g > 0).ok_or_else(|| cx.fail("its groups are absurd"))
}

pub(super) fn conv(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let size = image_size(cx, x)?;
    let w = weights(cx)?;
    let window = window(cx)?;
    let pads = window.pads(size, [w[2], w[3]]).ok_or_else(|| cx.fail("its window is absurd"))?;
    let conv = Conv { stride: window.stride, pads, dilation: window.dilation, groups: groups(cx)? };
    let operands = operands(cx, x, w, Some(w[0]))?;
    one(cx.op(Op::Conv2d(conv), &operands)?)
}

pub(super) fn transposed(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let input = image_size(cx, x)?;
    let w = weights(cx)?;
    let window = window(cx)?;
    let groups = groups(cx)?;
    let extra = match cx.ints("output_padding")? {
        None => [0; 2],
        Some(v) => {
            let pads: Option<Vec<usize>> = v.iter().map(|&n| usize::try_from(n).ok()).collect();
            pads.and_then(|p| p.try_into().ok()).ok_or_else(|| cx.fail(format!("its output_padding {v:?} is not two sizes")))?
        }
    };
    let wanted = match cx.ints("output_shape")? {
        None => None,
        // Some exporters write all four sides.
        Some(v) => {
            let last = v.len().checked_sub(2).and_then(|n| side_pair(&v[n..]));
            Some(last.ok_or_else(|| cx.fail(format!("its output_shape {v:?} is no size")))?)
        }
    };
    let placed = place(&window, input, [w[2], w[3]], extra, wanted).ok_or_else(|| cx.fail("its window is absurd"))?;
    let conv = Conv { stride: window.stride, pads: placed.0, dilation: window.dilation, groups };
    let operands = operands(cx, x, w, w[1].checked_mul(groups))?;
    one(cx.op(Op::ConvTranspose2d { conv, size: placed.1 }, &operands)?)
}

/// Pads and output size of a transposed convolution (the formulas of ONNX's `ConvTranspose`).
fn place(
    window: &Window,
    input: [usize; 2],
    kernel: [usize; 2],
    extra: [usize; 2],
    wanted: Option<[usize; 2]>,
) -> Option<([usize; 4], [usize; 2])> {
    let (mut pads, mut size) = ([0; 4], [0; 2]);
    for i in 0..2 {
        let reach = kernel[i].checked_sub(1)?.checked_mul(window.dilation[i])?.checked_add(1)?;
        let full = input[i].checked_sub(1)?.checked_mul(window.stride[i])?.checked_add(reach)?.checked_add(extra[i])?;
        let target = match (wanted, window.pads) {
            (Some(wanted), _) => Some(wanted[i]),
            (None, Pads::Same { .. }) => Some(input[i].checked_mul(window.stride[i])?),
            (None, Pads::Given(_)) => None,
        };
        match (target, window.pads) {
            (None, Pads::Given(p)) => {
                (pads[i], pads[i + 2]) = (p[i], p[i + 2]);
                size[i] = full.checked_sub(p[i])?.checked_sub(p[i + 2])?;
            }
            (target, auto) => {
                size[i] = target?;
                let total = full.saturating_sub(size[i]);
                let (small, large) = (total / 2, total - total / 2);
                let end = auto == Pads::Same { end: true };
                (pads[i], pads[i + 2]) = if end { (small, large) } else { (large, small) };
            }
        }
    }
    Some((pads, size))
}
