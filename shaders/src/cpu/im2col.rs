//! Gathers the input cells that a strip of output pixels reads.

use super::conv_core::Geometry;

/// Output positions [low, high) along one axis whose tap reads inside the image: 0 <= o * stride + offset < size.
pub(super) fn inside(offset: isize, stride: usize, size: usize, outputs: usize) -> (usize, usize) {
    let stride = stride.max(1) as isize;
    let low = if offset >= 0 { 0 } else { (-offset + stride - 1) / stride };
    let high = if offset >= size as isize { 0 } else { (size as isize - 1 - offset) / stride + 1 };
    let high = high.clamp(0, outputs as isize);
    (low.min(high) as usize, high as usize)
}

/// Fills rows `first ..` of the im2col matrix, `ld` apart in `columns`, for output pixels `pixel .. pixel + pixels`.
/// `image` holds the channels of one group. Row index: (channel, ky, kx).
pub(super) fn gather(geo: &Geometry, image: &[f32], first: usize, pixel: usize, pixels: usize, ld: usize, columns: &mut [f32]) {
    let taps = geo.kh * geo.kw;
    for (i, row) in columns.chunks_exact_mut(ld).enumerate() {
        let (channel, tap) = ((first + i) / taps, (first + i) % taps);
        let plane = &image[channel * geo.ih * geo.iw..][..geo.ih * geo.iw];
        gather_tap(geo, plane, (tap / geo.kw, tap % geo.kw), pixel, &mut row[..pixels]);
    }
}

/// One row of the matrix: the cells that tap (ky, kx) reads of one channel.
fn gather_tap(geo: &Geometry, plane: &[f32], (ky, kx): (usize, usize), pixel: usize, row: &mut [f32]) {
    let dx = (kx * geo.dw) as isize - geo.pl;
    let dy = (ky * geo.dh) as isize - geo.pt;
    let (low, high) = inside(dx, geo.sw, geo.iw, geo.ow);
    let (mut oy, mut ox) = (pixel / geo.ow, pixel % geo.ow);
    let mut rest = row;
    while !rest.is_empty() {
        let cut = rest.len().min(geo.ow - ox);
        let (segment, tail) = std::mem::take(&mut rest).split_at_mut(cut);
        let iy = (oy * geo.sh) as isize + dy;
        if iy < 0 || iy >= geo.ih as isize {
            segment.fill(0.0);
        } else {
            let line = &plane[iy as usize * geo.iw..][..geo.iw];
            gather_line(line, segment, ox, (low, high), geo.sw, dx);
        }
        rest = tail;
        oy += 1;
        ox = 0;
    }
}

/// Output columns `ox ..` of one line: zeros outside [low, high), image cells inside.
fn gather_line(line: &[f32], segment: &mut [f32], ox: usize, (low, high): (usize, usize), stride: usize, dx: isize) {
    let end = ox + segment.len();
    let (a, b) = (low.clamp(ox, end), high.clamp(ox, end));
    let b = b.max(a);
    segment[..a - ox].fill(0.0);
    segment[b - ox..].fill(0.0);
    if a == b {
        return;
    }
    let start = ((a * stride) as isize + dx) as usize;
    let target = &mut segment[a - ox..b - ox];
    if stride == 1 {
        target.copy_from_slice(&line[start..start + (b - a)]);
    } else {
        target.iter_mut().zip(line[start..].iter().step_by(stride)).for_each(|(t, &v)| *t = v);
    }
}
