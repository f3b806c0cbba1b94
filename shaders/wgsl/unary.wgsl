// y = f(x), element by element.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/activation.wgsl

@group(0) @binding(0) var<uniform> p: UnaryParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    if (i >= p.len) { return; }
    y[i] = activate(p.kind, x[i], p.a, p.b);
}
