// Packed RGBA8 pixels to planes of (v / 255 - mean) * inv_std.
// #include shared/params.wgsl
// #include shared/index.wgsl

@group(0) @binding(0) var<uniform> p: Rgba8Params;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    let area = p.h * p.w;
    if (i >= p.n * area) { return; }
    let rgb = vec3<f32>(vec3<u32>(pixels[i], pixels[i] >> 8u, pixels[i] >> 16u) & vec3<u32>(255u)) / 255.0;
    let v = (rgb - vec3<f32>(p.mean_r, p.mean_g, p.mean_b)) * vec3<f32>(p.inv_std_r, p.inv_std_g, p.inv_std_b);
    let at = (i / area) * 3u * area + i % area;
    y[at] = v.x;
    y[at + area] = v.y;
    y[at + 2u * area] = v.z;
}
