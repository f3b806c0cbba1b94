// Maps in a storage buffer -> the texture that the window samples (classes stacked vertically: h is all their rows).
// #include shared/params.wgsl

@group(0) @binding(0) var<uniform> p: MapTextureParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var map: texture_storage_2d<r32float, write>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) at: vec3<u32>) {
    if (at.x >= p.w || at.y >= p.h) { return; }
    textureStore(map, vec2<i32>(at.xy), vec4<f32>(x[p.offset + at.y * p.w + at.x], 0.0, 0.0, 1.0));
}
