// As reduce.wgsl where `inner` is long: an invocation per output, so that neighbours read neighbours.
// #include shared/params.wgsl
// #include shared/index.wgsl

@group(0) @binding(0) var<uniform> p: ReduceParams;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    if (i >= p.outer * p.inner) { return; }
    let start = (i / p.inner) * p.red * p.inner + i % p.inner;
    var value = x[start];
    // Sums of 32 are added up separately: a long column loses less to rounding.
    var total = 0.0;
    for (var k = 1u; k < p.red; k++) {
        let v = x[start + k * p.inner];
        switch p.kind {
            case 2u: { value = max(value, v); }
            case 3u: { value = min(value, v); }
            default: {
                if (k % 32u == 0u) {
                    total += value;
                    value = 0.0;
                }
                value += v;
            }
        }
    }
    value += total;
    if (p.kind == 1u) { value = value / f32(p.red); }
    y[i] = value;
}
