// A linear count of workgroups is dispatched as (x, y, 1) by dispatch.rs; these undo it.
fn linear_group(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}

// For kernels of 256 invocations with one element each.
fn linear_thread(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
    return linear_group(group, groups) * 256u + local;
}
