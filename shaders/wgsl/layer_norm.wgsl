// Layer normalisation along the middle axis of (outer, axis, inner), variance over n: a workgroup per row.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/tree.wgsl

@group(0) @binding(0) var<uniform> p: LayerNormParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = linear_group(group, groups);
    let live = row < p.outer * p.inner;
    let safe = select(0u, row, live);
    let start = (safe / p.inner) * p.axis * p.inner + safe % p.inner;
    var sum = 0.0;
    for (var k = local; k < p.axis; k += 256u) { sum += x[start + k * p.inner]; }
    let mean = tree_sum(local, sum) / f32(p.axis);
    var squares = 0.0;
    for (var k = local; k < p.axis; k += 256u) {
        let d = x[start + k * p.inner] - mean;
        squares += d * d;
    }
    let deviation = sqrt(tree_sum(local, squares) / f32(p.axis) + p.eps);
    if (live) {
        for (var k = local; k < p.axis; k += 256u) {
            let at = start + k * p.inner;
            y[at] = (x[at] - mean) / deviation * scale[k] + bias[k];
        }
    }
}
