//! Results of recently seen patches, within a budget, so that going back shows them at once.

use std::collections::VecDeque;
use std::sync::Arc;

use super::look::Look;
use super::state::ItemId;

/// Most bytes of maps that are kept.
const BUDGET: usize = 96 << 20;

/// The newest results, the oldest in front.
#[derive(Default)]
pub struct Recent {
    looks: VecDeque<(ItemId, Arc<Look>)>,
    bytes: usize,
}

impl Recent {
    /// The result of a patch, if it is still there.
    pub fn get(&self, id: ItemId) -> Option<Arc<Look>> {
        self.looks.iter().find(|(i, _)| *i == id).map(|(_, look)| look.clone())
    }

    /// Keeps a result; the oldest go when there is no more room.
    pub fn put(&mut self, id: ItemId, look: Arc<Look>) {
        self.remove(id);
        self.bytes += look.bytes();
        self.looks.push_back((id, look));
        while self.bytes > BUDGET && self.looks.len() > 1 {
            if let Some((_, old)) = self.looks.pop_front() {
                self.bytes -= old.bytes();
            }
        }
    }

    fn remove(&mut self, id: ItemId) {
        if let Some(at) = self.looks.iter().position(|(i, _)| *i == id)
            && let Some((_, old)) = self.looks.remove(at)
        {
            self.bytes -= old.bytes();
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
