// (x - min) / (max - min) over each row; a constant row becomes zeros. A workgroup per row.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/tree.wgsl

@group(0) @binding(0) var<uniform> p: MinMaxParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = linear_group(group, groups);
    let live = row < p.outer;
    let start = select(0u, row, live) * p.len;
    var highest = LOWEST;
    var lowest_negated = LOWEST;
    for (var k = local; k < p.len; k += 256u) {
        let v = x[start + k];
        highest = max(highest, v);
        lowest_negated = max(lowest_negated, -v);
    }
    highest = tree_max(local, highest);
    let lowest = -tree_max(local, lowest_negated);
    let span = highest - lowest;
    if (live) {
        for (var k = local; k < p.len; k += 256u) {
            var v = 0.0;
            if (span > 0.0) { v = (x[start + k] - lowest) / span; }
            y[start + k] = v;
        }
    }
}
