// y = act(x w^T + bias) for few rows: four outputs per workgroup, 64 invocations on each dot product, then a tree.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/activation.wgsl

@group(0) @binding(0) var<uniform> p: LinearParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let id = p.base + linear_group(group, groups);
    let per_row = (p.n + 3u) / 4u;
    let row = id / per_row;
    let column = (id % per_row) * 4u + local / 64u;
    let lane = local % 64u;
    let live = row < p.m && column < p.n;
    var sum = 0.0;
    if (live) {
        // Runs of 32 products are added up separately: a long row loses less to rounding.
        for (var first = lane; first < p.k; first += 2048u) {
            var run = 0.0;
            for (var k = first; k < min(first + 2048u, p.k); k += 64u) { run += x[row * p.k + k] * w[column * p.k + k]; }
            sum += run;
        }
    }
    partial[local] = sum;
    for (var half = 32u; half > 0u; half = half >> 1u) {
        workgroupBarrier();
        if (lane < half) { partial[local] = partial[local] + partial[local + half]; }
    }
    if (live && lane == 0u) {
        var value = partial[local];
        if (p.has_bias == 1u) { value += bias[column]; }
        y[row * p.n + column] = activate(p.act, value, p.act_a, p.act_b);
    }
}
