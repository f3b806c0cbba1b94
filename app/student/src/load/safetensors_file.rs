//! Plain safetensors, and the frame of our own format.

use super::collect::is_counter;
use super::{Dtype, Reason};
use crate::weights::{Tensor, Weights};
use safetensors::SafeTensors;
use std::collections::HashMap;

/// Longest header we read: it costs several times its length when parsed.
const MAX_HEADER: u64 = 2 << 20;

/// True when the file begins like a safetensors file.
pub(super) fn is_safetensors(data: &[u8]) -> bool {
    data.get(8) == Some(&b'{')
}

/// Weights and metadata of a safetensors file.
pub(crate) fn read(data: &[u8]) -> Result<(Weights, HashMap<String, String>), Reason> {
    let damaged = |e: safetensors::SafeTensorError| Reason::Format(format!("the safetensors file is damaged: {e}"));
    let header = data.first_chunk::<8>().map(|b| u64::from_le_bytes(*b));
    if header.is_none_or(|n| n > MAX_HEADER) {
        return Err(Reason::TooLarge("the safetensors header says it is longer than we read".into()));
    }
    let (_, metadata) = SafeTensors::read_metadata(data).map_err(damaged)?;
    let file = SafeTensors::deserialize(data).map_err(damaged)?;
    let mut weights = Weights::new();
    for (name, view) in file.iter().filter(|(name, _)| !is_counter(name)) {
        let refuse = |what: String| Reason::Tensor { tensor: name.to_string(), what };
        let dtype =
            Dtype::from_safetensors(view.dtype()).ok_or_else(|| refuse(format!("its type {:?} is not read", view.dtype())))?;
        let mut numbers = Vec::with_capacity(view.data().len() / dtype.size());
        dtype.append(view.data(), false, &mut numbers);
        let tensor = Tensor::new(view.shape().to_vec(), numbers).map_err(|e| refuse(e.to_string()))?;
        weights.insert(name, tensor);
    }
    Ok((weights, metadata.metadata().clone().unwrap_or_default()))
}
