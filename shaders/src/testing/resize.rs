//! Resizing and its transpose. Both answers come from the same weights: output o takes `weight(o, i)` of input i.

use super::conv::positions;
use super::{Case, Random};
use crate::kernel::Call;
use crate::params::ResizeParams;

/// (ih, iw) to (oh, ow)
const SIZES: &[[u32; 4]] =
    &[[4, 5, 8, 10], [7, 6, 3, 4], [1, 1, 5, 3], [5, 3, 1, 1], [6, 6, 6, 6], [3, 9, 17, 2], [8, 8, 33, 20]];

pub(super) fn cases() -> Vec<Case> {
    let mut random = Random::new(6);
    let mut cases = Vec::new();
    for &[ih, iw, oh, ow] in SIZES {
        for (mode, coord, nearest) in [
            (0, 0, 0),
            (0, 0, 1),
            (0, 0, 2),
            (0, 0, 3),
            (0, 1, 1),
            (0, 2, 0),
            (0, 3, 1),
            (1, 0, 0),
            (1, 1, 0),
            (1, 2, 0),
            (1, 3, 0),
        ] {
            let (scale_h, scale_w) = (ih as f32 / oh as f32, iw as f32 / ow as f32);
            let p = ResizeParams { nc: 3, ih, iw, oh, ow, mode, coord, nearest, scale_h, scale_w, ..Default::default() };
            cases.extend(pair(&p, &mut random));
        }
    }
    cases
}

fn pair(p: &ResizeParams, random: &mut Random) -> [Case; 2] {
    let [nc, ih, iw, oh, ow] = [p.nc, p.ih, p.iw, p.oh, p.ow].map(|v| v as usize);
    let x = random.values(nc * ih * iw);
    let g = random.values(nc * oh * ow);
    let (mut y, mut back) = (vec![0.0; g.len()], vec![0.0; x.len()]);
    for (plane, oy, ox, _) in positions(nc as i64, oh as i64, ow as i64, 1) {
        let to = ((plane * oh as i64 + oy) * ow as i64 + ox) as usize;
        for (iy, wy) in weights(p, oy, p.ih, p.oh, p.scale_h) {
            for (ix, wx) in weights(p, ox, p.iw, p.ow, p.scale_w) {
                let from = (plane as usize * ih + iy) * iw + ix;
                y[to] += wy * wx * f64::from(x[from]);
                back[from] += wy * wx * f64::from(g[to]);
            }
        }
    }
    let label = format!("mode {} coord {} nearest {} {ih}x{iw} to {oh}x{ow}", p.mode, p.coord, p.nearest);
    [
        Case::new(format!("resize {label}"), Call::Resize(*p), vec![x], y),
        Case::new(format!("resize_grad {label}"), Call::ResizeGrad(*p), vec![g], back),
    ]
}

/// The inputs one output takes, with their weights.
fn weights(p: &ResizeParams, o: i64, size: u32, outputs: u32, scale: f32) -> Vec<(usize, f64)> {
    // Positions are defined in f32: a nearest-neighbour tie is decided by its rounding.
    let o = o as f32;
    let position = match p.coord {
        1 if outputs == 1 => 0.0,
        1 => o * ((size - 1) as f32 / (outputs - 1) as f32),
        2 => o * scale,
        3 if outputs == 1 => 0.0,
        _ => (o + 0.5) * scale - 0.5,
    };
    let last = f64::from(size - 1);
    if p.mode == 0 {
        let index = match p.nearest {
            0 => position.floor(),
            1 => (position - 0.5).ceil(),
            2 => position.ceil(),
            _ => (position + 0.5).floor(),
        };
        return vec![(f64::from(index).clamp(0.0, last) as usize, 1.0)];
    }
    // A triangle of width 2 around the position.
    let position = f64::from(position).clamp(0.0, last);
    let share = |i: u32| (i as usize, 1.0 - (f64::from(i) - position).abs());
    (0..size).map(share).filter(|&(_, w)| w > 0.0).collect()
}
