//! Which device trains, and how precisely.

use burn::tensor::{Device, FloatDType};
use std::sync::OnceLock;

/// The CPU device in double precision, for audits. Where two cells of a pooling window differ by less than single precision
/// resolves, any two implementations may send the gradient to different cells (PyTorch's own two convolutions differ by 0.7 %
/// on the reference cases); double precision shows whether the algorithm is right.
///
/// Precision belongs to the process: every flex tensor made afterwards is double, and it can be set only before the first one.
///
/// # Errors
/// When flex has been used in single precision already.
pub fn double_precision() -> Result<Device, String> {
    static SET: OnceLock<Result<(), String>> = OnceLock::new();
    let set = SET.get_or_init(|| Device::flex().configure(FloatDType::F64).map_err(|e| format!("{e:?}")));
    set.clone().map(|()| Device::flex())
}
