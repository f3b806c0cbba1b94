// y = act(a op b) with broadcasting: stride 0 repeats.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/activation.wgsl

@group(0) @binding(0) var<uniform> p: BinaryParams;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn combine(left: f32, right: f32) -> f32 {
    switch p.kind {
        case 1u: { return left - right; }
        case 2u: { return left * right; }
        case 3u: { return left / right; }
        case 4u: { return max(left, right); }
        case 5u: { return min(left, right); }
        case 6u: { return pow_f32(left, right); }
        default: { return left + right; }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    if (i >= p.len) { return; }
    var rest = i;
    var ai = 0u;
    var bi = 0u;
    for (var d = 8u; d > 0u; d--) {
        let q = (d - 1u) / 4u;
        let r = (d - 1u) % 4u;
        let length = p.shape[q][r];
        // Most of the eight dimensions are 1; every invocation skips the same ones.
        if (length == 1u) { continue; }
        let at = rest % length;
        rest = rest / length;
        ai += at * p.a_strides[q][r];
        bi += at * p.b_strides[q][r];
    }
    y[i] = activate(p.act, combine(a[ai], b[bi]), p.act_a, p.act_b);
}
