// Products of every pair of rows, y = r r^T: 64 x 64 outputs per workgroup, 4 x 4 per invocation, tiles of 16 along the sum.
// Only tiles on and above the diagonal are computed; the others are their mirror images.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/tree.wgsl

@group(0) @binding(0) var<uniform> p: GramParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> shift: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// Below this a trace counts as zero: its reciprocal would leave the f32 range.
const TINY: f32 = 1e-30;

// Row k of a tile: 16 quads of neighbouring rows; one quad of padding spreads the rows over memory banks.
const STRIDE: u32 = 17u;
var<workgroup> tile_r: array<vec4<f32>, 272>;
var<workgroup> tile_c: array<vec4<f32>, 272>;

var<private> sample: u32;
var<private> end: u32;
var<private> scale: f32;

fn load(row: u32, k: u32) -> f32 {
    if (row >= p.m || k >= end) { return 0.0; }
    let start = sample * p.m * p.len;
    switch p.form {
        case 1u: { return x[start + row * p.len + k] - shift[sample * p.m + row]; }
        case 2u: { return x[start + k * p.m + row] - shift[sample * p.len + k]; }
        default: { return x[start + row * p.len + k] * scale; }
    }
}

fn load4(row: u32, k: u32) -> vec4<f32> {
    return vec4<f32>(load(row, k), load(row + 1u, k), load(row + 2u, k), load(row + 3u, k));
}

fn store(at: u32, mirror: bool, row: u32, column: u32, value: vec4<f32>) {
    if (row >= p.m) { return; }
    for (var j = 0u; j < 4u; j++) {
        if (column + j >= p.m) { return; }
        y[at + row * p.m + column + j] = value[j];
        if (mirror) { y[at + (column + j) * p.m + row] = value[j]; }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let id = p.base + linear_group(group, groups);
    let tiles = (p.m + 63u) / 64u;
    let pairs = tiles * (tiles + 1u) / 2u;
    let item = id / pairs;
    // The same for the whole workgroup, so no barrier is missed.
    if (item >= p.n * p.parts) { return; }
    var tile_column = id % pairs;
    var tile_row = 0u;
    while (tile_column >= tiles - tile_row) {
        tile_column -= tiles - tile_row;
        tile_row += 1u;
    }
    tile_column += tile_row;
    sample = item / p.parts;
    let first = (item % p.parts) * p.part;
    end = min(first + p.part, p.len);
    scale = 1.0;
    if (p.form == 0u) {
        var diagonal = 0.0;
        for (var i = local; i < p.m; i += 256u) { diagonal += x[(sample * p.m + i) * p.m + i]; }
        let trace = tree_sum(local, diagonal);
        scale = select(1.0 / trace, 0.0, trace <= TINY);
    }
    // Computing: tx picks 4 columns, ty 4 rows. Loading: neighbouring invocations read what lies side by side in memory.
    let tx = local % 16u;
    let ty = local / 16u;
    let k_local = select(tx, ty, p.form == 2u);
    let quad = select(ty, tx, p.form == 2u);
    let row0 = tile_row * 64u;
    let column0 = tile_column * 64u;
    var acc0 = vec4<f32>(0.0);
    var acc1 = vec4<f32>(0.0);
    var acc2 = vec4<f32>(0.0);
    var acc3 = vec4<f32>(0.0);
    for (var k0 = first; k0 < first + p.part; k0 += 16u) {
        tile_r[k_local * STRIDE + quad] = load4(row0 + quad * 4u, k0 + k_local);
        tile_c[k_local * STRIDE + quad] = load4(column0 + quad * 4u, k0 + k_local);
        workgroupBarrier();
        // Sums of 16 are added up separately: a long row loses less to rounding.
        var sum0 = vec4<f32>(0.0);
        var sum1 = vec4<f32>(0.0);
        var sum2 = vec4<f32>(0.0);
        var sum3 = vec4<f32>(0.0);
        for (var i = 0u; i < 16u; i++) {
            let a = tile_r[i * STRIDE + ty];
            let b = tile_c[i * STRIDE + tx];
            sum0 += a.x * b;
            sum1 += a.y * b;
            sum2 += a.z * b;
            sum3 += a.w * b;
        }
        acc0 += sum0;
        acc1 += sum1;
        acc2 += sum2;
        acc3 += sum3;
        workgroupBarrier();
    }
    let at = item * p.m * p.m;
    let mirror = tile_row != tile_column;
    let row = row0 + ty * 4u;
    let column = column0 + tx * 4u;
    store(at, mirror, row, column, acc0);
    store(at, mirror, row + 1u, column, acc1);
    store(at, mirror, row + 2u, column, acc2);
    store(at, mirror, row + 3u, column, acc3);
}
