// Adjoint of pooling as a gather: each input cell adds up the windows it belongs to. Average: an equal share. Max: the window's
// gradient where this cell is its first maximum in scan order (PyTorch's choice among ties).
// #include shared/params.wgsl
// #include shared/index.wgsl

@group(0) @binding(0) var<uniform> p: PoolParams;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// How many cells an average window counts.
fn window_count(oy: u32, ox: u32) -> u32 {
    var count = 0u;
    for (var ky = 0u; ky < p.kh; ky++) {
        let py = oy * p.sh + ky * p.dh;
        if (py >= p.ih + p.pt + p.pb) { break; }
        for (var kx = 0u; kx < p.kw; kx++) {
            let px = ox * p.sw + kx * p.dw;
            if (px >= p.iw + p.pl + p.pr) { break; }
            let inside = py >= p.pt && py - p.pt < p.ih && px >= p.pl && px - p.pl < p.iw;
            if (inside || p.count_include_pad == 1u) { count += 1u; }
        }
    }
    return max(count, 1u);
}

// The cell (iy * iw + ix) of the first maximum of a window.
fn first_maximum(plane: u32, oy: u32, ox: u32) -> u32 {
    var best = 0xffffffffu;
    var highest = 0.0;
    for (var ky = 0u; ky < p.kh; ky++) {
        let py = oy * p.sh + ky * p.dh;
        if (py < p.pt || py - p.pt >= p.ih) { continue; }
        for (var kx = 0u; kx < p.kw; kx++) {
            let px = ox * p.sw + kx * p.dw;
            if (px < p.pl || px - p.pl >= p.iw) { continue; }
            let cell = (py - p.pt) * p.iw + (px - p.pl);
            let v = x[plane + cell];
            if (best == 0xffffffffu || v > highest) {
                best = cell;
                highest = v;
            }
        }
    }
    return best;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let i = (p.base + linear_group(group, groups)) * 256u + local;
    if (i >= p.nc * p.ih * p.iw) { return; }
    let cell = i % (p.ih * p.iw);
    let ty = cell / p.iw + p.pt;
    let tx = cell % p.iw + p.pl;
    let row = i / (p.ih * p.iw);
    let windows = row * p.oh * p.ow;
    // The forward tensor has no class axis.
    let plane = ((row / p.ch / p.classes) * p.ch + row % p.ch) * p.ih * p.iw;
    var sum = 0.0;
    // From the last tap to the first: windows from the first to the last.
    for (var ky = p.kh; ky > 0u; ky--) {
        let dy = (ky - 1u) * p.dh;
        if (ty < dy || (ty - dy) % p.sh != 0u) { continue; }
        let oy = (ty - dy) / p.sh;
        if (oy >= p.oh) { continue; }
        for (var kx = p.kw; kx > 0u; kx--) {
            let dx = (kx - 1u) * p.dw;
            if (tx < dx || (tx - dx) % p.sw != 0u) { continue; }
            let ox = (tx - dx) / p.sw;
            if (ox >= p.ow) { continue; }
            let v = g[windows + oy * p.ow + ox];
            if (p.mode == 1u) {
                sum += v / f32(window_count(oy, ox));
            } else if (first_maximum(plane, oy, ox) == cell) {
                sum += v;
            }
        }
    }
    y[i] = sum;
}
