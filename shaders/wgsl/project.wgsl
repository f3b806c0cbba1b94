// Every pixel's deviation from the channel means along one direction. A workgroup makes 16 pixels, 16 invocations on each.
// #include shared/params.wgsl
// #include shared/index.wgsl

@group(0) @binding(0) var<uniform> p: ProjectParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> means: array<f32>;
@group(0) @binding(3) var<storage, read> direction: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let tiles = (p.hw + 15u) / 16u;
    let id = linear_group(group, groups);
    let sample = id / tiles;
    let px = (id % tiles) * 16u + local % 16u;
    let lane = local / 16u;
    let live = sample < p.n && px < p.hw;
    var sum = 0.0;
    if (live) {
        for (var k = lane; k < p.k; k += 16u) {
            let channel = sample * p.k + k;
            sum += direction[channel] * (x[channel * p.hw + px] - means[channel]);
        }
    }
    partial[local] = sum;
    for (var lanes = 8u; lanes > 0u; lanes = lanes >> 1u) {
        workgroupBarrier();
        if (lane < lanes) { partial[local] = partial[local] + partial[local + lanes * 16u]; }
    }
    if (live && lane == 0u) { y[sample * p.hw + px] = partial[local]; }
}
