//! Questions about the structure: who makes a value, what lies upstream, where the features end.

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
    pub fn candidate_layers(&self) -> Vec<ValueId> {
        let Ok(logits) = self.output(super::LOGITS) else { return vec![] };
        let up = self.upstream_of(logits);
        let down = self.downstream_of(self.input);
        let made = self.nodes.iter().map(|n| n.output);
        made.filter(|v| up[v.index()] && down[v.index()])
            .filter(|&v| self.value(v).lead == Lead::Sample && matches!(self.value(v).shape[..], [_, h, w] if h * w > 1))
            .collect()
    }

    /// Default layer: the last feature map before global pooling.
    pub fn default_layer(&self) -> Option<ValueId> {
        match self.levels.last() {
            Some(name) => self.find(name).ok(),
            None => self.candidate_layers().last().copied(),
        }
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
