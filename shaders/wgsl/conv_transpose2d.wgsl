// Transposed convolution (the input gradient of a convolution) as a gather: one output per invocation.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/activation.wgsl

@group(0) @binding(0) var<uniform> p: ConvTranspose2dParams;
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
    let ocg = p.oc / p.groups;
    let icg = p.ic / p.groups;
    let first_channel = (oc / ocg) * icg;
    let taps = p.kh * p.kw;
    let plane = p.ih * p.iw;

    var sum = 0.0;
    for (var ky = 0u; ky < p.kh; ky++) {
        // Input row iy reaches output row iy * sh + ky * dh - pt.
        let ty = oy + p.pt;
        if (ty < ky * p.dh) { break; }
        let iy = (ty - ky * p.dh) / p.sh;
        if ((ty - ky * p.dh) % p.sh != 0u || iy >= p.ih) { continue; }
        for (var kx = 0u; kx < p.kw; kx++) {
            let tx = ox + p.pl;
            if (tx < kx * p.dw) { break; }
            let ix = (tx - kx * p.dw) / p.sw;
            if ((tx - kx * p.dw) % p.sw != 0u || ix >= p.iw) { continue; }
            var at = (n * p.ic + first_channel) * plane + iy * p.iw + ix;
            var kernel = (first_channel * ocg + oc % ocg) * taps + ky * p.kw + kx;
            // Runs of 64 channels are added up separately: rounding errors grow with the length of a sum.
            for (var first = 0u; first < icg; first += 64u) {
                var run = 0.0;
                for (var c = first; c < min(first + 64u, icg); c++) {
                    run += x[at] * w[kernel];
                    at += plane;
                    kernel += ocg * taps;
                }
                sum += run;
            }
        }
    }
    if (p.has_bias == 1u) { sum += bias[oc]; }
    y[i] = activate(p.act, sum, p.act_a, p.act_b);
}
