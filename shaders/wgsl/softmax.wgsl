// Softmax or log-softmax along the middle axis of (outer, axis, inner): a workgroup per row.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/tree.wgsl

@group(0) @binding(0) var<uniform> p: SoftmaxParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = linear_group(group, groups);
    let live = row < p.outer * p.inner;
    let safe = select(0u, row, live);
    let start = (safe / p.inner) * p.axis * p.inner + safe % p.inner;
    var highest = LOWEST;
    for (var k = local; k < p.axis; k += 256u) { highest = max(highest, x[start + k * p.inner]); }
    highest = tree_max(local, highest);
    var sum = 0.0;
    for (var k = local; k < p.axis; k += 256u) { sum += exp(x[start + k * p.inner] - highest); }
    sum = tree_sum(local, sum);
    if (live) {
        for (var k = local; k < p.axis; k += 256u) {
            let at = start + k * p.inner;
            let v = x[at] - highest;
            if (p.log == 1u) {
                y[at] = v - log(sum);
            } else {
                y[at] = exp(v) / sum;
            }
        }
    }
}
