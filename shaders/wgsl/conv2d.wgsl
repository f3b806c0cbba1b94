// Direct convolution, one output per invocation: groups (depthwise above all) and whatever the tiled kernels do not take.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/activation.wgsl

@group(0) @binding(0) var<uniform> p: Conv2dParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = (p.base + linear_group(group, groups)) * 256u + local;
    if (i >= p.n * p.oc * p.oh * p.ow) { return; }
    let ox = i % p.ow;
    let oy = (i / p.ow) % p.oh;
    let oc = (i / (p.ow * p.oh)) % p.oc;
    let n = i / (p.ow * p.oh * p.oc);
    let icg = p.ic / p.groups;
    let first_channel = (oc / (p.oc / p.groups)) * icg;
    // Padding makes these negative: signed, compared before they become addresses.
    let top = i32(oy * p.sh) - i32(p.pt);
    let left = i32(ox * p.sw) - i32(p.pl);

    // A run of 16 channels is added up separately: rounding errors grow with the length of a sum.
    var sum = 0.0;
    var run = 0.0;
    for (var c = 0u; c < icg; c++) {
        let plane = (n * p.ic + first_channel + c) * p.ih * p.iw;
        let kernel = (oc * icg + c) * p.kh * p.kw;
        for (var ky = 0u; ky < p.kh; ky++) {
            let iy = top + i32(ky * p.dh);
            if (iy < 0 || iy >= i32(p.ih)) { continue; }
            let row = plane + u32(iy) * p.iw;
            for (var kx = 0u; kx < p.kw; kx++) {
                let ix = left + i32(kx * p.dw);
                if (ix < 0 || ix >= i32(p.iw)) { continue; }
                run += x[row + u32(ix)] * w[kernel + ky * p.kw + kx];
            }
        }
        if (c % 16u == 15u) {
            sum += run;
            run = 0.0;
        }
    }
    sum += run;
    if (p.has_bias == 1u) { sum += bias[oc]; }
    y[i] = activate(p.act, sum, p.act_a, p.act_b);
}
