// Where an output pixel of a resize reads along one axis. ResizeParams names the modes.
struct Stencil { low: u32, high: u32, weight_high: f32, }

fn source_position(o: u32, in_length: u32, out_length: u32, scale: f32, coord: u32) -> f32 {
    switch coord {
        case 1u: {
            if (out_length < 2u) { return 0.0; }
            return f32(o) * (f32(in_length - 1u) / f32(out_length - 1u));
        }
        case 2u: { return f32(o) * scale; }
        case 3u: {
            if (out_length < 2u) { return 0.0; }
            return (f32(o) + 0.5) * scale - 0.5;
        }
        default: { return (f32(o) + 0.5) * scale - 0.5; }
    }
}

fn nearest_index(position: f32, rounding: u32) -> f32 {
    switch rounding {
        case 1u: { return ceil(position - 0.5); }
        case 2u: { return ceil(position); }
        case 3u: { return floor(position + 0.5); }
        default: { return floor(position); }
    }
}

fn stencil(o: u32, in_length: u32, out_length: u32, scale: f32, mode: u32, coord: u32, rounding: u32) -> Stencil {
    let last = f32(in_length - 1u);
    let position = source_position(o, in_length, out_length, scale, coord);
    if (mode == 0u) {
        let at = u32(clamp(nearest_index(position, rounding), 0.0, last));
        return Stencil(at, at, 0.0);
    }
    let inside = clamp(position, 0.0, last);
    let low = u32(inside);
    return Stencil(low, min(low + 1u, in_length - 1u), inside - f32(low));
}

// What output o takes from input i.
fn stencil_weight(s: Stencil, i: u32) -> f32 {
    var weight = 0.0;
    if (s.low == i) { weight += 1.0 - s.weight_high; }
    if (s.high == i) { weight += s.weight_high; }
    return weight;
}
