// Convolution with groups == 1 as an implicit matrix product: output channels x output pixels (of all images), over
// k = (ky * kw + kx) * ic + c. Weights come packed by pack.rs: row k holds all output channels, padded to 64 of them and 16 rows.
// A workgroup makes TILE_OC x TILE_PX outputs, an invocation 8 x 4, from tiles of 16 rows in workgroup memory.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/activation.wgsl
// #variant conv_gemm SHAPE=0 TILE_OC=64 TILE_PX=128
// #variant conv_gemm_small SHAPE=0 TILE_OC=32 TILE_PX=32
// #variant conv_taps SHAPE=1 TILE_OC=64 TILE_PX=128
// #variant conv_taps_small SHAPE=1 TILE_OC=32 TILE_PX=32
// #variant conv_3x3 SHAPE=2 TILE_OC=64 TILE_PX=128
// #variant conv_3x3_small SHAPE=2 TILE_OC=32 TILE_PX=32
// #variant conv_1x1 SHAPE=3 TILE_OC=64 TILE_PX=128
// #variant conv_1x1_small SHAPE=3 TILE_OC=32 TILE_PX=32

// 0: any channel count, (tap, channel) divided out of k at every load. 1: ic is padded to 16, so a tile of 16 rows lies in one
// tap and border checks are made once for it. 2: as 1 for 3x3, stride 1, dilation 1. 3: 1x1, stride 1, no padding.
override SHAPE: u32 = 0u;
override TILE_OC: u32 = 64u;
override TILE_PX: u32 = 128u;
const TILE_K: u32 = 16u;

@group(0) @binding(0) var<uniform> p: Conv2dParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

var<workgroup> tile_w: array<vec4<f32>, TILE_K * TILE_OC / 4u>;
var<workgroup> tile_x: array<vec4<f32>, TILE_K * TILE_PX / 4u>;

// Four neighbouring output pixels: where their image starts in x, their window's corner, and whether they exist.
struct Pixels { image: vec4<u32>, top: vec4<i32>, left: vec4<i32>, live: vec4<bool>, }
// Addresses of those pixels under one kernel tap, in channel 0.
struct Tap { at: vec4<u32>, inside: vec4<bool>, }

fn pixels_at(px: vec4<u32>) -> Pixels {
    let live = px < vec4<u32>(p.n * p.oh * p.ow);
    let image = (px / (p.oh * p.ow)) * (p.ic * p.ih * p.iw);
    let rest = px % (p.oh * p.ow);
    if (SHAPE == 3u) { return Pixels(image + rest, vec4<i32>(0), vec4<i32>(0), live); }
    let stride = select(vec2<u32>(p.sh, p.sw), vec2<u32>(1u), SHAPE == 2u);
    let top = vec4<i32>((rest / p.ow) * stride.x) - vec4<i32>(i32(p.pt));
    let left = vec4<i32>((rest % p.ow) * stride.y) - vec4<i32>(i32(p.pl));
    return Pixels(image, top, left, live);
}

fn tap_at(pixels: Pixels, ky: u32, kx: u32) -> Tap {
    if (SHAPE == 3u) { return Tap(pixels.image, pixels.live); }
    let dilation = select(vec2<u32>(p.dh, p.dw), vec2<u32>(1u), SHAPE == 2u);
    let iy = pixels.top + vec4<i32>(i32(ky * dilation.x));
    let ix = pixels.left + vec4<i32>(i32(kx * dilation.y));
    let zero = vec4<i32>(0);
    let inside = pixels.live & (iy >= zero) & (iy < vec4<i32>(i32(p.ih))) & (ix >= zero) & (ix < vec4<i32>(i32(p.iw)));
    return Tap(pixels.image + vec4<u32>(iy * i32(p.iw) + ix), inside);
}

