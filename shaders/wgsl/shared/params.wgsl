// Uniform parameters of every kernel. build.rs turns each struct into a Rust struct of the same name, with the
// layout naga computes, so the two can never differ. Sizes are in elements, tensors are contiguous f32 in
// (N, C, H, W) order unless a field says otherwise. `classes` is the number of explained classes: a tensor that
// carries the class axis has leading index n * classes + c, and the forward tensor it meets has leading index n.

// conv2d.wgsl, conv_gemm.wgsl: x (n, ic, ih, iw), w (oc, ic / groups, kh, kw), bias (oc) -> y (n, oc, oh, ow).
struct Conv2dParams {
    n: u32, ic: u32, ih: u32, iw: u32,
    oc: u32, oh: u32, ow: u32, groups: u32,
    kh: u32, kw: u32, sh: u32, sw: u32,
    pt: u32, pl: u32, dh: u32, dw: u32,
    has_bias: u32, act: u32, act_a: f32, act_b: f32,
    // First linear workgroup of this dispatch: lets a long layer be submitted in slices.
    base: u32, pad0: u32, pad1: u32, pad2: u32,
}

// conv_transpose2d.wgsl: x (n, ic, ih, iw), w (ic, oc / groups, kh, kw), bias (oc) -> y (n, oc, oh, ow).
struct ConvTranspose2dParams {
    n: u32, ic: u32, ih: u32, iw: u32,
    oc: u32, oh: u32, ow: u32, groups: u32,
    kh: u32, kw: u32, sh: u32, sw: u32,
    pt: u32, pl: u32, dh: u32, dw: u32,
    has_bias: u32, act: u32, act_a: f32, act_b: f32,
    base: u32, pad0: u32, pad1: u32, pad2: u32,
}

// linear.wgsl: x (m, k), w (n, k), bias (n) -> y (m, n).
struct LinearParams {
    m: u32, k: u32, n: u32, has_bias: u32,
    act: u32, act_a: f32, act_b: f32, base: u32,
}

// pool.wgsl: x (nc, ih, iw) -> y (nc, oh, ow). mode 0 max, 1 average. Average: windows reach into the padding on
// pt, pl, pb, pr; the divisor is the window clipped to the padded extent (count_include_pad = 1) or to the image (0).
// pool_grad.wgsl: g (n * classes, ch, oh, ow) [and x (n, ch, ih, iw) for max] -> (n * classes, ch, ih, iw); nc = n * classes * ch.
struct PoolParams {
    nc: u32, ih: u32, iw: u32, oh: u32,
    ow: u32, kh: u32, kw: u32, sh: u32,
    sw: u32, pt: u32, pl: u32, pb: u32,
    pr: u32, dh: u32, dw: u32, mode: u32,
    count_include_pad: u32, classes: u32, ch: u32, base: u32,
}

// reduce.wgsl: x (outer, red, inner) -> y (outer, inner). kind 0 sum, 1 mean, 2 max, 3 min. Global pooling is inner = 1.
struct ReduceParams { outer: u32, red: u32, inner: u32, kind: u32, }

// softmax.wgsl: over `axis` of (outer, axis, inner). log 1: log-softmax.
struct SoftmaxParams { outer: u32, axis: u32, inner: u32, log: u32, }

// layer_norm.wgsl: over `axis` of (outer, axis, inner); scale and bias are (axis).
struct LayerNormParams { outer: u32, axis: u32, inner: u32, eps: f32, }

// channel_affine.wgsl: y = x * scale[c] + shift[c], x (n, c, inner). Batch norm that could not be folded; input mean/std.
struct ChannelAffineParams { n: u32, c: u32, inner: u32, act: u32, act_a: f32, act_b: f32, pad0: u32, pad1: u32, }

// unary.wgsl: y = f(x). Codes in activation.wgsl. unary_grad.wgsl: g (n * classes, inner), x (n, inner) -> g * f'(x).
struct UnaryParams { len: u32, kind: u32, a: f32, b: f32, classes: u32, inner: u32, pad0: u32, pad1: u32, }

// binary.wgsl: y[i] = a[Σ i_d * a_strides_d] op b[Σ i_d * b_strides_d], stride 0 broadcasts. Rank is always 8, leading
// dimensions 1. kind 0 add, 1 sub, 2 mul, 3 div, 4 max, 5 min, 6 pow. act fused after.
struct BinaryParams {
    shape: array<vec4<u32>, 2>,
    a_strides: array<vec4<u32>, 2>,
    b_strides: array<vec4<u32>, 2>,
    len: u32, kind: u32, act: u32, act_a: f32,
    act_b: f32, pad0: u32, pad1: u32, pad2: u32,
}

// copy.wgsl: transpose, slice, pad, expand, one part of a concat, and their adjoints. For output index i (rank 8):
// t_d = i_d * step_d + start_d; taken when t_d >= 0, t_d % divide_d == 0 and t_d / divide_d < in_shape_d for all d, else `fill`.
// y[out_offset + Σ i_d * out_strides_d] = x[Σ (t_d / divide_d) * in_strides_d].
struct CopyParams {
    shape: array<vec4<u32>, 2>,
    in_shape: array<vec4<u32>, 2>,
    in_strides: array<vec4<u32>, 2>,
    out_strides: array<vec4<u32>, 2>,
    step: array<vec4<i32>, 2>,
    start: array<vec4<i32>, 2>,
    divide: array<vec4<i32>, 2>,
    len: u32, out_offset: u32, fill: f32, pad0: u32,
}

