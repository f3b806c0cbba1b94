//! Resizing and average pooling: one constant matrix per image axis, so that any derivative is again a matrix product.

use super::value::Wide;
use burn::tensor::{Device, Tensor, TensorData};
use fovea_student::graph::{Coordinates, NearestRounding, Pool, Resize, ResizeMode};

/// Rows = results, columns = sources.
struct Matrix {
    rows: usize,
    columns: usize,
    cells: Vec<f64>,
}

impl Matrix {
    fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, cells: vec![0.0; rows * columns] }
    }

    fn add(&mut self, row: usize, column: usize, weight: f64) {
        self.cells[row * self.columns + column] += weight;
    }

    fn tensor(self, device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(self.cells, [self.rows, self.columns]), device)
    }
}

/// vertical · x · horizontalᵀ on the last two axes.
fn apply(vertical: Tensor<2>, horizontal: Tensor<2>, x: &Wide) -> Wide {
    let [n, c, a, k, h, w] = x.dims();
    let ([oh, _], [ow, _]) = (vertical.dims(), horizontal.dims());
    let planes = n * c * a * k;
    let wide: Tensor<2> = x.clone().reshape([planes * h, w]).matmul(horizontal.transpose());
    let turned: Tensor<2> = wide.reshape([planes, h, ow]).swap_dims(1, 2).reshape([planes * ow, h]);
    let high: Tensor<3> = turned.matmul(vertical.transpose()).reshape([planes, ow, oh]);
    high.swap_dims(1, 2).reshape([n, c, a, k, oh, ow])
}

/// Where an output position reads.
fn source(r: &Resize, axis: usize, o: usize, size: usize) -> f64 {
    let (position, outputs) = (o as f64, r.size[axis]);
    let scale = r.scale.map_or(size as f64 / outputs as f64, |s| f64::from(s[axis]));
    match r.coordinates {
        Coordinates::AlignCorners if outputs == 1 => 0.0,
        Coordinates::AlignCorners => position * ((size - 1) as f64 / (outputs - 1) as f64),
        Coordinates::Asymmetric => position * scale,
        Coordinates::PytorchHalfPixel if outputs == 1 => 0.0,
        Coordinates::HalfPixel | Coordinates::PytorchHalfPixel => (position + 0.5) * scale - 0.5,
    }
}

/// [`source`], in single precision throughout.
fn nearest(r: &Resize, axis: usize, o: usize, size: usize) -> f32 {
    let (position, outputs) = (o as f32, r.size[axis]);
    let scale = r.scale.map_or(size as f32 / outputs as f32, |s| s[axis]);
    match r.coordinates {
        Coordinates::AlignCorners if outputs == 1 => 0.0,
        Coordinates::AlignCorners => position * ((size - 1) as f32 / (outputs - 1) as f32),
        Coordinates::Asymmetric => position * scale,
        Coordinates::PytorchHalfPixel if outputs == 1 => 0.0,
        Coordinates::HalfPixel | Coordinates::PytorchHalfPixel => (position + 0.5) * scale - 0.5,
    }
}

fn resize_matrix(r: &Resize, axis: usize, size: usize) -> Matrix {
    let mut m = Matrix::zeros(r.size[axis], size);
    let last = (size - 1) as f64;
    for o in 0..r.size[axis] {
        match r.mode {
            ResizeMode::Nearest(rounding) => {
                // In f32 as every executor and the frameworks do, so that a tie falls the same way.
                let at = nearest(r, axis, o, size);
                let rounded = match rounding {
                    NearestRounding::Floor => at.floor(),
                    NearestRounding::RoundPreferFloor => (at - 0.5).ceil(),
                    NearestRounding::Ceil => at.ceil(),
                    NearestRounding::RoundPreferCeil => (at + 0.5).floor(),
                };
                m.add(o, rounded.clamp(0.0, last as f32) as usize, 1.0);
            }
            ResizeMode::Bilinear => {
                let at = source(r, axis, o, size).clamp(0.0, last);
                let low = (at as usize).min(size - 1);
                let weight = at - low as f64;
                m.add(o, low, 1.0 - weight);
                m.add(o, (low + 1).min(size - 1), weight);
            }
        }
    }
    m
}

/// The resize of the last two axes.
pub(super) fn resize(r: &Resize, x: &Wide, device: &Device) -> Wide {
    let [.., h, w] = x.dims();
    let matrix = |axis, size| resize_matrix(r, axis, size).tensor(device);
    apply(matrix(0, h), matrix(1, w), x)
}

/// Its transpose; `size` is that of the resize's input.
pub(super) fn resize_grad(r: &Resize, size: [usize; 2], g: &Wide, device: &Device) -> Wide {
    let matrix = |axis: usize| resize_matrix(r, axis, size[axis]).tensor(device).transpose();
    apply(matrix(0), matrix(1), g)
}

/// Bilinear with aligned corners, of images `[n, k, h, w]`: how the method brings a Student's map to the Teacher's grid.
pub(crate) fn resize_corners(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let [n, k, h, w] = x.dims();
    if [h, w] == size {
        return x;
    }
    let device = x.device();
    let r = Resize { size, mode: ResizeMode::Bilinear, coordinates: Coordinates::AlignCorners, scale: None };
    resize(&r, &x.reshape([n, 1, 1, k, h, w]), &device).reshape([n, k, size[0], size[1]])
}

/// Shares of each window's cells; the divisor of a window is the product of its two sides.
fn pool_matrix(p: &Pool, axis: usize, size: usize, outputs: usize) -> Matrix {
    let mut m = Matrix::zeros(outputs, size);
    let (lead, trail) = (p.pads[axis], p.pads[axis + 2]);
    for o in 0..outputs {
        // Positions are counted from the start of the leading padding.
        let taps = (0..p.kernel[axis]).map(|k| o * p.stride[axis] + k * p.dilation[axis]);
        let counted = if p.count_include_pad { 0..lead + size + trail } else { lead..lead + size };
        let count = taps.clone().filter(|t| counted.contains(t)).count().max(1);
        for t in taps.filter(|t| (lead..lead + size).contains(t)) {
            m.add(o, t - lead, 1.0 / count as f64);
        }
    }
    m
}

/// Average of each window; `out` is the item shape of the result.
pub(super) fn avg_pool(p: &Pool, x: &Wide, out: &[usize], device: &Device) -> Wide {
    let [.., h, w] = x.dims();
    let [oh, ow] = [out[out.len() - 2], out[out.len() - 1]];
    apply(pool_matrix(p, 0, h, oh).tensor(device), pool_matrix(p, 1, w, ow).tensor(device), x)
}

/// Its transpose; `size` is that of the pooling's input.
pub(super) fn avg_pool_grad(p: &Pool, size: [usize; 2], g: &Wide, device: &Device) -> Wide {
    let [.., oh, ow] = g.dims();
    let matrix = |axis: usize, outputs| pool_matrix(p, axis, size[axis], outputs).tensor(device).transpose();
    apply(matrix(0, oh), matrix(1, ow), g)
}
