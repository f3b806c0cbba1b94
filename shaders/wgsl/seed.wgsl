// One-hot rows: the gradient of each explained class's logit with respect to the logits.
// #include shared/params.wgsl
// #include shared/index.wgsl

@group(0) @binding(0) var<uniform> p: SeedParams;
@group(0) @binding(1) var<storage, read> index: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    if (i >= p.n * p.classes * p.width) { return; }
    let wanted = u32(index[(i / p.width) % p.classes]);
    y[i] = select(0.0, 1.0, i % p.width == wanted);
}
