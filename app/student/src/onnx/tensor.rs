//! `TensorProto`: weights inline, as typed lists or in a file beside the model, all to f32 (or to integers for shapes).

use super::OnnxError;
use super::external::{External, Location};
use super::host::{Data, Host};
use super::wire::{Budget, Field, Reader, append_floats, damaged};
use crate::load::Dtype;

/// Most axes a tensor may have.
const MAX_RANK: usize = 16;
/// Most elements: what the graph takes.
const MAX_ELEMENTS: usize = i32::MAX as usize;

#[derive(Default)]
struct Raw<'a> {
    name: String,
    dims: Vec<i64>,
    element: i64,
    floats: Vec<f32>,
    ints: Vec<i64>,
    doubles: Vec<f32>,
    raw: Option<&'a [u8]>,
    external: bool,
    location: Location,
}

/// Reads a tensor with its name.
pub(super) fn read(bytes: &[u8], budget: &mut Budget, external: &mut External<'_, '_>) -> Result<(String, Host), OnnxError> {
    let raw = fields(bytes, budget)?;
    let name = raw.name.clone();
    let refuse = |what: String| OnnxError::Tensor { tensor: name.clone(), what };
    let shape = raw.dims.iter().map(|&d| usize::try_from(d).ok()).collect::<Option<Vec<_>>>();
    let shape = shape.filter(|s| s.len() <= MAX_RANK).ok_or_else(|| refuse(format!("its shape {:?} is absurd", raw.dims)))?;
    let count = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).filter(|&n| n <= MAX_ELEMENTS);
    let count = count.ok_or_else(|| refuse(format!("its shape {shape:?} has too many elements")))?;
    let Some((dtype, integral)) = element_type(raw.element) else {
        // Refused where it is used: it may belong to a node the scores do not need.
        return Ok((name, Host { shape, data: Data::Opaque(raw.element) }));
    };
    let want = count.checked_mul(dtype.size()).ok_or_else(|| refuse("it has too many bytes".into()))?;
    let stored = match (raw.external, raw.raw) {
        (true, _) => Some(external.bytes(&name, &raw.location, want)?),
        (false, stored) => stored,
    };
    let data = match stored {
        Some(bytes) if bytes.len() != want => {
            return Err(refuse(format!("{} bytes are stored where its shape {shape:?} needs {want}", bytes.len())));
        }
        Some(bytes) if integral => integers(bytes, dtype, count, budget).unwrap_or(Data::Opaque(raw.element)),
        Some(bytes) => {
            let mut numbers = Vec::with_capacity(count);
            dtype.append(bytes, false, &mut numbers);
            Data::Floats(numbers.into())
        }
        None => listed(raw, dtype, integral),
    };
    if data.len().is_some_and(|n| n != count) {
        return Err(refuse(format!("{} numbers do not fill its shape {shape:?}", data.len().unwrap_or(0))));
    }
    Ok((name, Host { shape, data }))
}

fn fields<'a>(bytes: &'a [u8], budget: &mut Budget) -> Result<Raw<'a>, OnnxError> {
    let mut raw = Raw::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => budget.append_ints(field, &mut raw.dims)?,
            2 => raw.element = field.int()?,
            4 => append_floats(field, &mut raw.floats)?,
            5 | 7 | 11 => budget.append_ints(field, &mut raw.ints)?,
            8 => raw.name = field.text()?,
            9 => raw.raw = Some(field.bytes()?),
            10 => append_doubles(field, &mut raw.doubles)?,
            13 => entry(field.bytes()?, &mut raw.location)?,
            14 => raw.external = field.int()? == 1,
            _ => {}
        }
    }
    Ok(raw)
}

fn append_doubles(field: Field<'_>, out: &mut Vec<f32>) -> Result<(), OnnxError> {
    match field {
        Field::Fixed64(b) => out.push(f64::from_le_bytes(b) as f32),
        other => Dtype::F64.append(other.bytes()?, false, out),
    }
    Ok(())
}

/// One key and value of `external_data`.
fn entry(bytes: &[u8], location: &mut Location) -> Result<(), OnnxError> {
    let (mut key, mut value) = (String::new(), String::new());
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => key = field.text()?,
            2 => value = field.text()?,
            _ => return Err(damaged("an external tensor has unknown fields")),
        }
    }
    match key.as_str() {
        "location" => location.file = value,
        "offset" => location.offset = value,
        "length" => location.length = value,
        _ => {}
    }
    Ok(())
}

/// How `TensorProto.DataType` is stored, and whether it stays an integer (shapes, indices, conditions).
fn element_type(code: i64) -> Option<(Dtype, bool)> {
    Some(match code {
        1 => (Dtype::F32, false),
        6 => (Dtype::I32, true),
        7 => (Dtype::I64, true),
        9 => (Dtype::Bool, true),
        10 => (Dtype::F16, false),
        11 => (Dtype::F64, false),
        16 => (Dtype::BF16, false),
        _ => return None,
    })
}

fn integers(bytes: &[u8], dtype: Dtype, count: usize, budget: &mut Budget) -> Option<Data> {
    if !budget.integers(count) {
        return None;
    }
    let ints: Vec<i64> = match dtype {
        Dtype::I64 => bytes.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b)).collect(),
        Dtype::I32 => bytes.as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b).into()).collect(),
        _ => bytes.iter().map(|&b| (b != 0).into()).collect(),
    };
    Some(Data::Ints(ints.into()))
}

/// Numbers in the typed lists; half precision hides its bits in the integers.
fn listed(raw: Raw<'_>, dtype: Dtype, integral: bool) -> Data {
    match dtype {
        _ if integral => Data::Ints(raw.ints.into()),
        Dtype::F16 => Data::Floats(raw.ints.iter().map(|&b| half::f16::from_bits(b as u16).to_f32()).collect()),
        Dtype::BF16 => Data::Floats(raw.ints.iter().map(|&b| half::bf16::from_bits(b as u16).to_f32()).collect()),
        Dtype::F64 => Data::Floats(raw.doubles.into()),
        _ => Data::Floats(raw.floats.into()),
    }
}

/// Name of an element type we do not compute with.
pub(super) fn type_name(code: i64) -> &'static str {
    match code {
        2 => "uint8",
        3 => "int8",
        4 => "uint16",
        5 => "int16",
        6 | 7 | 9 => "too many integers",
        8 => "text",
        12 => "uint32",
        13 => "uint64",
        14 | 15 => "complex numbers",
        17..=20 => "float8",
        21 | 22 => "4-bit integers",
        _ => "an unknown type",
    }
}