fn fetch(tap: Tap, channel: u32, live: bool) -> vec4<f32> {
    let inside = tap.inside & vec4<bool>(live);
    let at = select(vec4<u32>(0u), tap.at + channel * p.ih * p.iw, inside);
    return select(vec4<f32>(0.0), vec4<f32>(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
}

fn store(pixels: Pixels, px: vec4<u32>, oc: u32, value: vec4<f32>) {
    let area = p.oh * p.ow;
    var shift = 0.0;
    if (p.has_bias == 1u) { shift = bias[oc]; }
    let at = (px / area) * (p.oc * area) + oc * area + px % area;
    for (var j = 0u; j < 4u; j++) {
        if (pixels.live[j]) { y[at[j]] = activate(p.act, value[j] + shift, p.act_a, p.act_b); }
    }
}

@compute @workgroup_size((TILE_OC / 8u) * (TILE_PX / 4u))
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let px_quads = TILE_PX / 4u;
    let oc_quads = TILE_OC / 4u;
    let threads = (TILE_OC / 8u) * px_quads;
    // Neighbouring groups share their pixels, which stay in cache, and walk through the channels.
    let id = p.base + linear_group(group, groups);
    let oc_tiles = (p.oc + TILE_OC - 1u) / TILE_OC;
    let first_oc = (id % oc_tiles) * TILE_OC;
    let tx = local % px_quads;
    let ty = local / px_quads;
    let px = vec4<u32>((id / oc_tiles) * TILE_PX + tx * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
    let pixels = pixels_at(px);

    let kernel = select(vec2<u32>(p.kh, p.kw), vec2<u32>(3u), SHAPE == 2u);
    let taps = kernel.x * kernel.y;
    let row_length = ((p.oc + 63u) / 64u) * 16u;
    let chunks = select(taps * ((p.ic + TILE_K - 1u) / TILE_K), (taps * p.ic + TILE_K - 1u) / TILE_K, SHAPE == 0u);

    var acc0 = vec4<f32>(0.0);
    var acc1 = vec4<f32>(0.0);
    var acc2 = vec4<f32>(0.0);
    var acc3 = vec4<f32>(0.0);
    var acc4 = vec4<f32>(0.0);
    var acc5 = vec4<f32>(0.0);
    var acc6 = vec4<f32>(0.0);
    var acc7 = vec4<f32>(0.0);
    // Runs of 64 products are added up separately: rounding errors grow with the length of a sum.
    var total = array<vec4<f32>, 8>();
    var ky = 0u;
    var kx = 0u;
    var c0 = 0u;
    for (var chunk = 0u; chunk < chunks; chunk++) {
        for (var i = local; i < TILE_K * oc_quads; i += threads) {
            tile_w[i] = w[(chunk * TILE_K + i / oc_quads) * row_length + first_oc / 4u + i % oc_quads];
        }
        if (SHAPE == 0u) {
            for (var row = ty; row < TILE_K; row += TILE_OC / 8u) {
                let k = chunk * TILE_K + row;
                let index = k / p.ic;
                let tap = tap_at(pixels, index / p.kw, index % p.kw);
                tile_x[row * px_quads + tx] = fetch(tap, k % p.ic, index < taps);
            }
        } else {
            let tap = tap_at(pixels, ky, kx);
            for (var row = ty; row < TILE_K; row += TILE_OC / 8u) {
                tile_x[row * px_quads + tx] = fetch(tap, c0 + row, c0 + row < p.ic);
            }
            c0 += TILE_K;
            if (c0 >= p.ic) {
                c0 = 0u;
                kx += 1u;
                if (kx == kernel.y) { kx = 0u; ky += 1u; }
            }
        }
        workgroupBarrier();
        for (var k = 0u; k < TILE_K; k++) {
            let b = tile_x[k * px_quads + tx];
            let lower = tile_w[k * oc_quads + ty * 2u];
            let upper = tile_w[k * oc_quads + ty * 2u + 1u];
            acc0 += lower.x * b;
            acc1 += lower.y * b;
            acc2 += lower.z * b;
            acc3 += lower.w * b;
            acc4 += upper.x * b;
            acc5 += upper.y * b;
            acc6 += upper.z * b;
            acc7 += upper.w * b;
        }
        if (chunk % 4u == 3u) {
            total[0] += acc0;
            total[1] += acc1;
            total[2] += acc2;
            total[3] += acc3;
            total[4] += acc4;
            total[5] += acc5;
            total[6] += acc6;
            total[7] += acc7;
            acc0 = vec4<f32>(0.0);
            acc1 = vec4<f32>(0.0);
            acc2 = vec4<f32>(0.0);
            acc3 = vec4<f32>(0.0);
            acc4 = vec4<f32>(0.0);
            acc5 = vec4<f32>(0.0);
            acc6 = vec4<f32>(0.0);
            acc7 = vec4<f32>(0.0);
        }
        workgroupBarrier();
    }
    var acc = array<vec4<f32>, 8>(acc0, acc1, acc2, acc3, acc4, acc5, acc6, acc7);
    for (var j = 0u; j < 8u; j++) {
        let oc = first_oc + ty * 8u + j;
        if (oc < p.oc) { store(pixels, px, oc, total[j] + acc[j]); }
    }
}
