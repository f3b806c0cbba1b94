//! Convolution on the CPU: strips of output pixels, each gathered (im2col), multiplied and finished while it is in cache.

use super::activation::activate_slice;
use super::conv_direct;
use super::im2col::gather;
use super::matmul::{Matrix, Threads, matmul};
use crate::params::Conv2dParams;
use rayon::prelude::*;

/// Activation code and its two parameters.
pub(super) type Act = (u32, f32, f32);

/// Shape of one convolution. Padding may be negative (the adjoint of a wide padding crops).
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub n: usize,
    pub ic: usize,
    pub ih: usize,
    pub iw: usize,
    pub oc: usize,
    pub oh: usize,
    pub ow: usize,
    pub groups: usize,
    pub kh: usize,
    pub kw: usize,
    pub sh: usize,
    pub sw: usize,
    pub pt: isize,
    pub pl: isize,
    pub dh: usize,
    pub dw: usize,
}

impl Geometry {
    pub fn of(p: &Conv2dParams) -> Self {
        let [n, ic, ih, iw, oc, oh, ow, groups] = [p.n, p.ic, p.ih, p.iw, p.oc, p.oh, p.ow, p.groups].map(|v| v as usize);
        let [kh, kw, sh, sw, dh, dw] = [p.kh, p.kw, p.sh, p.sw, p.dh, p.dw].map(|v| v as usize);
        Self { n, ic, ih, iw, oc, oh, ow, groups, kh, kw, sh, sw, pt: p.pt as isize, pl: p.pl as isize, dh, dw }
    }

    /// Weights of one output channel.
    pub fn depth(&self) -> usize {
        self.icg() * self.kh * self.kw
    }

    pub fn plane(&self) -> usize {
        self.oh * self.ow
    }

    /// Input channels of one group.
    pub fn icg(&self) -> usize {
        self.ic / self.groups.max(1)
    }

    /// Output channels of one group.
    pub fn ocg(&self) -> usize {
        self.oc / self.groups.max(1)
    }

    /// A 1×1 convolution whose output pixels are its input pixels: no gathering needed.
    fn is_pointwise(&self) -> bool {
        (self.kh, self.kw, self.sh, self.sw, self.pt, self.pl) == (1, 1, 1, 1, 0, 0) && (self.oh, self.ow) == (self.ih, self.iw)
    }
}

/// Runs one convolution; `bias` is empty or has one value per output channel.
pub(super) fn convolve(geo: &Geometry, x: &[f32], w: &[f32], bias: &[f32], act: Act, out: &mut [f32]) {
    let out = &mut out[..geo.n * geo.oc * geo.plane()];
    if out.is_empty() {
        return;
    }
    // One input channel per group and few outputs: the matrices would be slivers.
    if geo.icg() == 1 && geo.ocg() <= 4 {
        return conv_direct::convolve(geo, x, w, bias, act, out);
    }
    let tiling = Tiling::new(geo, rayon::current_num_threads());
    let mut tasks = tiling.tasks(geo, out);
    tasks.par_iter_mut().with_max_len(1).for_each_init(Scratch::default, |scratch, task| task.run(geo, x, w, bias, act, scratch));
}

/// How the output is cut: `strips` runs of `pixels` output pixels times `blocks` runs of `channels` output channels, per image and group.
struct Tiling {
    pixels: usize,
    strips: usize,
    channels: usize,
    blocks: usize,
}

/// Pixels of a strip; with `DEPTH` rows its gathered block is 1 MiB and stays in L2.
const PIXELS: usize = 512;
/// Rows of the gathered matrix that are multiplied at a time.
const DEPTH: usize = 512;
/// Strips are not made shorter than this for the sake of more threads.
const MIN_PIXELS: usize = 128;

