//! A Teacher's targets from a file instead of a Teacher that runs along.

use crate::losses::FixedHead;
use crate::step::StepError;
use crate::targets::{Gathered, Selection, TargetsFile};
use crate::teacher::Targets;
use burn::tensor::{Device, Tensor, TensorData};

impl Targets {
    /// What a file says about a batch ([`TargetsFile::gather`] with the same selection), on a device.
    ///
    /// # Errors
    /// When batch and selection are not of this file.
    pub fn cached(file: &TargetsFile, selection: &Selection, batch: Gathered, device: &Device) -> Result<Self, StepError> {
        let (n, metadata) = (batch.samples, file.metadata());
        let inner = device.clone().inner();
        let classes = metadata.classes.len();
        let image = |values: Vec<f32>, [k, h, w]: [usize; 3]| {
            if values.len() != n * k * h * w {
                return Err(StepError::Batch(format!("{} target values are not {n} × {k} × {h} × {w}", values.len())));
            }
            Ok(Tensor::<4>::from_data(TensorData::new(values, [n, k, h, w]), &inner))
        };
        let features = |values: Option<Vec<f32>>, at: Option<usize>| {
            let shape = at.and_then(|i| metadata.features.get(i)).map(|f| f.shape);
            values.zip(shape).map(|(values, shape)| image(values, shape)).transpose()
        };
        let maps = batch.maps.into_iter().zip(&selection.maps).map(|(values, &i)| {
            let [h, w] = metadata.attention.get(i).map_or([0, 0], |a| a.grid);
            image(values, [classes, h, w])
        });
        if batch.logits.len() != n * classes {
            return Err(StepError::Batch(format!("{} target logits are not {n} × {classes}", batch.logits.len())));
        }
        Ok(Self {
            logits: Tensor::from_data(TensorData::new(batch.logits, [n, classes]), &inner),
            maps: maps.collect::<Result<_, _>>()?,
            features: features(batch.features, selection.features)?,
            last: features(batch.last, selection.last)?,
            head: file.head().map(|h| FixedHead::new(h, device)),
        })
    }
}
