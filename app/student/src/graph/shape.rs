//! Shape inference: what an operation makes of its operands' shapes. All sizes may come from a file, so arithmetic is checked.

use super::{Conv, Lead, Op, Pool, Value};

/// Largest number of elements one item of a value may have (2³¹ − 1: kernels index with u32).
pub const MAX_ELEMENTS: usize = i32::MAX as usize;

type Shape = Result<Vec<usize>, String>;

/// Shape and lead of the result of `op` on `inputs`.
///
/// # Errors
/// A sentence that says what does not fit; the caller adds the node's name.
pub fn infer(op: &Op, inputs: &[&Value]) -> Result<(Vec<usize>, Lead), String> {
    arity(op, inputs.len())?;
    let lead = lead(op, inputs)?;
    let shape = shape(op, inputs)?;
    let len = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).filter(|&n| n <= MAX_ELEMENTS);
    match len {
        None => Err(format!("its result {shape:?} has too many elements")),
        Some(0) => Err(format!("its result {shape:?} is empty")),
        Some(_) => Ok((shape, lead)),
    }
}

fn arity(op: &Op, n: usize) -> Result<(), String> {
    let (lo, hi) = match op {
        Op::Conv2d(_) | Op::ConvTranspose2d { .. } | Op::Linear { .. } => (2, 3),
        Op::BatchNorm { .. } => (5, 5),
        Op::BatchNormGrad { .. } | Op::LayerNorm { .. } => (3, 3),
        Op::UnaryGrad(_) | Op::Binary(_) | Op::MaxPoolGrad(_) | Op::Cam { .. } => (2, 2),
        Op::Concat { .. } => (1, usize::MAX),
        Op::Seed { .. } => (0, 0),
        _ => (1, 1),
    };
    if (lo..=hi).contains(&n) { Ok(()) } else { Err(format!("it has {n} operands")) }
}

fn lead(op: &Op, inputs: &[&Value]) -> Result<Lead, String> {
    let max = inputs.iter().map(|v| v.lead).max().unwrap_or(Lead::Constant);
    match op {
        Op::Seed { .. } | Op::ClassRows { .. } => Ok(Lead::SampleClass),
        Op::FoldClasses { .. } if max != Lead::SampleClass => Err("only per-class values can be folded".into()),
        Op::FoldClasses { .. } => Ok(Lead::Sample),
        Op::PrincipalComponent if max == Lead::Constant => Err("its operand does not depend on the image".into()),
        Op::Conv2d(_) | Op::ConvTranspose2d { .. } | Op::Linear { .. }
            if inputs[1..].iter().any(|v| v.lead != Lead::Constant) =>
        {
            Err("its weights are computed by the network; only constant weights are supported".into())
        }
        _ => Ok(max),
    }
}

fn shape(op: &Op, x: &[&Value]) -> Shape {
    match op {
        Op::Conv2d(c) => conv(c, &x[0].shape, &x[1].shape, x.get(2)),
        Op::ConvTranspose2d { conv: c, size } => conv_transpose(c, *size, &x[0].shape, &x[1].shape, x.get(2)),
        Op::Linear { transposed } => linear(*transposed, &x[0].shape, &x[1].shape, x.get(2)),
        Op::BatchNorm { .. } | Op::BatchNormGrad { .. } => per_axis(x, 0),
        Op::LayerNorm { axis, .. } => per_axis(x, *axis),
        Op::Unary(_) | Op::MinMax => Ok(x[0].shape.clone()),
        Op::Softmax { axis } => axis_of(&x[0].shape, *axis).map(|_| x[0].shape.clone()),
        Op::UnaryGrad(_) => same(&x[0].shape, &x[1].shape),
        Op::Binary(_) => broadcast(&x[0].shape, &x[1].shape),
        Op::MaxPool(p) | Op::AvgPool(p) => pool(p, &x[0].shape),
        Op::MaxPoolGrad(p) => expect(&pool(p, &x[1].shape)?, &x[0].shape, x[1].shape.clone()),
        Op::AvgPoolGrad { pool: p, size } => {
            let [c, ..] = chw(&x[0].shape)?;
            let full = vec![c, size[0], size[1]];
            expect(&pool(p, &full)?, &x[0].shape, full)
        }
        Op::Reduce { axes, keep, .. } => reduce(axes, *keep, &x[0].shape),
        Op::Expand { shape } => expect(&broadcast(&x[0].shape, shape)?, shape, shape.clone()),
        Op::Reshape { shape } => reshape(shape, &x[0].shape),
        Op::Transpose { perm } => transpose(perm, &x[0].shape),
        Op::Slice { axis, start, step, len } => slice(&x[0].shape, *axis, [*start, *step, *len]),
        Op::SliceGrad { axis, start, step, full } => {
            let len = axis_of(&x[0].shape, *axis)?;
            let mut whole = x[0].shape.clone();
            whole[*axis] = *full;
            expect(&slice(&whole, *axis, [*start, *step, len])?, &x[0].shape, whole)
        }
        Op::Pad { before, after, .. } => pad(before, after, &x[0].shape),
        Op::Concat { axis } => concat(*axis, x),
        Op::Resize(r) => with_last_two(&x[0].shape, r.size),
        Op::ResizeGrad { resize, size } => {
            let whole = with_last_two(&x[0].shape, *size)?;
            expect(&with_last_two(&whole, resize.size)?, &x[0].shape, whole)
        }
        Op::Seed { width } => Ok(vec![*width]),
        Op::ClassRows { .. } => x[0].shape.get(1..).map(<[usize]>::to_vec).ok_or_else(|| "its operand is a scalar".into()),
        Op::Cam { .. } => cam(&x[0].shape, &x[1].shape),
        Op::PrincipalComponent => chw(&x[0].shape).map(|[_, h, w]| vec![h, w]),
        Op::FoldClasses { classes } => Ok([&[*classes], &x[0].shape[..]].concat()),
    }
}

