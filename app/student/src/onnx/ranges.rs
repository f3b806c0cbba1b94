//! Start, end and step of slices, as ONNX clamps them.

use super::OnnxError;
use super::import::Cx;

/// One sliced axis as the node says it.
pub(super) struct Range {
    pub(super) axis: i64,
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) step: i64,
}

/// The slices of a `Slice` node: attributes up to opset 9, operands since.
pub(super) fn ranges(cx: &Cx<'_, '_>) -> Result<Vec<Range>, OnnxError> {
    let by_attribute = cx.has("starts");
    let list = |name: &str, i: usize| if by_attribute { cx.ints(name) } else { cx.ints_at(i) };
    let missing = || cx.fail("its starts or ends are missing");
    let starts = list("starts", 1)?.ok_or_else(missing)?;
    let ends = list("ends", 2)?.ok_or_else(missing)?;
    let axes = list("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = if by_attribute { None } else { cx.ints_at(4)? }.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
        return Err(cx.fail("its starts, ends, axes and steps differ in number"));
    }
    let all = starts.iter().zip(&ends).zip(axes.iter().zip(&steps));
    Ok(all.map(|((&start, &end), (&axis, &step))| Range { axis, start, end, step }).collect())
}

impl Range {
    /// First index and number of indices on an axis of this length; the step may be negative. `None` for a step of zero.
    pub(super) fn on(&self, len: usize) -> Option<(usize, usize)> {
        let n = i64::try_from(len).ok()?;
        let wrap = |v: i64| if v < 0 { v.saturating_add(n) } else { v };
        let (low, high) = if self.step > 0 { (0, n) } else { (-1, n.checked_sub(1)?) };
        let start = wrap(self.start).clamp(low.max(0), high.max(0));
        let end = wrap(self.end).clamp(low, high);
        let span = if self.step > 0 { end.checked_sub(start)? } else { start.checked_sub(end)? };
        let step = usize::try_from(self.step.unsigned_abs()).ok().filter(|&s| s > 0)?;
        let count = usize::try_from(span.max(0)).ok()?.div_ceil(step);
        Some((usize::try_from(start).ok()?, count))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn slices_are_clamped_as_numpy_does() {
        let on = |start, end, step, len| Range { axis: 0, start, end, step }.on(len).unwrap();
        assert_eq!(on(0, i64::MAX, 1, 5), (0, 5));
        assert_eq!(on(-2, 99, 1, 5), (3, 2));
        assert_eq!(on(1, -1, 2, 6), (1, 2));
        assert_eq!(on(7, 9, 1, 5), (5, 0));
        assert_eq!(on(-1, i64::MIN, -1, 5), (4, 5), "the whole axis backwards");
        assert_eq!(on(3, 0, -2, 5), (3, 2));
        assert!(Range { axis: 0, start: 0, end: 1, step: 0 }.on(3).is_none());
    }
}
