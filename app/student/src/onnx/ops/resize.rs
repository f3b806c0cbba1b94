//! Resizing of height and width.

use super::super::OnnxError;
use super::super::import::{Bound, Cx, Made, one};
use super::conv::image_size;
use crate::graph::{Coordinates, NearestRounding, Op, Resize, ResizeMode};

/// What the node asks for on each axis.
enum Target {
    Scales(Vec<f32>),
    Sizes(Vec<usize>),
}

pub(super) fn resize(cx: &mut Cx<'_, '_>) -> Made {
    let x = cx.image(0)?;
    let input = image_size(cx, x)?;
    let (size, scale) = output_size(cx, input, cx.shape(x)[0])?;
    let coordinates = coordinates(cx)?;
    let mode = match cx.text("mode", "nearest")?.as_str() {
        "nearest" => ResizeMode::Nearest(rounding(cx)?),
        "linear" | "bilinear" => ResizeMode::Bilinear,
        other => return Err(cx.fail(format!("interpolation by '{other}' is not supported, only nearest and linear"))),
    };
    let shrinks = size[0] < input[0] || size[1] < input[1];
    if shrinks && cx.int("antialias", 0)? != 0 {
        return Err(cx.fail("antialiasing is not supported"));
    }
    if cx.text("coordinate_transformation_mode", "")? == "half_pixel_symmetric" && scale.is_some() {
        return Err(cx.fail("half_pixel_symmetric with a scale that does not divide is not supported"));
    }
    if size == input && scale.is_none() {
        return Ok(vec![Bound::Image(x)]);
    }
    one(cx.op(Op::Resize(Resize { size, mode, coordinates, scale }), &[x])?)
}

fn coordinates(cx: &Cx<'_, '_>) -> Result<Coordinates, OnnxError> {
    // Upsample and the first Resize knew one way only.
    let default = if cx.node.op == "Upsample" || cx.node.opset < 11 { "asymmetric" } else { "half_pixel" };
    Ok(match cx.text("coordinate_transformation_mode", default)?.as_str() {
        "half_pixel" | "half_pixel_symmetric" => Coordinates::HalfPixel,
        "pytorch_half_pixel" => Coordinates::PytorchHalfPixel,
        "align_corners" => Coordinates::AlignCorners,
        "asymmetric" => Coordinates::Asymmetric,
        other => return Err(cx.fail(format!("the coordinates '{other}' are not supported"))),
    })
}

fn rounding(cx: &Cx<'_, '_>) -> Result<NearestRounding, OnnxError> {
    let default = if cx.node.op == "Upsample" || cx.node.opset < 11 { "floor" } else { "round_prefer_floor" };
    Ok(match cx.text("nearest_mode", default)?.as_str() {
        "floor" => NearestRounding::Floor,
        "ceil" => NearestRounding::Ceil,
        "round_prefer_floor" => NearestRounding::RoundPreferFloor,
        "round_prefer_ceil" => NearestRounding::RoundPreferCeil,
        other => return Err(cx.fail(format!("the rounding '{other}' is unknown"))),
    })
}

fn target(cx: &Cx<'_, '_>) -> Result<Target, OnnxError> {
    if let Some(scales) = cx.floats("scales")? {
        return Ok(Target::Scales(scales));
    }
    let late = cx.node.op == "Resize" && cx.node.opset >= 11;
    let scales = cx.host(if late { 2 } else { 1 })?.filter(|h| !h.shape.contains(&0));
    if let Some(scales) = scales {
        return Ok(Target::Scales(cx.named(scales.as_f32())?.to_vec()));
    }
    let sizes = cx.host(3)?.filter(|_| late).ok_or_else(|| cx.fail("its scales and sizes are missing"))?;
    if cx.text("keep_aspect_ratio_policy", "stretch")? != "stretch" {
        return Err(cx.fail("keeping the aspect ratio is not supported"));
    }
    let side = |&n: &i64| usize::try_from(n).ok().filter(|&n| n > 0).ok_or_else(|| cx.fail(format!("it asks for a side of {n}")));
    Ok(Target::Sizes(cx.named(sizes.as_i64())?.iter().map(side).collect::<Result<_, _>>()?))
}

type Sized = ([usize; 2], Option<[f32; 2]>);

/// Output size, and input px per output px where the model's own factor is not their ratio.
fn output_size(cx: &Cx<'_, '_>, input: [usize; 2], channels: usize) -> Result<Sized, OnnxError> {
    let target = target(cx)?;
    let count = match &target {
        Target::Scales(s) => s.len(),
        Target::Sizes(s) => s.len(),
    };
    let axes = cx.ints("axes")?.unwrap_or_else(|| (0..count as i64).collect());
    if axes.len() != count {
        return Err(cx.fail(format!("{count} sizes do not fit {} axes", axes.len())));
    }
    let (mut size, mut factor) = (input, [1f32; 2]);
    for (i, &axis) in axes.iter().enumerate() {
        let axis = cx.axis(axis, 4)?;
        let fixed = |same: bool| if same { Ok(()) } else { Err(cx.fail("it resizes the batch or the channels")) };
        match (&target, axis.checked_sub(2)) {
            (Target::Scales(s), None) => fixed(s[i] == 1.0)?,
            (Target::Sizes(s), None) => fixed(axis == 0 || s[i] == channels)?,
            (Target::Scales(s), Some(side)) => {
                let length = (input[side] as f32 * s[i]).floor();
                if !(s[i] > 0.0 && (1.0..1e6).contains(&length)) {
                    return Err(cx.fail(format!("a scale of {} is absurd", s[i])));
                }
                (size[side], factor[side]) = (length as usize, 1.0 / s[i]);
            }
            (Target::Sizes(s), Some(side)) => {
                size[side] = s[i];
                factor[side] = input[side] as f32 / size[side] as f32;
            }
        }
    }
    let ratio = |i: usize| input[i] as f32 / size[i] as f32;
    Ok((size, (0..2).any(|i| (ratio(i) - factor[i]).abs() > 1e-6 * ratio(i)).then_some(factor)))
}
