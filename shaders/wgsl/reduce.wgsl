// Sum, mean, maximum or minimum along the middle axis of (outer, red, inner): a workgroup per output.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/tree.wgsl

@group(0) @binding(0) var<uniform> p: ReduceParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = linear_group(group, groups);
    let live = row < p.outer * p.inner;
    // A row past the end reads the first row and is not written: barriers need every invocation.
    let safe = select(0u, row, live);
    let start = (safe / p.inner) * p.red * p.inner + safe % p.inner;
    let extreme = p.kind >= 2u;
    let turn = select(1.0, -1.0, p.kind == 3u);
    var value = select(0.0, LOWEST, extreme);
    for (var k = local; k < p.red; k += 256u) {
        let v = x[start + k * p.inner];
        value = select(value + v, max(value, turn * v), extreme);
    }
    var result = 0.0;
    if (extreme) {
        result = turn * tree_max(local, value);
    } else {
        result = tree_sum(local, value);
    }
    if (p.kind == 1u) { result = result / f32(p.red); }
    if (live && local == 0u) { y[row] = result; }
}