impl Tiling {
    fn new(geo: &Geometry, threads: usize) -> Self {
        let plane = geo.plane();
        let images = geo.n * geo.groups;
        let mut strips = plane.div_ceil(PIXELS);
        // Few tasks: give every thread the same number, as long as the strips stay worth it.
        if images * strips < 4 * threads {
            let even = (images * strips).next_multiple_of(threads).div_ceil(images);
            strips = even.min(plane.div_ceil(MIN_PIXELS)).max(strips);
        }
        // Whole cache lines and whole vectors per strip.
        let pixels = plane.div_ceil(strips).next_multiple_of(16);
        let strips = plane.div_ceil(pixels);
        let blocks = threads.div_ceil(images * strips).min(geo.ocg().div_ceil(32));
        let channels = geo.ocg().div_ceil(blocks);
        Tiling { pixels, strips, channels, blocks: geo.ocg().div_ceil(channels) }
    }

    /// Deals the output rows out to the tasks, so that each owns its cells.
    fn tasks<'a>(&self, geo: &Geometry, out: &'a mut [f32]) -> Vec<Task<'a>> {
        let mut tasks = Vec::with_capacity(geo.n * geo.groups * self.blocks * self.strips);
        for image in 0..geo.n {
            for group in 0..geo.groups {
                for block in 0..self.blocks {
                    for strip in 0..self.strips {
                        let channel = group * geo.ocg() + block * self.channels;
                        tasks.push(Task {
                            image,
                            group,
                            channel,
                            pixel: strip * self.pixels,
                            rows: Vec::with_capacity(self.channels),
                        });
                    }
                }
            }
        }
        for (row, cells) in out.chunks_mut(geo.plane()).enumerate() {
            let (image, channel) = (row / geo.oc, row % geo.oc);
            let (group, block) = (channel / geo.ocg(), channel % geo.ocg() / self.channels);
            let first = ((image * geo.groups + group) * self.blocks + block) * self.strips;
            for (task, piece) in tasks[first..].iter_mut().zip(cells.chunks_mut(self.pixels)) {
                task.rows.push(piece);
            }
        }
        tasks
    }
}

/// One tile of the output: some channels of a run of pixels.
struct Task<'a> {
    image: usize,
    group: usize,
    channel: usize,
    pixel: usize,
    rows: Vec<&'a mut [f32]>,
}

/// Buffers a thread keeps from one tile to the next.
#[derive(Default)]
struct Scratch {
    columns: Vec<f32>,
    sums: Vec<f32>,
}

impl Task<'_> {
    fn run(&mut self, geo: &Geometry, x: &[f32], w: &[f32], bias: &[f32], act: Act, scratch: &mut Scratch) {
        let pixels = self.rows.first().map_or(0, |row| row.len());
        let depth = geo.depth();
        // An odd number of cache lines: rows of a power of two would all fall on the same cache sets.
        let ld = pixels.next_multiple_of(32) + 16;
        scratch.sums.resize(self.rows.len() * ld, 0.0);
        let image = &x[(self.image * geo.ic + self.group * geo.icg()) * geo.ih * geo.iw..][..geo.icg() * geo.ih * geo.iw];
        let weights = &w[self.channel * depth..][..self.rows.len() * depth];
        let step = if geo.is_pointwise() { depth } else { DEPTH };
        if depth == 0 {
            scratch.sums.fill(0.0);
        }
        for first in (0..depth).step_by(step.max(1)) {
            let count = step.min(depth - first);
            let columns = if geo.is_pointwise() {
                Matrix { data: &image[self.pixel..], rs: geo.plane(), cs: 1 }
            } else {
                scratch.columns.resize(count * ld, 0.0);
                gather(geo, image, first, self.pixel, pixels, ld, &mut scratch.columns);
                Matrix { data: &scratch.columns, rs: ld, cs: 1 }
            };
            let weights = Matrix { data: &weights[first..], rs: depth, cs: 1 };
            matmul([self.rows.len(), count, pixels], weights, columns, &mut scratch.sums, ld, first > 0, Threads::One);
        }
        for (i, (row, sums)) in self.rows.iter_mut().zip(scratch.sums.chunks(ld)).enumerate() {
            match bias.get(self.channel + i) {
                Some(&bias) => row.iter_mut().zip(sums).for_each(|(y, &s)| *y = s + bias),
                None => row.copy_from_slice(&sums[..pixels]),
            }
            activate_slice(act.0, act.1, act.2, row);
        }
    }
}
