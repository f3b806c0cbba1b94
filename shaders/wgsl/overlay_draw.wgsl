// The window's overlay: one quad, drawn as a triangle strip of 4 vertices without a vertex buffer. No storage buffers: WebGL2 draws it too.
// #include shared/params.wgsl
// #include shared/overlay.wgsl

@group(0) @binding(0) var<uniform> p: OverlayDraw;
// r32float, not filterable: the classes' maps, one below the other.
@group(0) @binding(1) var map: texture_2d<f32>;
@group(0) @binding(2) var picture: texture_2d<f32>;
@group(0) @binding(3) var picture_sampler: sampler;
// 256 x 1.
@group(0) @binding(4) var lut: texture_2d<f32>;

struct Corner { @builtin(position) position: vec4<f32>, @location(0) uv: vec2<f32>, }

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> Corner {
    let t = vec2<f32>(f32(index & 1u), f32(index >> 1u));
    return Corner(vec4<f32>(mix(p.rect.xy, p.rect.zw, t), 0.0, 1.0), mix(p.uv.xy, p.uv.zw, t));
}

fn texel(column: u32, row: u32) -> f32 {
    return textureLoad(map, vec2<i32>(i32(column), i32(p.class_index * p.mh + row)), 0).x;
}

fn value_at(uv: vec2<f32>) -> f32 {
    let h = between(uv.x * f32(p.mw), p.mw);
    let v = between(uv.y * f32(p.mh), p.mh);
    let above = mix(texel(h.low, v.low), texel(h.high, v.low), h.share);
    let below = mix(texel(h.low, v.high), texel(h.high, v.high), h.share);
    return overlay_value(mix(above, below, v.share), p.lo, p.hi);
}

@fragment
fn fragment(corner: Corner) -> @location(0) vec4<f32> {
    let under = textureSample(picture, picture_sampler, corner.uv);
    // Derivatives are taken here, before control flow diverges: one screen pixel to the right and down.
    let right_uv = corner.uv + dpdx(corner.uv);
    let below_uv = corner.uv + dpdy(corner.uv);
    if ((p.flags & 1u) == 0u || p.hi <= p.lo) { return vec4<f32>(under.rgb, 1.0); }
    let v = value_at(corner.uv);
    if (p.contour > 0.0 && overlay_crosses(p.contour, v, value_at(right_uv), value_at(below_uv))) { return p.contour_rgba; }
    let colour = textureLoad(lut, vec2<i32>(i32(overlay_lut_index(v)), 0), 0).rgb;
    let alpha = overlay_alpha(v, p.opacity, p.fade == 1u);
    return vec4<f32>(mix(under.rgb, colour, alpha), 1.0);
}
