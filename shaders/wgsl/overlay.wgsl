// A map over a picture, packed RGBA8: see OverlayParams.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/overlay.wgsl

@group(0) @binding(0) var<uniform> p: OverlayParams;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read> map: array<f32>;
@group(0) @binding(3) var<storage, read> lut: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

fn channels(rgba: u32) -> vec3<f32> {
    return vec3<f32>(vec3<u32>(rgba, rgba >> 8u, rgba >> 16u) & vec3<u32>(255u));
}

fn value_at(px: u32, py: u32) -> f32 {
    let h = between((f32(px) + 0.5) * f32(p.mw) / f32(p.w), p.mw);
    let v = between((f32(py) + 0.5) * f32(p.mh) / f32(p.h), p.mh);
    let upper = p.map_offset + v.low * p.mw;
    let lower = p.map_offset + v.high * p.mw;
    let above = mix(map[upper + h.low], map[upper + h.high], h.share);
    let below = mix(map[lower + h.low], map[lower + h.high], h.share);
    return overlay_value(mix(above, below, v.share), p.lo, p.hi);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    if (i >= p.w * p.h) { return; }
    let under = pixels[i];
    if (p.hi <= p.lo) {
        y[i] = under;
        return;
    }
    let px = i % p.w;
    let py = i / p.w;
    let v = value_at(px, py);
    if (p.contour > 0.0) {
        let right = value_at(min(px + 1u, p.w - 1u), py);
        let below = value_at(px, min(py + 1u, p.h - 1u));
        if (overlay_crosses(p.contour, v, right, below)) {
            y[i] = p.contour_rgba;
            return;
        }
    }
    let colour = channels(lut[overlay_lut_index(v)]);
    let alpha = overlay_alpha(v, p.opacity, p.fade == 1u);
    let mixed = min(vec3<u32>(channels(under) * (1.0 - alpha) + colour * alpha + 0.5), vec3<u32>(255u));
    y[i] = mixed.x | (mixed.y << 8u) | (mixed.z << 16u) | (under & 0xff000000u);
}
