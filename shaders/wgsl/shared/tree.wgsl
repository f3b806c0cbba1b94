// Tree reductions over the 256 invocations of a workgroup. Every invocation must call them, in uniform control flow.
var<workgroup> tree: array<f32, 256>;

fn tree_sum(local: u32, value: f32) -> f32 {
    tree[local] = value;
    for (var half = 128u; half > 0u; half = half >> 1u) {
        workgroupBarrier();
        if (local < half) { tree[local] = tree[local] + tree[local + half]; }
    }
    workgroupBarrier();
    let result = tree[0];
    // The next reduction overwrites the scratch.
    workgroupBarrier();
    return result;
}

fn tree_max(local: u32, value: f32) -> f32 {
    tree[local] = value;
    for (var half = 128u; half > 0u; half = half >> 1u) {
        workgroupBarrier();
        if (local < half) { tree[local] = max(tree[local], tree[local + half]); }
    }
    workgroupBarrier();
    let result = tree[0];
    workgroupBarrier();
    return result;
}

// The most negative f32: WGSL has no literal for minus infinity.
const LOWEST: f32 = -3.4028234e38;
