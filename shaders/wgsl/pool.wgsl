// Max and average pooling, one output per invocation.
// #include shared/params.wgsl
// #include shared/index.wgsl

@group(0) @binding(0) var<uniform> p: PoolParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = (p.base + linear_group(group, groups)) * 256u + local;
    if (i >= p.nc * p.oh * p.ow) { return; }
    let ox = i % p.ow;
    let oy = (i / p.ow) % p.oh;
    let plane = (i / (p.ow * p.oh)) * p.ih * p.iw;
    var highest = -3.4028234e38;
    var sum = 0.0;
    var count = 0u;
    for (var ky = 0u; ky < p.kh; ky++) {
        // Rows are counted from the top of the padding, so that they cannot be negative.
        let py = oy * p.sh + ky * p.dh;
        if (py >= p.ih + p.pt + p.pb) { break; }
        for (var kx = 0u; kx < p.kw; kx++) {
            let px = ox * p.sw + kx * p.dw;
            if (px >= p.iw + p.pl + p.pr) { break; }
            let inside = py >= p.pt && py - p.pt < p.ih && px >= p.pl && px - p.pl < p.iw;
            if (inside) {
                let v = x[plane + (py - p.pt) * p.iw + (px - p.pl)];
                highest = max(highest, v);
                sum += v;
            }
            if (inside || p.count_include_pad == 1u) { count += 1u; }
        }
    }
    if (p.mode == 0u) {
        y[i] = highest;
    } else {
        y[i] = sum / f32(max(count, 1u));
    }
}