fn same(a: &[usize], b: &[usize]) -> Shape {
    expect(a, b, a.to_vec())
}

fn expect(want: &[usize], got: &[usize], result: Vec<usize>) -> Shape {
    if want == got { Ok(result) } else { Err(format!("its operand is {got:?} where {want:?} fits")) }
}

fn chw(shape: &[usize]) -> Result<[usize; 3], String> {
    shape.try_into().map_err(|_| format!("it needs [channels, height, width] and gets {shape:?}"))
}

fn axis_of(shape: &[usize], axis: usize) -> Result<usize, String> {
    shape.get(axis).copied().ok_or_else(|| format!("{shape:?} has no axis {axis}"))
}

/// Output length of a sliding window, `None` when the window does not fit or a parameter is absurd.
fn window(size: usize, pads: usize, kernel: usize, stride: usize, dilation: usize, ceil: bool) -> Option<usize> {
    let reach = dilation.checked_mul(kernel.checked_sub(1)?)?.checked_add(1)?;
    let room = size.checked_add(pads)?.checked_sub(reach)?;
    let steps = if ceil { room.checked_add(stride.checked_sub(1)?)?.checked_div(stride)? } else { room.checked_div(stride)? };
    steps.checked_add(1)
}

fn conv(c: &Conv, x: &[usize], w: &[usize], bias: Option<&&Value>) -> Shape {
    let [ic, ih, iw] = chw(x)?;
    let [oc, icg, kh, kw] = weight4(w)?;
    let fits = c.groups > 0 && icg.checked_mul(c.groups) == Some(ic) && oc % c.groups == 0;
    if !fits {
        return Err(format!("weights {w:?} in {} groups do not fit {ic} channels", c.groups));
    }
    check_bias(bias, oc)?;
    let oh = window(ih, c.pads[0].saturating_add(c.pads[2]), kh, c.stride[0], c.dilation[0], false);
    let ow = window(iw, c.pads[1].saturating_add(c.pads[3]), kw, c.stride[1], c.dilation[1], false);
    match (oh, ow) {
        (Some(oh), Some(ow)) => Ok(vec![oc, oh, ow]),
        _ => Err(format!("a {kh}×{kw} window does not fit an image of {ih}×{iw}")),
    }
}

fn conv_transpose(c: &Conv, size: [usize; 2], x: &[usize], w: &[usize], bias: Option<&&Value>) -> Shape {
    let [ic, ih, iw] = chw(x)?;
    let [wic, ocg, kh, kw] = weight4(w)?;
    if c.groups == 0 || wic != ic || ic % c.groups != 0 {
        return Err(format!("weights {w:?} in {} groups do not fit {ic} channels", c.groups));
    }
    let oc = ocg.checked_mul(c.groups).ok_or("too many channels")?;
    check_bias(bias, oc)?;
    let back = [
        window(size[0], c.pads[0].saturating_add(c.pads[2]), kh, c.stride[0], c.dilation[0], false),
        window(size[1], c.pads[1].saturating_add(c.pads[3]), kw, c.stride[1], c.dilation[1], false),
    ];
    if back != [Some(ih), Some(iw)] {
        return Err(format!("an output of {size:?} does not belong to an input of {ih}×{iw}"));
    }
    Ok(vec![oc, size[0], size[1]])
}

fn weight4(w: &[usize]) -> Result<[usize; 4], String> {
    let w4: [usize; 4] = w.try_into().map_err(|_| format!("its weights {w:?} are not 4-dimensional"))?;
    if w4[2] == 0 || w4[3] == 0 { Err(format!("its weights {w:?} are empty")) } else { Ok(w4) }
}

fn check_bias(bias: Option<&&Value>, len: usize) -> Result<(), String> {
    match bias {
        Some(b) if b.shape != [len] => Err(format!("its bias {:?} is not [{len}]", b.shape)),
        _ => Ok(()),
    }
}

fn linear(transposed: bool, x: &[usize], w: &[usize], bias: Option<&&Value>) -> Shape {
    let [rows, cols]: [usize; 2] = w.try_into().map_err(|_| format!("its weights {w:?} are not a matrix"))?;
    let (k, m) = if transposed { (rows, cols) } else { (cols, rows) };
    let (last, front) = x.split_last().ok_or("its operand is a scalar")?;
    if *last != k {
        return Err(format!("its weights take {k} features and get {last}"));
    }
    check_bias(bias, m)?;
    Ok([front, &[m]].concat())
}

