//! Class activation maps and the overlay.

use super::conv::positions;
use super::{Case, Output, Random};
use crate::kernel::Call;
use crate::params::{CamParams, OverlayParams};

pub(super) fn cases() -> Vec<Case> {
    let mut random = Random::new(7);
    let mut cases = Vec::new();
    for (n, classes, k, hw) in [(1, 1, 1, 1), (2, 3, 17, 49), (1, 4, 300, 64), (3, 1, 5, 1100)] {
        for (spatial, mode, relu) in [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 2, 0), (1, 0, 0), (1, 1, 0), (1, 2, 1)] {
            let p = CamParams { n, classes, k, hw, spatial, mode, relu, pad0: 0 };
            cases.push(cam_case(&p, &mut random));
        }
    }
    let base = OverlayParams {
        w: 13,
        h: 9,
        mw: 4,
        mh: 3,
        opacity: 0.6,
        lo: -0.5,
        hi: 0.5,
        contour_rgba: 0xff10_f030,
        ..Default::default()
    };
    let variants = [
        ("plain", base),
        ("fading, second map", OverlayParams { fade: 1, map_offset: 12, ..base }),
        ("contour", OverlayParams { contour: 0.4, ..base }),
        ("no evidence", OverlayParams { lo: 0.5, hi: 0.5, contour: 0.4, ..base }),
        ("map larger than the patch", OverlayParams { w: 3, h: 2, mw: 7, mh: 5, opacity: 1.0, ..base }),
        ("one texel", OverlayParams { mw: 1, mh: 1, fade: 1, ..base }),
    ];
    cases.extend(variants.map(|(label, p)| overlay_case(label, &p, &mut random)));
    cases
}

fn cam_case(p: &CamParams, random: &mut Random) -> Case {
    let [n, classes, k, hw] = [p.n, p.classes, p.k, p.hw].map(|v| v as usize);
    let a = random.values(n * k * hw);
    let g = random.values(n * classes * k * if p.spatial == 1 { hw } else { 1 });
    let mut expected = Vec::new();
    for row in 0..n * classes {
        for pixel in 0..hw {
            let term = |channel: usize| {
                let at = row * k + channel;
                let g = f64::from(if p.spatial == 1 { g[at * hw + pixel] } else { g[at] });
                let a = f64::from(a[(row / classes * k + channel) * hw + pixel]);
                match p.mode {
                    0 => g * a,
                    1 => (g * a).max(0.0),
                    _ => g.max(0.0) * a,
                }
            };
            let sum: f64 = (0..k).map(term).sum();
            expected.push(if p.relu == 1 { sum.max(0.0) } else { sum });
        }
    }
    let label = format!("cam {n}x{classes}x{k}x{hw} spatial {} mode {} relu {}", p.spatial, p.mode, p.relu);
    Case::new(label, Call::Cam(*p), vec![g, a], expected)
}

fn overlay_case(label: &str, p: &OverlayParams, random: &mut Random) -> Case {
    let pixels = random.pixels((p.w * p.h) as usize);
    let map = random.values((p.map_offset + p.mw * p.mh) as usize);
    // Neighbouring entries differ by little, so that the rounding of one entry cannot be seen.
    let lut: Vec<f32> = (0..256u32).map(|i| f32::from_bits(i | (255 - i) << 8 | (i / 2) << 16)).collect();
    let mut expected = Vec::new();
    for (y, x, _, _) in positions(p.h.into(), p.w.into(), 1, 1) {
        let at = (y * i64::from(p.w) + x) as usize;
        expected.push(f64::from(pixel(p, pixels[at].to_bits(), &map, &lut, x, y)));
    }
    let call = Call::Overlay(*p);
    Case { output: Output::Packed, ..Case::new(format!("overlay, {label}"), call, vec![pixels, map, lut], expected) }
}

fn pixel(p: &OverlayParams, under: u32, map: &[f32], lut: &[f32], x: i64, y: i64) -> u32 {
    if p.hi <= p.lo {
        return under;
    }
    let v = value(p, map, x, y);
    let level = f64::from(p.contour);
    let right = value(p, map, (x + 1).min(i64::from(p.w) - 1), y);
    let below = value(p, map, x, (y + 1).min(i64::from(p.h) - 1));
    if level > 0.0 && ((v >= level) != (right >= level) || (v >= level) != (below >= level)) {
        return p.contour_rgba;
    }
    let colour = lut[(v * 255.0).round() as usize].to_bits().to_le_bytes();
    let alpha = f64::from(p.opacity) * if p.fade == 1 { v } else { 1.0 };
    let mut bytes = under.to_le_bytes();
    for (byte, over) in bytes.iter_mut().zip(colour).take(3) {
        *byte = (f64::from(*byte) * (1.0 - alpha) + f64::from(over) * alpha).round() as u8;
    }
    u32::from_le_bytes(bytes)
}

/// The map at a pixel's centre, bilinear, scaled to 0..1.
fn value(p: &OverlayParams, map: &[f32], x: i64, y: i64) -> f64 {
    let position = |o: i64, outputs: u32, size: u32| {
        let at = (o as f64 + 0.5) * f64::from(size) / f64::from(outputs) - 0.5;
        at.clamp(0.0, f64::from(size - 1))
    };
    let (px, py) = (position(x, p.w, p.mw), position(y, p.h, p.mh));
    let mut sum = 0.0;
    for (row, column, _, _) in positions(p.mh.into(), p.mw.into(), 1, 1) {
        let share = (1.0 - (row as f64 - py).abs()).max(0.0) * (1.0 - (column as f64 - px).abs()).max(0.0);
        let texel = map[p.map_offset as usize + (row * i64::from(p.mw) + column) as usize];
        sum += share * f64::from(texel);
    }
    ((sum - f64::from(p.lo)) / f64::from(p.hi - p.lo)).clamp(0.0, 1.0)
}
