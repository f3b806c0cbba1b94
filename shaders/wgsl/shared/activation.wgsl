// Activation codes; src/activation.rs has the same list. a and b are the parameters where a code takes any:
// 0 identity, 1 relu, 2 leaky_relu(a), 3 clip(a, b), 4 sigmoid, 5 hard_sigmoid(a, b), 6 hard_swish, 7 silu, 8 tanh, 9 erf,
// 10 gelu (erf), 11 gelu_tanh, 12 exp, 13 sqrt, 14 neg, 15 abs, 16 pow(x, a), 17 reciprocal, 18 log, 19 affine a * x + b,
// 20 softplus, 21 step (1 where x > 0), 22 max(x, 0).

const SQRT_HALF: f32 = 0.70710678118654752;
const TWO_OVER_SQRT_PI: f32 = 1.1283791670955126;
const INV_SQRT_2PI: f32 = 0.39894228040143268;
const GELU_SCALE: f32 = 0.79788456080286536;
const GELU_CUBE: f32 = 0.044715;

// WGSL has no erf. Minimax polynomials, about 1 ulp; t is clamped where erf is 1 in f32.
fn erf_f32(x: f32) -> f32 {
    let t = min(abs(x), 4.0);
    let s = t * t;
    if (t > 0.927734375) {
        var r = -1.72853470e-5 * t + 3.83197126e-4;
        let u = -3.88396438e-3 * t + 2.42546219e-2;
        r = r * s + u;
        r = r * t - 1.06777877e-1;
        r = r * t - 6.34846687e-1;
        r = r * t - 1.28717512e-1;
        r = r * t - t;
        r = 1.0 - exp(r);
        return select(r, -r, x < 0.0);
    }
    var r = -5.96761703e-4 * s + 4.99119423e-3;
    r = r * s - 2.67681349e-2;
    r = r * s + 1.12819925e-1;
    r = r * s - 3.76125336e-1;
    r = r * s + 1.28379166e-1;
    return r * x + x;
}

// Some GPUs compute tanh through exp(2x) and return NaN for large x.
fn tanh_f32(x: f32) -> f32 {
    return tanh(clamp(x, -10.0, 10.0));
}

// 1 - tanh², without the cancellation.
fn tanh_slope(x: f32) -> f32 {
    let e = exp(-2.0 * abs(x));
    return 4.0 * e / ((1.0 + e) * (1.0 + e));
}

// exp(88) still is a finite f32.
fn sigmoid_f32(x: f32) -> f32 {
    return 1.0 / (1.0 + exp(min(-x, 88.0)));
}

// WGSL leaves pow undefined for negative x and inexact for whole exponents.
fn pow_f32(x: f32, a: f32) -> f32 {
    if (a == 0.5) { return sqrt(x); }
    let whole = a == floor(a);
    let magnitude = abs(a);
    if (whole && magnitude <= 64.0) {
        var result = 1.0;
        var square = x;
        for (var n = u32(magnitude); n > 0u; n = n >> 1u) {
            if ((n & 1u) == 1u) { result = result * square; }
            square = square * square;
        }
        return select(result, 1.0 / result, a < 0.0);
    }
    if (x >= 0.0 || !whole) { return pow(x, a); }
    let r = pow(-x, a);
    let odd = abs(a - 2.0 * floor(a * 0.5)) == 1.0;
    return select(r, -r, odd);
}

fn gelu_inner(x: f32) -> f32 {
    return GELU_SCALE * (x + GELU_CUBE * x * x * x);
}

fn activate(code: u32, x: f32, a: f32, b: f32) -> f32 {
    switch code {
        case 1u, 22u: { return max(x, 0.0); }
        case 2u: { return select(a * x, x, x > 0.0); }
        case 3u: { return min(max(x, a), b); }
        case 4u: { return sigmoid_f32(x); }
        case 5u: { return min(max(a * x + b, 0.0), 1.0); }
        case 6u: { return x * min(max(x + 3.0, 0.0), 6.0) / 6.0; }
        case 7u: { return x * sigmoid_f32(x); }
        case 8u: { return tanh_f32(x); }
        case 9u: { return erf_f32(x); }
        case 10u: { return 0.5 * x * (1.0 + erf_f32(x * SQRT_HALF)); }
        case 11u: { return 0.5 * x * (1.0 + tanh_f32(gelu_inner(x))); }
        case 12u: { return exp(x); }
        case 13u: { return sqrt(x); }
        case 14u: { return -x; }
        case 15u: { return abs(x); }
        case 16u: { return pow_f32(x, a); }
        case 17u: { return 1.0 / x; }
        case 18u: { return log(x); }
        case 19u: { return a * x + b; }
        case 20u: { return max(x, 0.0) + log(1.0 + exp(-abs(x))); }
        case 21u: { return select(0.0, 1.0, x > 0.0); }
        default: { return x; }
    }
}

// d activate / dx with PyTorch's choice at the kinks.
fn activate_grad(code: u32, x: f32, a: f32, b: f32) -> f32 {
    switch code {
        case 1u, 22u: { return select(0.0, 1.0, x > 0.0); }
        case 2u: { return select(a, 1.0, x > 0.0); }
        case 3u: { return select(0.0, 1.0, x > a && x < b); }
        case 4u: { let s = sigmoid_f32(x); return s * (1.0 - s); }
        case 5u: { let t = a * x + b; return select(0.0, a, t > 0.0 && t < 1.0); }
        case 6u: {
            if (x <= -3.0) { return 0.0; }
            return select(1.0, x / 3.0 + 0.5, x < 3.0);
        }
        case 7u: { let s = sigmoid_f32(x); return s * (1.0 + x * (1.0 - s)); }
        case 8u: { return tanh_slope(x); }
        case 9u: { return TWO_OVER_SQRT_PI * exp(-x * x); }
        case 10u: { return 0.5 * (1.0 + erf_f32(x * SQRT_HALF)) + x * INV_SQRT_2PI * exp(-0.5 * x * x); }
        case 11u: {
            let t = gelu_inner(x);
            let slope = GELU_SCALE * (1.0 + 3.0 * GELU_CUBE * x * x);
            return 0.5 * (1.0 + tanh_f32(t)) + 0.5 * x * tanh_slope(t) * slope;
        }
        case 12u: { return exp(x); }
        case 13u: { return 0.5 / sqrt(x); }
        case 14u: { return -1.0; }
        case 15u: { return sign(x); }
        case 16u: { return select(a * pow_f32(x, a - 1.0), 0.0, a == 0.0); }
        case 17u: { return -1.0 / (x * x); }
        case 18u: { return 1.0 / x; }
        case 19u: { return a; }
        case 20u: { return sigmoid_f32(x); }
        case 21u: { return 0.0; }
        default: { return 1.0; }
    }
}
