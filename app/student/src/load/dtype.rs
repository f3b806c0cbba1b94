//! Element types of stored tensors, and their conversion to f32.

use half::{bf16, f16};

/// Element type of a stored tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE double.
    F64,
    /// IEEE single.
    F32,
    /// IEEE half.
    F16,
    /// Truncated single.
    BF16,
    /// Signed, 64 bits.
    I64,
    /// Signed, 32 bits.
    I32,
    /// Signed, 16 bits.
    I16,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 8 bits.
    U8,
    /// One byte, zero or not.
    Bool,
}

impl Dtype {
    /// By PyTorch's name, e.g. `float32`.
    pub fn from_torch(name: &str) -> Option<Self> {
        Some(match name {
            "float64" | "double" => Dtype::F64,
            "float32" | "float" => Dtype::F32,
            "float16" | "half" => Dtype::F16,
            "bfloat16" => Dtype::BF16,
            "int64" | "long" => Dtype::I64,
            "int32" | "int" => Dtype::I32,
            "int16" | "short" => Dtype::I16,
            "int8" => Dtype::I8,
            "uint8" => Dtype::U8,
            "bool" => Dtype::Bool,
            _ => return None,
        })
    }

    /// By safetensors' type.
    pub fn from_safetensors(dtype: safetensors::Dtype) -> Option<Self> {
        use safetensors::Dtype as S;
        Some(match dtype {
            S::F64 => Dtype::F64,
            S::F32 => Dtype::F32,
            S::F16 => Dtype::F16,
            S::BF16 => Dtype::BF16,
            S::I64 => Dtype::I64,
            S::I32 => Dtype::I32,
            S::I16 => Dtype::I16,
            S::I8 => Dtype::I8,
            S::U8 => Dtype::U8,
            S::BOOL => Dtype::Bool,
            _ => return None,
        })
    }

    /// Bytes per element.
    pub fn size(self) -> usize {
        match self {
            Dtype::F64 | Dtype::I64 => 8,
            Dtype::F32 | Dtype::I32 => 4,
            Dtype::F16 | Dtype::BF16 | Dtype::I16 => 2,
            Dtype::I8 | Dtype::U8 | Dtype::Bool => 1,
        }
    }

    /// Appends consecutive elements as f32; a last incomplete element is left out.
    pub fn append(self, bytes: &[u8], big_endian: bool, out: &mut Vec<f32>) {
        match self {
            Dtype::F64 => each(bytes, big_endian, out, |b| f64::from_le_bytes(b) as f32),
            Dtype::F32 => each(bytes, big_endian, out, f32::from_le_bytes),
            Dtype::F16 => each(bytes, big_endian, out, |b| f16::from_le_bytes(b).to_f32()),
            Dtype::BF16 => each(bytes, big_endian, out, |b| bf16::from_le_bytes(b).to_f32()),
            Dtype::I64 => each(bytes, big_endian, out, |b| i64::from_le_bytes(b) as f32),
            Dtype::I32 => each(bytes, big_endian, out, |b| i32::from_le_bytes(b) as f32),
            Dtype::I16 => each(bytes, big_endian, out, |b| f32::from(i16::from_le_bytes(b))),
            Dtype::I8 => each(bytes, big_endian, out, |b| f32::from(i8::from_le_bytes(b))),
            Dtype::U8 => each(bytes, big_endian, out, |[b]| f32::from(b)),
            Dtype::Bool => each(bytes, big_endian, out, |[b]| if b == 0 { 0.0 } else { 1.0 }),
        }
    }
}

fn each<const N: usize>(bytes: &[u8], big_endian: bool, out: &mut Vec<f32>, convert: impl Fn([u8; N]) -> f32) {
    let (whole, _) = bytes.as_chunks::<N>();
    if big_endian {
        out.extend(whole.iter().map(|b| {
            let mut swapped = *b;
            swapped.reverse();
            convert(swapped)
        }));
    } else {
        out.extend(whole.iter().map(|b| convert(*b)));
    }
}
