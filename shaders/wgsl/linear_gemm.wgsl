// y = act(x w^T + bias) for many rows: 64 x 64 outputs per workgroup, 4 x 4 per invocation, tiles of 16 along k.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/activation.wgsl

@group(0) @binding(0) var<uniform> p: LinearParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// Row k of a tile: 16 quads of neighbouring rows of x, or of w; one quad of padding spreads the rows over memory banks.
const STRIDE: u32 = 17u;
var<workgroup> tile_x: array<vec4<f32>, 272>;
var<workgroup> tile_w: array<vec4<f32>, 272>;

fn load_x(row: u32, k: u32) -> f32 {
    let live = row < p.m && k < p.k;
    return select(0.0, x[select(0u, row * p.k + k, live)], live);
}

fn load_w(row: u32, k: u32) -> f32 {
    let live = row < p.n && k < p.k;
    return select(0.0, w[select(0u, row * p.k + k, live)], live);
}

fn store(row: u32, column: u32, value: vec4<f32>) {
    if (row >= p.m) { return; }
    for (var j = 0u; j < 4u; j++) {
        if (column + j >= p.n) { return; }
        var v = value[j];
        if (p.has_bias == 1u) { v += bias[column + j]; }
        y[row * p.n + column + j] = activate(p.act, v, p.act_a, p.act_b);
    }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let id = p.base + linear_group(group, groups);
    let columns = (p.n + 63u) / 64u;
    let row0 = (id / columns) * 64u;
    let column0 = (id % columns) * 64u;
    // Loading: 16 neighbouring invocations (tx) read 16 neighbouring k. Computing: tx picks 4 columns, ty 4 rows.
    let tx = local % 16u;
    let ty = local / 16u;
    var acc0 = vec4<f32>(0.0);
    var acc1 = vec4<f32>(0.0);
    var acc2 = vec4<f32>(0.0);
    var acc3 = vec4<f32>(0.0);
    // Runs of 64 products are added up separately: a long row loses less to rounding.
    var total = array<vec4<f32>, 4>();
    for (var k0 = 0u; k0 < p.k; k0 += 16u) {
        let k = k0 + tx;
        let r = row0 + ty * 4u;
        let c = column0 + ty * 4u;
        tile_x[tx * STRIDE + ty] = vec4<f32>(load_x(r, k), load_x(r + 1u, k), load_x(r + 2u, k), load_x(r + 3u, k));
        tile_w[tx * STRIDE + ty] = vec4<f32>(load_w(c, k), load_w(c + 1u, k), load_w(c + 2u, k), load_w(c + 3u, k));
        workgroupBarrier();
        for (var i = 0u; i < 16u; i++) {
            let a = tile_x[i * STRIDE + ty];
            let b = tile_w[i * STRIDE + tx];
            acc0 += a.x * b;
            acc1 += a.y * b;
            acc2 += a.z * b;
            acc3 += a.w * b;
        }
        if (k0 % 64u == 48u) {
            total[0] += acc0;
            total[1] += acc1;
            total[2] += acc2;
            total[3] += acc3;
            acc0 = vec4<f32>(0.0);
            acc1 = vec4<f32>(0.0);
            acc2 = vec4<f32>(0.0);
            acc3 = vec4<f32>(0.0);
        }
        workgroupBarrier();
    }
    let row = row0 + ty * 4u;
    let column = column0 + tx * 4u;
    store(row, column, total[0] + acc0);
    store(row + 1u, column, total[1] + acc1);
    store(row + 2u, column, total[2] + acc2);
    store(row + 3u, column, total[3] + acc3);
}
