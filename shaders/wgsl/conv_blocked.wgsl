// Sixteen output channels of one pixel per invocation, groups == 1: no workgroup memory and no barriers, all weights read
// uniformly. Software adapters (llvmpipe, SwiftShader) run it several times faster than the tiled kernels, whose workgroup
// memory is a gather to them. Weights are packed as for the tiled paths.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/activation.wgsl

@group(0) @binding(0) var<uniform> p: Conv2dParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const LANES: u32 = 64u;

fn store(at: u32, oc: u32, plane: u32, v: f32) {
    if (oc >= p.oc) { return; }
    var sum = v;
    if (p.has_bias == 1u) { sum += bias[oc]; }
    y[at + oc * plane] = activate(p.act, sum, p.act_a, p.act_b);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let blocks = (p.oc + 15u) / 16u;
    let linear = p.base + linear_group(group, groups);
    let block = linear % blocks;
    let pixel = (linear / blocks) * LANES + local;
    let plane = p.oh * p.ow;
    if (pixel >= p.n * plane) { return; }
    let ox = pixel % p.ow;
    let oy = (pixel / p.ow) % p.oh;
    let n = pixel / plane;
    let top = i32(oy * p.sh) - i32(p.pt);
    let left = i32(ox * p.sw) - i32(p.pl);
    // As pack.rs lays rows out: per tap its channels, padded to 16 from 16 channels on; columns padded to 64.
    let step = select(p.ic, (p.ic + 15u) / 16u * 16u, p.ic >= 16u);
    let columns = (p.oc + 63u) / 64u * 16u;
    let in_plane = p.ih * p.iw;
    let image = n * p.ic * in_plane;

    var a = vec4<f32>();
    var b = vec4<f32>();
    var c = vec4<f32>();
    var d = vec4<f32>();
    for (var tap = 0u; tap < p.kh * p.kw; tap++) {
        let iy = top + i32(tap / p.kw * p.dh);
        let ix = left + i32(tap % p.kw * p.dw);
        let inside = iy >= 0 && iy < i32(p.ih) && ix >= 0 && ix < i32(p.iw);
        var at = image + select(0u, u32(iy) * p.iw + u32(ix), inside);
        var row = tap * step * columns + block * 4u;
        for (var k = 0u; k < p.ic; k++) {
            let v = select(0.0, x[at], inside);
            a = fma(vec4<f32>(v), w[row], a);
            b = fma(vec4<f32>(v), w[row + 1u], b);
            c = fma(vec4<f32>(v), w[row + 2u], c);
            d = fma(vec4<f32>(v), w[row + 3u], d);
            at += in_plane;
            row += columns;
        }
    }
    let out = n * p.oc * plane + oy * p.ow + ox;
    let first = block * 16u;
    for (var i = 0u; i < 4u; i++) {
        store(out, first + i, plane, a[i]);
        store(out, first + 4u + i, plane, b[i]);
        store(out, first + 8u + i, plane, c[i]);
        store(out, first + 12u + i, plane, d[i]);
    }
}
