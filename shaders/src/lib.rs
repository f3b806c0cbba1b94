//! WGSL kernels, their generated layouts, and the CPU twin of each.
//!
//! A [`kernel::Call`] is a kernel with its uniform: it says which pipeline it needs, how many workgroups, and can run itself on
//! the CPU. What each kernel reads and writes is written in `wgsl/shared/params.wgsl`.
#![warn(missing_docs)]

pub mod activation;
mod conv_path;
mod cost;
pub mod cpu;
pub mod dispatch;
pub mod kernel;
pub mod pack;
pub mod run_cpu;
#[cfg(feature = "testing")]
pub mod testing;

pub mod params {
    //! Uniform parameters shared by kernels and twins, generated from `wgsl/shared/params.wgsl`.
    include!(concat!(env!("OUT_DIR"), "/params.rs"));
}

pub mod kernels {
    //! Every kernel, generated from `wgsl/*.wgsl` by the build script, which also validates them.
    use crate::kernel::{Binding, DrawShader, Kernel};
    include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
}
