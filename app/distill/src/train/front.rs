//! What frozen layers make of a view is computed once and kept, as far as memory goes.

use super::TrainError;
use super::feed::Key;
use crate::parameters::{Parameters, ReadError};
use crate::step::Distiller;
use burn::tensor::{Tensor, TensorData};
use std::collections::HashMap;

/// Features `[k, h, w]` by patch and view.
pub(crate) struct Front {
    kept: HashMap<Key, Vec<f32>>,
    /// Bytes that may still be taken.
    left: u64,
    /// `[k, h, w]`, once known.
    shape: [usize; 3],
}

impl Front {
    pub(crate) fn new(bytes: u64) -> Self {
        Self { kept: HashMap::new(), left: bytes, shape: [0; 3] }
    }

    /// What the frozen layers make of `images` `[n, 3, px, px]`, the views `keys`.
    pub(crate) fn of(
        &mut self,
        distiller: &Distiller,
        parameters: &Parameters,
        images: Tensor<4>,
        keys: &[Key],
    ) -> Result<Tensor<4>, TrainError> {
        if !distiller.is_frozen() {
            return Ok(images);
        }
        let device = images.device();
        let missing: Vec<usize> = (0..keys.len()).filter(|&i| !self.kept.contains_key(&keys[i])).collect();
        if missing.len() == keys.len() {
            let made = distiller.front(parameters, images)?;
            self.keep(&made, keys)?;
            return Ok(made);
        }
        let mut rows: Vec<Option<Vec<f32>>> = keys.iter().map(|key| self.kept.get(key).cloned()).collect();
        for i in missing {
            let made = distiller.front(parameters, images.clone().narrow(0, i, 1))?;
            self.keep(&made, &keys[i..=i])?;
            rows[i] = Some(values(&made)?);
        }
        let [k, h, w] = self.shape;
        let flat: Vec<f32> = rows.into_iter().flatten().flatten().collect();
        Ok(Tensor::from_data(TensorData::new(flat, [keys.len(), k, h, w]), &device))
    }

    fn keep(&mut self, made: &Tensor<4>, keys: &[Key]) -> Result<(), TrainError> {
        let [_, k, h, w] = made.dims();
        self.shape = [k, h, w];
        let len = k * h * w;
        let bytes = (len * size_of::<f32>()) as u64;
        // A view that will not come again is not worth its memory.
        if keys.iter().all(|key| key.view.is_none()) || self.left < bytes {
            return Ok(());
        }
        let flat = values(made)?;
        for (key, row) in keys.iter().zip(flat.chunks_exact(len.max(1))).filter(|(key, _)| key.view.is_some()) {
            if self.left >= bytes && self.kept.insert(key.clone(), row.to_vec()).is_none() {
                self.left -= bytes;
            }
        }
        Ok(())
    }
}

fn values(tensor: &Tensor<4>) -> Result<Vec<f32>, ReadError> {
    let values = tensor.clone().try_into_vec_as::<f32>();
    values.map_err(|source| ReadError::Device { source, name: "frozen features".into() })
}