fn per_axis(x: &[&Value], axis: usize) -> Shape {
    let len = axis_of(&x[0].shape, axis)?;
    match x[1..].iter().find(|p| p.shape != [len]) {
        Some(p) => Err(format!("'{}' is {:?}, not [{len}]", p.name, p.shape)),
        None => Ok(x[0].shape.clone()),
    }
}

/// NumPy broadcasting.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Shape {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], i: usize| (i + s.len()).checked_sub(rank).map_or(1, |j| s[j]);
    (0..rank)
        .map(|i| match (at(a, i), at(b, i)) {
            (p, q) if p == q || q == 1 => Ok(p),
            (1, q) => Ok(q),
            _ => Err(format!("{a:?} and {b:?} do not broadcast")),
        })
        .collect()
}

fn pool(p: &Pool, x: &[usize]) -> Shape {
    let [c, ih, iw] = chw(x)?;
    let side = |i: usize, size: usize| {
        let (lo, hi) = (p.pads[i], p.pads[i + 2]);
        let out = window(size, lo.checked_add(hi)?, p.kernel[i], p.stride[i], p.dilation[i], p.ceil)?;
        // PyTorch and ONNX: in ceil mode the last window must start inside the image or its leading padding.
        let starts_outside = p.ceil && out > 1 && (out - 1).checked_mul(p.stride[i])? >= size.checked_add(lo)?;
        Some(if starts_outside { out - 1 } else { out })
    };
    match (side(0, ih), side(1, iw)) {
        (Some(oh), Some(ow)) => Ok(vec![c, oh, ow]),
        _ => Err(format!("a window of {:?} does not fit an image of {ih}×{iw}", p.kernel)),
    }
}

fn reduce(axes: &[usize], keep: bool, x: &[usize]) -> Shape {
    if axes.windows(2).any(|w| w[0] >= w[1]) || axes.iter().any(|&a| a >= x.len()) {
        return Err(format!("axes {axes:?} do not fit {x:?}"));
    }
    let kept = x.iter().enumerate().filter_map(|(i, &d)| match axes.contains(&i) {
        true if keep => Some(1),
        true => None,
        false => Some(d),
    });
    Ok(kept.collect())
}

fn reshape(shape: &[usize], x: &[usize]) -> Shape {
    let count = |s: &[usize]| s.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    if count(shape) == count(x) { Ok(shape.to_vec()) } else { Err(format!("{x:?} cannot be reshaped to {shape:?}")) }
}

fn transpose(perm: &[usize], x: &[usize]) -> Shape {
    let mut seen = perm.to_vec();
    seen.sort_unstable();
    if seen.iter().copied().eq(0..x.len()) {
        Ok(perm.iter().map(|&p| x[p]).collect())
    } else {
        Err(format!("{perm:?} is no permutation of the axes of {x:?}"))
    }
}

fn slice(x: &[usize], axis: usize, [start, step, len]: [usize; 3]) -> Shape {
    let full = axis_of(x, axis)?;
    let last = len.checked_sub(1).and_then(|n| n.checked_mul(step)).and_then(|n| n.checked_add(start));
    if step == 0 || last.is_none_or(|l| l >= full) {
        return Err(format!("a slice of {len} from {start} by {step} leaves axis {axis} of {x:?}"));
    }
    let mut out = x.to_vec();
    out[axis] = len;
    Ok(out)
}

fn pad(before: &[usize], after: &[usize], x: &[usize]) -> Shape {
    if before.len() != x.len() || after.len() != x.len() {
        return Err(format!("padding for {} axes does not fit {x:?}", before.len()));
    }
    let sum = |i: usize| x[i].checked_add(before[i])?.checked_add(after[i]);
    (0..x.len()).map(|i| sum(i).ok_or_else(|| "its padding is absurd".to_string())).collect()
}

fn concat(axis: usize, x: &[&Value]) -> Shape {
    let mut out = x[0].shape.clone();
    axis_of(&out, axis)?;
    for v in &x[1..] {
        let fits = v.shape.len() == out.len() && (0..out.len()).all(|i| i == axis || v.shape[i] == out[i]);
        if !fits {
            return Err(format!("{:?} cannot be joined to {:?} along axis {axis}", v.shape, x[0].shape));
        }
        out[axis] = out[axis].checked_add(v.shape[axis]).ok_or("too many elements")?;
    }
    Ok(out)
}

fn with_last_two(x: &[usize], size: [usize; 2]) -> Shape {
    let front = x.len().checked_sub(2).ok_or("it needs height and width")?;
    Ok([&x[..front], &size].concat())
}

fn cam(g: &[usize], a: &[usize]) -> Shape {
    let [k, h, w] = chw(a)?;
    if g == [k] || g == [k, h, w] { Ok(vec![h, w]) } else { Err(format!("weights {g:?} do not fit the activation {a:?}")) }
}
