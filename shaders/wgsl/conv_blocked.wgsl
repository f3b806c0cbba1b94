// Sixteen output channels of four pixels per invocation, groups == 1: no workgroup memory and no barriers. For software adapters
// (llvmpipe, SwiftShader), to whom workgroup memory is a gather and every load a loop over the lanes: what counts is how many
// products one load serves, here 3.2. Weights are packed as for the tiled paths.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/activation.wgsl

@group(0) @binding(0) var<uniform> p: Conv2dParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const LANES: u32 = 16u;
// Products are summed in runs of RUN to 2 * RUN before they meet the total: rounding errors grow with the length of a sum.
const RUN: u32 = 32u;

// The four pixels of an invocation: where their image starts in x, their window's corner, and whether they exist.
struct Pixels { image: vec4<u32>, top: vec4<i32>, left: vec4<i32>, live: vec4<bool>, }

fn pixels_at(px: vec4<u32>) -> Pixels {
    let plane = p.oh * p.ow;
    let rest = px % plane;
    let top = vec4<i32>(rest / p.ow * p.sh) - i32(p.pt);
    let left = vec4<i32>(rest % p.ow * p.sw) - i32(p.pl);
    return Pixels(px / plane * (p.ic * p.ih * p.iw), top, left, px < vec4<u32>(p.n * plane));
}

// Adds one input value's products with sixteen weights.
fn add(sums: mat4x4<f32>, value: f32, weights: mat4x4<f32>) -> mat4x4<f32> {
    let v = vec4<f32>(value);
    return mat4x4<f32>(fma(v, weights[0], sums[0]), fma(v, weights[1], sums[1]), fma(v, weights[2], sums[2]), fma(v, weights[3], sums[3]));
}

fn store(px: u32, first: u32, sums: mat4x4<f32>) {
    let plane = p.oh * p.ow;
    if (px >= p.n * plane) { return; }
    let at = px / plane * p.oc * plane + px % plane;
    var channels = sums;
    for (var i = 0u; i < 16u; i++) {
        let oc = first + i;
        if (oc >= p.oc) { return; }
        var sum = channels[i / 4u][i % 4u];
        if (p.has_bias == 1u) { sum += bias[oc]; }
        y[at + oc * plane] = activate(p.act, sum, p.act_a, p.act_b);
    }
}

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let blocks = (p.oc + 15u) / 16u;
    let linear = p.base + linear_group(group, groups);
    let block = linear % blocks;
    let px = vec4<u32>((linear / blocks) * 4u * LANES + local) + vec4<u32>(0u, LANES, 2u * LANES, 3u * LANES);
    let pixels = pixels_at(px);
    // As pack.rs lays rows out: per tap its channels, padded to 16 from 16 channels on; columns padded to 64.
    let step = select(p.ic, (p.ic + 15u) / 16u * 16u, p.ic >= 16u);
    let columns = (p.oc + 63u) / 64u * 16u;
    let in_plane = p.ih * p.iw;

    var total_a = mat4x4<f32>();
    var total_b = mat4x4<f32>();
    var total_c = mat4x4<f32>();
    var total_d = mat4x4<f32>();
    var a = mat4x4<f32>();
    var b = mat4x4<f32>();
    var c = mat4x4<f32>();
    var d = mat4x4<f32>();
    var run = 0u;
    for (var tap = 0u; tap < p.kh * p.kw; tap++) {
        let iy = pixels.top + i32(tap / p.kw * p.dh);
        let ix = pixels.left + i32(tap % p.kw * p.dw);
        let zero = vec4<i32>(0);
        let inside = pixels.live & (iy >= zero) & (iy < vec4<i32>(i32(p.ih))) & (ix >= zero) & (ix < vec4<i32>(i32(p.iw)));
        var at = select(vec4<u32>(0u), pixels.image + vec4<u32>(iy * i32(p.iw) + ix), inside);
        var row = tap * step * columns + block * 4u;
        for (var first = 0u; first < p.ic; first += RUN) {
            let count = min(RUN, p.ic - first);
            for (var k = 0u; k < count; k++) {
                let v = select(vec4<f32>(0.0), vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
                let weights = mat4x4<f32>(w[row], w[row + 1u], w[row + 2u], w[row + 3u]);
                a = add(a, v.x, weights);
                b = add(b, v.y, weights);
                c = add(c, v.z, weights);
                d = add(d, v.w, weights);
                at += in_plane;
                row += columns;
            }
            run += count;
            if (run >= RUN) {
                total_a += a;
                total_b += b;
                total_c += c;
                total_d += d;
                a = mat4x4<f32>();
                b = mat4x4<f32>();
                c = mat4x4<f32>();
                d = mat4x4<f32>();
                run = 0u;
            }
        }
    }
    store(px.x, block * 16u, total_a + a);
    store(px.y, block * 16u, total_b + b);
    store(px.z, block * 16u, total_c + c);
    store(px.w, block * 16u, total_d + d);
}