// resize.wgsl: x (nc, ih, iw) -> y (nc, oh, ow). mode 0 nearest, 1 bilinear. coord 0 half pixel, 1 align corners,
// 2 asymmetric, 3 pytorch half pixel (half pixel, but 0 where the output is 1 long). scale_* = input px per output px as the model says (used by coord 0, 2, 3).
// nearest rounding: 0 floor, 1 round-prefer-floor, 2 ceil, 3 round-prefer-ceil.
// resize_grad.wgsl: g (nc, oh, ow) -> (nc, ih, iw), the transpose of that linear map.
struct ResizeParams {
    nc: u32, ih: u32, iw: u32, oh: u32,
    ow: u32, mode: u32, coord: u32, nearest: u32,
    scale_h: f32, scale_w: f32, pad0: u32, pad1: u32,
}

// rgba8.wgsl: pixels (n, h, w) as packed RGBA8 u32, red in the low byte -> (n, 3, h, w), (v / 255 - mean) * inv_std. Alpha is ignored.
struct Rgba8Params {
    n: u32, h: u32, w: u32, pad0: u32,
    mean_r: f32, mean_g: f32, mean_b: f32, pad1: f32,
    inv_std_r: f32, inv_std_g: f32, inv_std_b: f32, pad2: f32,
}

// seed.wgsl: one-hot rows: y (n * classes, width); y[r, j] = 1 where j == index[r % classes] (index: u32 stored as f32 bits is not used: plain f32 values).
struct SeedParams { n: u32, classes: u32, width: u32, pad0: u32, }

// class_rows.wgsl: y (n * classes, inner) = scale * w[index[r % classes], :], w (total, inner).
struct ClassRowsParams { n: u32, classes: u32, inner: u32, scale: f32, }

// cam.wgsl: g (n * classes, k) if spatial == 0 else (n * classes, k, hw); a (n, k, hw) -> m (n, classes, hw).
// mode 0 Σ_k g·a; 1 Σ_k max(g·a, 0); 2 Σ_k max(g, 0)·a. relu 1: max(m, 0) after the sum.
struct CamParams { n: u32, classes: u32, k: u32, hw: u32, spatial: u32, mode: u32, relu: u32, pad0: u32, }

// gram.wgsl: products of every pair of rows r (m of len) -> y (n, parts, m, m); part j sums the `part` columns from j * part on.
// form 0: x (n, m, m) symmetric, len = m, r = x / trace(x) (0 where the trace is), so y = x² / trace(x)²; shift is not read.
// form 1: x (n, m, len), shift (n, m), r = x - shift. form 2: x (n, len, m), shift (n, len), r = the columns of x - shift.
struct GramParams { n: u32, m: u32, len: u32, part: u32, parts: u32, form: u32, base: u32, pad0: u32, }

// eigen.wgsl: power (n, m, m) positive semidefinite, gram (n, m, m) with the same eigenvectors, means (n, k), side (n, m) -> y (n, m):
// the dominant eigenvector v of power, at most `steps` iterations. pixels 0: length 1, positive sum, side is not read.
// pixels 1: length sqrt(vᵀ gram v), positive dot product with side minus its mean.
// Zeros where gram is that of a constant picture: trace(gram) <= 1e-9 hw Σ means². m is at most 3072.
struct EigenParams { n: u32, m: u32, k: u32, hw: u32, pixels: u32, steps: u32, pad0: u32, pad1: u32, }

// project.wgsl: x (n, k, hw), means (n, k), direction (n, k) -> y (n, hw) = Σ_k direction_k (x_k - mean_k).
struct ProjectParams { n: u32, k: u32, hw: u32, pad0: u32, }

// minmax.wgsl: (x - min) / (max - min) over each of `outer` rows of `len`; a constant row becomes zeros.
struct MinMaxParams { outer: u32, len: u32, pad0: u32, pad1: u32, }

// overlay.wgsl: pixels (h, w) packed RGBA8, map (mh, mw) at `map_offset`, lut 256 packed RGBA8 -> packed RGBA8.
// v = (bilinear half-pixel map - lo) / (hi - lo) clamped; hi <= lo means "no evidence": the patch is left as it is.
// alpha = opacity, times v when fade == 1. contour > 0: pixels where v crosses that level are drawn in contour_rgba.
struct OverlayParams {
    w: u32, h: u32, mw: u32, mh: u32,
    map_offset: u32, fade: u32, contour_rgba: u32, pad0: u32,
    opacity: f32, lo: f32, hi: f32, contour: f32,
}

// map_to_texture.wgsl: w x h values at `offset` of a storage buffer -> an r32float texture. Dispatch (ceil(w / 8), ceil(h / 8), 1).
struct MapTextureParams { w: u32, h: u32, offset: u32, pad0: u32, }

// overlay_draw.wgsl. rect: the quad's corners (x0, y0, x1, y1) in clip space; uv: the same corners in the picture, (0, 0) top left.
// mw, mh: one map; class_index: which of the maps stacked in the texture. contour_rgba: 0..1. flags bit 0: draw the map (else the picture alone).
struct OverlayDraw {
    rect: vec4<f32>,
    uv: vec4<f32>,
    contour_rgba: vec4<f32>,
    mw: u32, mh: u32, class_index: u32, fade: u32,
    opacity: f32, lo: f32, hi: f32, contour: f32,
    flags: u32, pad0: u32, pad1: u32, pad2: u32,
}
