// Nearest or bilinear resize of (nc, ih, iw) to (nc, oh, ow).
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/resize.wgsl

@group(0) @binding(0) var<uniform> p: ResizeParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    if (i >= p.nc * p.oh * p.ow) { return; }
    let v = stencil((i / p.ow) % p.oh, p.ih, p.oh, p.scale_h, p.mode, p.coord, p.nearest);
    let h = stencil(i % p.ow, p.iw, p.ow, p.scale_w, p.mode, p.coord, p.nearest);
    let plane = (i / (p.ow * p.oh)) * p.ih * p.iw;
    let upper = plane + v.low * p.iw;
    let lower = plane + v.high * p.iw;
    let above = x[upper + h.low] * (1.0 - h.weight_high) + x[upper + h.high] * h.weight_high;
    let below = x[lower + h.low] * (1.0 - h.weight_high) + x[lower + h.high] * h.weight_high;
    y[i] = above * (1.0 - v.weight_high) + below * v.weight_high;
}
