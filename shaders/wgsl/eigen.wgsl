// Dominant eigenvector of a symmetric matrix by power iteration: a workgroup per sample.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/tree.wgsl

@group(0) @binding(0) var<uniform> p: EigenParams;
@group(0) @binding(1) var<storage, read> power: array<f32>;
@group(0) @binding(2) var<storage, read> gram: array<f32>;
@group(0) @binding(3) var<storage, read> means: array<f32>;
@group(0) @binding(4) var<storage, read> side: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

// A step that moves the unit vector by less than 1e-6 is the last.
const SETTLED: f32 = 1e-12;
// Square of the deviation, in units of the mean, that counts as rounding (cpu/eigen.rs has the same number).
const FLAT: f32 = 1e-9;

// As long as the longest side that kernel.rs admits.
var<workgroup> v: array<f32, 3072>;
var<workgroup> settled: u32;

// (matrix v)_i, in sums of 32. The matrix is symmetric: reading it by columns, neighbours read neighbours.
fn times_power(at: u32, i: u32) -> f32 {
    var total = 0.0;
    for (var j0 = 0u; j0 < p.m; j0 += 32u) {
        var part = 0.0;
        for (var j = j0; j < min(j0 + 32u, p.m); j++) { part += power[at + j * p.m + i] * v[j]; }
        total += part;
    }
    return total;
}

fn times_gram(at: u32, i: u32) -> f32 {
    var total = 0.0;
    for (var j0 = 0u; j0 < p.m; j0 += 32u) {
        var part = 0.0;
        for (var j = j0; j < min(j0 + 32u, p.m); j++) { part += gram[at + j * p.m + i] * v[j]; }
        total += part;
    }
    return total;
}

fn inverse_length(squares: f32) -> f32 {
    return select(1.0 / sqrt(squares), 0.0, squares == 0.0);
}

// Index of the largest diagonal element: its column has a share of the wanted vector.
fn largest(local: u32, at: u32) -> u32 {
    var best = LOWEST;
    var place = 0.0;
    for (var i = local; i < p.m; i += 256u) {
        let d = power[at + i * (p.m + 1u)];
        if (d > best) {
            best = d;
            place = f32(i);
        }
    }
    let top = tree_max(local, best);
    let index = -tree_max(local, select(LOWEST, -place, best == top));
    return u32(clamp(index, 0.0, f32(p.m - 1u)));
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let sample = linear_group(group, groups);
    // The same for the whole workgroup, so no barrier is missed.
    if (sample >= p.n) { return; }
    let at = sample * p.m * p.m;
    let out = sample * p.m;
    let column = at + largest(local, at) * p.m;
    var squares = 0.0;
    for (var i = local; i < p.m; i += 256u) { squares += power[column + i] * power[column + i]; }
    let start_scale = inverse_length(tree_sum(local, squares));
    for (var i = local; i < p.m; i += 256u) { v[i] = power[column + i] * start_scale; }
    workgroupBarrier();
    for (var step = 0u; step < p.steps; step++) {
        squares = 0.0;
        for (var i = local; i < p.m; i += 256u) {
            let next = times_power(at, i);
            // The output holds the next vector until everyone has read the last one.
            y[out + i] = next;
            squares += next * next;
        }
        let scale = inverse_length(tree_sum(local, squares));
        var moved = 0.0;
        for (var i = local; i < p.m; i += 256u) {
            let next = y[out + i] * scale;
            moved += (next - v[i]) * (next - v[i]);
            v[i] = next;
        }
        let total = tree_sum(local, moved);
        if (local == 0u) { settled = select(0u, 1u, total <= SETTLED); }
        if (workgroupUniformLoad(&settled) == 1u) { break; }
    }
    var trace = 0.0;
    for (var i = local; i < p.m; i += 256u) { trace += gram[at + i * (p.m + 1u)]; }
    trace = tree_sum(local, trace);
    var offset = 0.0;
    for (var i = local; i < p.k; i += 256u) { offset += means[sample * p.k + i] * means[sample * p.k + i]; }
    offset = tree_sum(local, offset);
    var sum = 0.0;
    for (var i = local; i < p.m; i += 256u) { sum += v[i]; }
    var direction = tree_sum(local, sum);
    var length = 1.0;
    if (p.pixels == 1u) {
        var dot_side = 0.0;
        var sum_side = 0.0;
        var value = 0.0;
        for (var i = local; i < p.m; i += 256u) {
            dot_side += v[i] * side[out + i];
            sum_side += side[out + i];
            value += v[i] * times_gram(at, i);
        }
        dot_side = tree_sum(local, dot_side);
        direction = dot_side - direction * tree_sum(local, sum_side) / f32(p.m);
        length = sqrt(max(tree_sum(local, value), 0.0));
    }
    let flat_map = trace <= FLAT * f32(p.hw) * offset;
    length = select(length, -length, direction < 0.0);
    for (var i = local; i < p.m; i += 256u) { y[out + i] = select(v[i] * length, 0.0, flat_map); }
}
