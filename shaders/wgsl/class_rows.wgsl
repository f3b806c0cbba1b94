// The weight row of each explained class, scaled: the closed form of the gradient behind one Linear.
// #include shared/params.wgsl
// #include shared/index.wgsl

@group(0) @binding(0) var<uniform> p: ClassRowsParams;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    if (i >= p.n * p.classes * p.inner) { return; }
    let row = u32(index[(i / p.inner) % p.classes]);
    y[i] = p.scale * w[row * p.inner + i % p.inner];
}
