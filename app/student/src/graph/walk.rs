//! Questions about the structure: who makes a value, what lies upstream, where the features end.

use super::place::{UPRIGHT, places};
use super::{Graph, Lead, Node, ValueId};

impl Graph {
    /// The node that makes a value, if any does.
    pub fn producer(&self, id: ValueId) -> Option<&Node> {
        self.nodes.iter().find(|n| n.output == id)
    }

    /// For each value: does it depend on `source` (itself included)?
    pub fn downstream_of(&self, source: ValueId) -> Vec<bool> {
        let mut reach = vec![false; self.values.len()];
        reach[source.index()] = true;
        for n in &self.nodes {
            if n.inputs.iter().any(|i| reach[i.index()]) {
                reach[n.output.index()] = true;
            }
        }
        reach
    }

    /// For each value: does `target` depend on it (itself included)?
    pub fn upstream_of(&self, target: ValueId) -> Vec<bool> {
        let mut reach = vec![false; self.values.len()];
        reach[target.index()] = true;
        for n in self.nodes.iter().rev() {
            if reach[n.output.index()] {
                n.inputs.iter().for_each(|i| reach[i.index()] = true);
            }
        }
        reach
    }

    /// Feature maps `[channels, height, width]` on which the logits depend, front to back: the layers a CAM can look at.
    /// Values whose channels come last (between the transposes that exporters put around a LayerNorm) are none.
    pub fn candidate_layers(&self) -> Vec<ValueId> {
        let Ok(logits) = self.output(super::LOGITS) else { return vec![] };
        let up = self.upstream_of(logits);
        let down = self.downstream_of(self.input);
        let places = places(self);
        let is_map = |v: ValueId| {
            let value = self.value(v);
            let upright = places[v.index()].is_none_or(|p| p == UPRIGHT);
            value.lead == Lead::Sample && upright && matches!(value.shape[..], [_, h, w] if h.saturating_mul(w) > 1)
        };
        let made = self.nodes.iter().map(|n| n.output);
        made.filter(|&v| up[v.index()] && down[v.index()] && is_map(v)).collect()
    }

    /// Default layer: the last feature map before global pooling. It is the last one that everything after it is computed
    /// from, or else (a head that pools several maps) the last of all.
    pub fn default_layer(&self) -> Option<ValueId> {
        if let Some(name) = self.levels.last() {
            return self.find(name).ok();
        }
        let candidates = self.candidate_layers();
        let alone = self.bottlenecks();
        // An average that leaves some cells (VGG's 7 × 7) is pooling too, not features.
        let averaged = |v: ValueId| matches!(self.producer(v).map(|n| &n.op), Some(super::Op::AvgPool(_)));
        let fits = |v: &&ValueId| alone[v.index()] && !averaged(**v);
        candidates.iter().rev().find(fits).or(candidates.last()).copied()
    }

    /// For each value: do the logits depend on the image through it alone?
    fn bottlenecks(&self) -> Vec<bool> {
        let mut alone = vec![false; self.values.len()];
        let Ok(logits) = self.output(super::LOGITS) else { return alone };
        let (up, down) = (self.upstream_of(logits), self.downstream_of(self.input));
        let between = |v: &ValueId| up[v.index()] && down[v.index()];
        let mut last_use = vec![0; self.values.len()];
        for (i, n) in self.nodes.iter().enumerate().filter(|(_, n)| between(&n.output)) {
            n.inputs.iter().for_each(|v| last_use[v.index()] = i);
        }
        // Nodes are in order: a value is alone where nothing older is still needed once it is made.
        let mut open_until = last_use[self.input.index()];
        for (i, n) in self.nodes.iter().enumerate().filter(|(_, n)| between(&n.output)) {
            alone[n.output.index()] = open_until <= i;
            open_until = open_until.max(last_use[n.output.index()]);
        }
        alone
    }

    /// A layer by source name, or by attention level: `-1` is the last block's output, `-2` the one before.
    ///
    /// # Errors
    /// When there is no such value or level.
    pub fn layer(&self, name: &str) -> Result<ValueId, super::GraphError> {
        if let Ok(id) = self.find(name) {
            return Ok(id);
        }
        let level = name.parse::<isize>().ok().filter(|l| *l < 0);
        let at = level.and_then(|l| self.levels.len().checked_add_signed(l));
        match at.and_then(|i| self.levels.get(i)) {
            Some(l) => self.find(l),
            None => Err(super::GraphError::NoValue(name.to_string())),
        }
    }
}
