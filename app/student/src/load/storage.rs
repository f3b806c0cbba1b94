//! Storages and the strided tensors cut out of them.

use super::pickle::{Id, Object, Pickle, Storage, TensorRef};
use super::{Dtype, Reason};
use crate::weights::Tensor;
use std::borrow::Cow;
use std::collections::HashMap;

/// Where storages come from.
pub(super) trait Source<'a> {
    /// The bytes of the storage with this key.
    fn storage(&mut self, key: &str) -> Result<Cow<'a, [u8]>, Reason>;
    /// True when numbers are stored most significant byte first.
    fn big_endian(&self) -> bool;
}

/// Makes tensors of tensor references; each object is read once and shared afterwards.
pub(super) struct Tensors<'a, 'p> {
    pickle: &'p Pickle<'a>,
    source: Box<dyn Source<'a> + 'p>,
    storages: HashMap<&'a str, Cow<'a, [u8]>>,
    made: HashMap<Id, Tensor>,
    /// Elements that may still be made: expanded (stride 0) and overlapping views must not multiply a small file.
    budget: usize,
}

impl<'a, 'p> Tensors<'a, 'p> {
    pub(super) fn new(pickle: &'p Pickle<'a>, source: Box<dyn Source<'a> + 'p>, file_len: usize) -> Self {
        let budget = file_len.saturating_add(1 << 20);
        Self { pickle, source, storages: HashMap::new(), made: HashMap::new(), budget }
    }

    pub(super) fn pickle(&self) -> &'p Pickle<'a> {
        self.pickle
    }

    /// The tensor this object refers to, or `None` when it is no tensor.
    pub(super) fn read(&mut self, id: Id, name: &str) -> Result<Option<Tensor>, Reason> {
        if let Some(t) = self.made.get(&id) {
            return Ok(Some(t.clone()));
        }
        let Object::Tensor(view) = self.pickle.get(id) else { return Ok(None) };
        let tensor = self.make(view).map_err(|e| match e {
            Refused::What(what) => Reason::Tensor { tensor: name.to_string(), what: what.to_string() },
            Refused::Reason(r) => r,
        })?;
        self.made.insert(id, tensor.clone());
        Ok(Some(tensor))
    }

    fn make(&mut self, view: &TensorRef) -> Result<Tensor, Refused> {
        let Object::Storage(storage) = self.pickle.get(view.storage) else { return Err(Refused::What("it has no storage")) };
        let dtype = view.dtype.or(storage.dtype).ok_or(Refused::What("its element type is unknown"))?;
        let count = view.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        let left = count.and_then(|n| self.budget.checked_sub(n)).ok_or(Refused::What("it is larger than the file allows"))?;
        self.budget = left;
        let count = count.unwrap_or(0);
        let big = self.source.big_endian();
        let bytes = self.bytes(storage, dtype)?;
        let mut data = Vec::with_capacity(count);
        if count > 0 {
            gather(bytes, dtype, big, view, &mut data).ok_or(Refused::What("it reaches beyond its storage"))?;
        }
        Tensor::new(view.shape.clone(), data).map_err(|_| Refused::What("its numbers do not fill its shape"))
    }

    /// The part of the stored bytes that belongs to this storage.
    fn bytes(&mut self, storage: &Storage<'a>, dtype: Dtype) -> Result<&[u8], Refused> {
        if !self.storages.contains_key(storage.key) {
            let bytes = self.source.storage(storage.key).map_err(Refused::Reason)?;
            self.storages.insert(storage.key, bytes);
        }
        let all: &[u8] = self.storages.get(storage.key).map_or(&[], |b| b);
        let unit = if storage.dtype.is_some() { dtype.size() } else { 1 };
        let (first, len) = storage.view.unwrap_or((0, storage.len));
        let range = first.checked_mul(unit).zip(len.checked_mul(unit)).and_then(|(s, n)| Some(s..s.checked_add(n)?));
        range.and_then(|r| all.get(r)).ok_or(Refused::What("its storage is shorter than it says"))
    }
}

enum Refused {
    What(&'static str),
    Reason(Reason),
}

/// Collects the elements of a view in row-major order; `None` when one lies outside.
fn gather(bytes: &[u8], dtype: Dtype, big: bool, view: &TensorRef, out: &mut Vec<f32>) -> Option<()> {
    let size = dtype.size();
    let at = |element: usize| -> Option<usize> { element.checked_mul(size) };
    let reach = |(&n, &s): (&usize, &usize)| n.checked_sub(1)?.checked_mul(s);
    let spans = view.shape.iter().zip(&view.stride).map(reach).collect::<Option<Vec<_>>>()?;
    let last = spans.iter().try_fold(view.offset, |sum, &s| sum.checked_add(s))?;
    let end = at(last.checked_add(1)?)?;
    bytes.get(..end)?;
    // The innermost run of consecutive elements is converted in one go.
    let run = run_length(view);
    let inner = view.shape.len() - run.1;
    let mut index = vec![0usize; inner];
    let mut element = view.offset;
    loop {
        let start = at(element)?;
        dtype.append(bytes.get(start..start.checked_add(at(run.0)?)?)?, big, out);
        let mut axis = inner;
        loop {
            let Some(a) = axis.checked_sub(1) else { return Some(()) };
            axis = a;
            index[a] += 1;
            if index[a] < view.shape[a] {
                element += view.stride[a];
                break;
            }
            element -= spans[a];
            index[a] = 0;
        }
    }
}

/// Elements that lie side by side at the end of a view, and how many trailing axes they make up.
fn run_length(view: &TensorRef) -> (usize, usize) {
    let mut run = (1, 0);
    for (&n, &s) in view.shape.iter().zip(&view.stride).rev() {
        if n != 1 && s != run.0 {
            break;
        }
        run = (run.0 * n, run.1 + 1);
    }
    run
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::load::pickle::unpickle;

    fn take(shape: &[usize], stride: &[usize], offset: usize) -> Option<Vec<f32>> {
        let storage = unpickle(b"N.").unwrap().root();
        let bytes: Vec<u8> = (0..24u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
        let view = TensorRef { storage, dtype: None, offset, shape: shape.into(), stride: stride.into() };
        let mut out = vec![];
        gather(&bytes, Dtype::F32, false, &view, &mut out).map(|()| out)
    }

    #[test]
    fn strided_views_are_laid_out_row_by_row() {
        assert_eq!(take(&[2, 3], &[3, 1], 0).unwrap(), [0., 1., 2., 3., 4., 5.]);
        assert_eq!(take(&[3, 2], &[1, 3], 0).unwrap(), [0., 3., 1., 4., 2., 5.], "transposed");
        assert_eq!(take(&[2, 2, 2], &[12, 4, 2], 1).unwrap(), [1., 3., 5., 7., 13., 15., 17., 19.], "sliced");
        assert_eq!(take(&[2, 3], &[1, 0], 4).unwrap(), [4., 4., 4., 5., 5., 5.], "expanded");
        assert_eq!(take(&[], &[], 7).unwrap(), [7.], "scalar");
        assert_eq!(take(&[1, 2, 1], &[99, 1, 7], 3).unwrap(), [3., 4.], "sides of one ignore their stride");
    }

    #[test]
    fn views_outside_their_storage_are_refused() {
        assert_eq!(take(&[25], &[1], 0), None);
        assert_eq!(take(&[2], &[1], 23), None);
        assert_eq!(take(&[2, 2], &[usize::MAX, 1], 0), None);
        assert_eq!(take(&[2], &[1], usize::MAX), None);
    }
}
