//! Several layers or methods side by side on the patch of the canvas: which are wanted, asked for and there.

use std::sync::Arc;

use fovea_student::{Method, Request};

use super::jobs::Revision;
use super::layers;
use super::look::Look;
use super::model::Model;
use super::overlay_paint::TextureKey;
use super::state::{Attention, ItemId};

/// Fewest maps side by side.
pub const FEWEST: usize = 2;
/// Most of them.
pub const MOST: usize = 6;

/// A map that was made.
pub struct Made {
    /// What it is.
    pub request: Request,
    /// The result.
    pub look: Arc<Look>,
    /// The map on the device.
    pub map: Option<TextureKey>,
}

/// What was asked for last.
#[derive(Clone, PartialEq)]
struct Asked {
    revision: Revision,
    item: ItemId,
    requests: Arc<[Request]>,
}

/// The comparison: what is to be seen, and what is there.
#[derive(Default)]
pub struct Compare {
    /// The tiles, as chosen.
    pub wanted: Vec<Request>,
    /// The patch of [`Compare::made`].
    pub item: ItemId,
    /// Finished maps.
    pub made: Vec<Made>,
    /// What cannot be made, and why.
    failures: Vec<(Request, String)>,
    /// Under way or done.
    asked: Option<Asked>,
    /// One run for all failed: each is asked for alone, so that the others are seen.
    singly: bool,
}

impl Compare {
    /// Forgets what was made, for example for another model.
    pub fn forget(&mut self) {
        *self = Self { wanted: std::mem::take(&mut self.wanted), ..Self::default() };
    }

    /// Begins with the map of the canvas and the same method at the deepest layers of other sizes.
    pub fn begin(&mut self, model: &Model, attention: &Attention) {
        if !self.wanted.is_empty() {
            return;
        }
        let blocks: Vec<_> = model.layers().iter().filter(|l| l.block.is_some()).collect();
        let others: Vec<&layers::Layer> = match blocks.is_empty() {
            false => blocks,
            true => {
                let groups = layers::groups(model.layers()).into_iter();
                let further = groups.filter(|(_, group)| group.iter().all(|l| l.value != attention.layer));
                further.filter_map(|(_, group)| group.first().copied()).collect()
            }
        };
        let others = others.into_iter().filter(|l| l.value != attention.layer);
        let at = |layer: &layers::Layer| Request { layer: layer.value.clone(), ..attention.request() };
        self.wanted = std::iter::once(attention.request()).chain(others.take(3).map(at)).collect();
        while self.wanted.len() < FEWEST {
            self.add();
        }
    }

    /// Adds a map like the last one, by a method that is not shown yet.
    pub fn add(&mut self) {
        let Some(last) = self.wanted.last().cloned() else { return };
        let methods = Method::ALL.into_iter().map(|method| Request { method, relu: false, ..last.clone() });
        let other = methods.into_iter().find(|r| !self.wanted.contains(r));
        self.wanted.push(other.unwrap_or(last));
    }

    /// The finished map of a request.
    pub fn made(&self, request: &Request) -> Option<&Made> {
        self.made.iter().find(|m| m.request == *request)
    }

    /// Why the map of a request cannot be made.
    pub fn failure(&self, request: &Request) -> Option<&str> {
        self.failures.iter().find(|(r, _)| r == request).map(|(_, why)| why.as_str())
    }

    /// What is to be asked for now, if anything; `canvas` is the map that is there already.
    pub fn next(&mut self, revision: Revision, item: ItemId, canvas: Option<Made>) -> Option<Arc<[Request]>> {
        if self.item != item {
            self.forget();
            self.item = item;
        }
        if let Some(canvas) = canvas.filter(|c| self.made(&c.request).is_none()) {
            self.made.push(canvas);
        }
        let mut missing: Vec<Request> = vec![];
        for request in &self.wanted {
            if self.made(request).is_none() && self.failure(request).is_none() && !missing.contains(request) {
                missing.push(request.clone());
            }
        }
        missing.truncate(if self.singly { 1 } else { MOST });
        let asked = Asked { revision, item, requests: missing.into() };
        if asked.requests.is_empty() || self.asked.as_ref() == Some(&asked) {
            return None;
        }
        let requests = asked.requests.clone();
        self.asked = Some(asked);
        Some(requests)
    }

    /// A run made none of these.
    pub fn failed(&mut self, requests: &[Request], reason: String) {
        match requests {
            [only] => self.failures.push((only.clone(), reason)),
            _ => self.singly = true,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn request(layer: &str) -> Request {
        Request { layer: layer.into(), method: Method::GradCam, relu: false }
    }

    #[test]
    fn what_fails_together_is_asked_for_alone() {
        let mut compare = Compare { wanted: vec![request("a"), request("b"), request("a")], ..Compare::default() };
        let both = compare.next(Revision::default(), 1, None).unwrap();
        assert_eq!(both[..], [request("a"), request("b")]);
        assert!(compare.next(Revision::default(), 1, None).is_none(), "asked for once");
        compare.failed(&both, "too large".into());
        let first = compare.next(Revision::default(), 1, None).unwrap();
        assert_eq!(first[..], [request("a")]);
        compare.failed(&first, "too large".into());
        assert_eq!(compare.next(Revision::default(), 1, None).unwrap()[..], [request("b")]);
        assert_eq!((compare.failure(&request("a")), compare.failure(&request("b"))), (Some("too large"), None));
        assert_eq!(compare.next(Revision::default(), 2, None).unwrap().len(), 2, "another patch begins anew");
    }

    #[test]
    fn maps_are_added_until_methods_run_out() {
        let mut compare = Compare { wanted: vec![request("a")], ..Compare::default() };
        (1..Method::ALL.len()).for_each(|_| compare.add());
        let mut seen = compare.wanted.clone();
        seen.dedup();
        assert_eq!(seen.len(), Method::ALL.len());
    }
}
