// Adjoint of the resize as a gather: every input pixel asks the outputs that may have read it for their weight.
// #include shared/params.wgsl
// #include shared/index.wgsl
// #include shared/resize.wgsl

@group(0) @binding(0) var<uniform> p: ResizeParams;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// A range of outputs that surely holds all that read input i: the position grows with o, so the range of positions within 1.5
// of i is inverted and widened by 2. What is clamped at a border belongs to the border cell.
fn readers(i: u32, in_length: u32, out_length: u32, scale: f32) -> vec2<u32> {
    let zero = source_position(0u, in_length, out_length, scale, p.coord);
    let slope = source_position(1u, in_length, out_length, scale, p.coord) - zero;
    if (out_length < 2u || slope <= 0.0) { return vec2<u32>(0u, out_length); }
    let limit = f32(out_length);
    var first = clamp(floor((f32(i) - 1.5 - zero) / slope) - 2.0, 0.0, limit);
    var end = clamp(ceil((f32(i) + 1.5 - zero) / slope) + 3.0, 0.0, limit);
    if (i == 0u) { first = 0.0; }
    if (i + 1u == in_length) { end = limit; }
    return vec2<u32>(u32(first), u32(end));
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = linear_thread(group, groups, local);
    if (i >= p.nc * p.ih * p.iw) { return; }
    let iy = (i / p.iw) % p.ih;
    let ix = i % p.iw;
    let plane = (i / (p.iw * p.ih)) * p.oh * p.ow;
    let rows = readers(iy, p.ih, p.oh, p.scale_h);
    let columns = readers(ix, p.iw, p.ow, p.scale_w);
    var sum = 0.0;
    for (var oy = rows.x; oy < rows.y; oy++) {
        let wy = stencil_weight(stencil(oy, p.ih, p.oh, p.scale_h, p.mode, p.coord, p.nearest), iy);
        if (wy == 0.0) { continue; }
        for (var ox = columns.x; ox < columns.y; ox++) {
            let wx = stencil_weight(stencil(ox, p.iw, p.ow, p.scale_w, p.mode, p.coord, p.nearest), ix);
            sum += wy * wx * g[plane + oy * p.ow + ox];
        }
    }
    y[i] = sum;
}
