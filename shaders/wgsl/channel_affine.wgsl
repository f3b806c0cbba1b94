// y = act(x * scale[c] + shift[c]) over (n, c, inner).
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/activation.wgsl

@group(0) @binding(0) var<uniform> p: ChannelAffineParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> shift: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    if (i >= p.n * p.c * p.inner) { return; }
    let c = (i / p.inner) % p.c;
    y[i] = activate(p.act, x[i] * scale[c] + shift[c], p.act_a, p.act_b);
}
