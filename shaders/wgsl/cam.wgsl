// Class activation maps: sums over channels of g * a. A workgroup makes 16 pixels of one map, 16 invocations on each.
// #include shared/params.wgsl
// #include shared/index.wgsl

@group(0) @binding(0) var<uniform> p: CamParams;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, 256>;

fn term(gradient: f32, activation: f32) -> f32 {
    switch p.mode {
        case 1u: { return max(gradient * activation, 0.0); }
        case 2u: { return max(gradient, 0.0) * activation; }
        default: { return gradient * activation; }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let tiles = (p.hw + 15u) / 16u;
    let id = linear_group(group, groups);
    let row = id / tiles;
    let px = (id % tiles) * 16u + local % 16u;
    let lane = local / 16u;
    let live = row < p.n * p.classes && px < p.hw;
    var sum = 0.0;
    if (live) {
        for (var k = lane; k < p.k; k += 16u) {
            var gi = row * p.k + k;
            if (p.spatial == 1u) { gi = gi * p.hw + px; }
            sum += term(g[gi], a[((row / p.classes) * p.k + k) * p.hw + px]);
        }
    }
    partial[local] = sum;
    for (var lanes = 8u; lanes > 0u; lanes = lanes >> 1u) {
        workgroupBarrier();
        if (lane < lanes) { partial[local] = partial[local] + partial[local + lanes * 16u]; }
    }
    if (live && lane == 0u) {
        var m = partial[local];
        if (p.relu == 1u) { m = max(m, 0.0); }
        y[row * p.hw + px] = m;
    }
}
