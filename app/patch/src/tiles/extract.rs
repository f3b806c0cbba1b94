//! A tile's pixels at the Student's input size.

use super::{Pad, Tile};
use crate::decode::Patch;
use crate::resize::area_rows;

/// The pixels of `tile`, padded where it reaches over the edge and area-resized: `3 * input_px * input_px` bytes of
/// interleaved RGB. A patch without pixels, or one whose `rgb` is shorter than it says, gives white.
#[must_use]
pub fn extract(patch: &Patch, tile: &Tile, input_px: usize, pad: Pad) -> Vec<u8> {
    let (w, h) = (patch.width, patch.height);
    let complete = w.checked_mul(h).and_then(|n| n.checked_mul(3)).is_some_and(|n| n > 0 && n <= patch.rgb.len());
    let blank = |_: usize, row: &mut [u8]| row.fill(255);
    if !complete {
        return area_rows(1, 1, input_px, input_px, &blank);
    }
    let source = |y: usize, row: &mut [u8]| {
        let from = tile.y.saturating_add(y);
        if from >= h && pad == Pad::White {
            return row.fill(255);
        }
        let from = from.min(h - 1) * w * 3;
        fill(&patch.rgb[from..from + w * 3], tile.x, row, pad);
    };
    area_rows(tile.width, tile.height, input_px, input_px, &source)
}

/// Copies what `line` has from pixel `x` on; the rest of `row` is padding.
fn fill(line: &[u8], x: usize, row: &mut [u8], pad: Pad) {
    let inside = line.get(x.saturating_mul(3)..).unwrap_or_default();
    let n = inside.len().min(row.len());
    row[..n].copy_from_slice(&inside[..n]);
    let edge = match pad {
        Pad::White => [255; 3],
        Pad::Edge => [line[line.len() - 3], line[line.len() - 2], line[line.len() - 1]],
    };
    row[n..].chunks_exact_mut(3).for_each(|p| p.copy_from_slice(&edge));
}
