// From a map's value to what is seen; the picture file (overlay.wgsl) and the window (overlay_draw.wgsl) share it.

// Along one axis: the two texels around an output pixel's centre (half-pixel convention, clamped to the edge) and the share of the second.
struct Between { low: u32, high: u32, share: f32, }

fn between(centre: f32, length: u32) -> Between {
    let at = clamp(centre - 0.5, 0.0, f32(length - 1u));
    let low = u32(at);
    return Between(low, min(low + 1u, length - 1u), at - f32(low));
}

// 0..1 between lo and hi. The caller leaves the picture alone where hi <= lo: no evidence is not stretched into any.
fn overlay_value(raw: f32, lo: f32, hi: f32) -> f32 {
    return clamp((raw - lo) / (hi - lo), 0.0, 1.0);
}

fn overlay_alpha(v: f32, opacity: f32, fade: bool) -> f32 {
    return opacity * select(1.0, v, fade);
}

fn overlay_lut_index(v: f32) -> u32 {
    return u32(v * 255.0 + 0.5);
}

// A contour runs where the level lies between a pixel and its right or lower neighbour.
fn overlay_crosses(level: f32, v: f32, right: f32, below: f32) -> bool {
    return level > 0.0 && ((v >= level) != (right >= level) || (v >= level) != (below >= level));
}
