// Transpose, slice, pad, expand, a part of a concatenation, and their adjoints: see CopyParams.
// #include shared/params.wgsl
// #include shared/index.wgsl

@group(0) @binding(0) var<uniform> p: CopyParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    if (i >= p.len) { return; }
    var rest = i;
    var from_index = 0u;
    var to_index = p.out_offset;
    var taken = true;
    for (var d = 8u; d > 0u; d--) {
        let q = (d - 1u) / 4u;
        let r = (d - 1u) % 4u;
        let at = rest % p.shape[q][r];
        rest = rest / p.shape[q][r];
        to_index += at * p.out_strides[q][r];
        let t = i32(at) * p.step[q][r] + p.start[q][r];
        let source = t / p.divide[q][r];
        if (t < 0 || t % p.divide[q][r] != 0 || source >= i32(p.in_shape[q][r])) {
            taken = false;
        } else {
            from_index += u32(source) * p.in_strides[q][r];
        }
    }
    var v = p.fill;
    if (taken) { v = x[from_index]; }
    y[to_index] = v;
}
