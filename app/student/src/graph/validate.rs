//! Checks a graph that came from a file: indices, order, names, shapes.

use super::{Graph, GraphError, LOGITS, Lead, ValueId, infer};
use std::collections::HashSet;

impl Graph {
    /// Checks everything an executor relies on.
    ///
    /// # Errors
    /// The first thing that is wrong, naming the node or value.
    pub fn validate(&self) -> Result<(), GraphError> {
        let bad = |what: String| Err(GraphError::Malformed(what));
        let mut names = HashSet::new();
        for v in &self.values {
            if !names.insert(v.name.as_str()) {
                return bad(format!("two values are named '{}'", v.name));
            }
        }
        let mut ready: Vec<bool> = self.values.iter().map(|v| v.lead == Lead::Constant).collect();
        // Constants that nodes compute from constants are no weights: they are ready when their node has run.
        self.nodes.iter().map(|n| n.output.index()).filter(|&i| i < self.values.len()).for_each(|i| ready[i] = false);
        match self.values.get(self.input.index()) {
            Some(v) if v.lead == Lead::Sample && !v.is_empty() => ready[self.input.index()] = true,
            _ => return bad("its input is missing or empty".into()),
        }
        for node in &self.nodes {
            self.check_node(node, &mut ready)?;
        }
        for o in &self.outputs {
            if !self.is_ready(&ready, o.value) {
                return bad(format!("its output '{}' is never computed", o.name));
            }
        }
        if self.value(self.output(LOGITS)?).shape.len() != 1 {
            return bad("its logits are not one row of scores".into());
        }
        match self.levels.iter().find(|l| self.find(l).is_err()) {
            Some(l) => Err(GraphError::NoValue(l.clone())),
            None => Ok(()),
        }
    }

    fn is_ready(&self, ready: &[bool], id: ValueId) -> bool {
        ready.get(id.index()).copied().unwrap_or(false)
    }

    fn check_node(&self, node: &super::Node, ready: &mut [bool]) -> Result<(), GraphError> {
        let bad = |what: &str| Err(GraphError::Malformed(format!("{what} (node '{}', {})", node.name, node.op.name())));
        if node.inputs.iter().any(|&i| !self.is_ready(ready, i)) {
            return bad("it reads a value that nothing before it makes: the graph is cyclic or dangling");
        }
        match ready.get(node.output.index()) {
            Some(false) => {}
            _ => return bad("its result is missing or made twice"),
        }
        let operands: Vec<_> = node.inputs.iter().map(|&i| self.value(i)).collect();
        let (shape, lead) = infer(&node.op, &operands).map_err(|what| GraphError::Node {
            what,
            node: node.name.clone(),
            op: node.op.name().into(),
        })?;
        let made = self.value(node.output);
        if made.shape != shape || made.lead != lead {
            return bad("the stored shape of its result is not what it computes");
        }
        ready[node.output.index()] = true;
        Ok(())
    }
}
