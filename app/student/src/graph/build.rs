//! Building graphs node by node, with every shape inferred on the way.

use super::{Graph, GraphError, Lead, Node, Op, Output, Value, ValueId, infer};
use std::collections::HashMap;

/// Appends to a graph; every added node is shape-checked.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: Graph,
    by_name: HashMap<String, ValueId>,
}

impl GraphBuilder {
    /// Starts with the image input, shape `[channels, height, width]`.
    pub fn new(input_name: &str, input_shape: &[usize]) -> Self {
        let image = Value { name: input_name.into(), shape: input_shape.to_vec(), lead: Lead::Sample };
        let graph =
            Graph { input: ValueId(0), values: vec![image], nodes: vec![], outputs: vec![], levels: vec![], classes: vec![] };
        Self::extend(graph)
    }

    /// Goes on with an existing graph.
    pub fn extend(graph: Graph) -> Self {
        let by_name = graph.values.iter().enumerate().map(|(i, v)| (v.name.clone(), ValueId(i as u32))).collect();
        Self { graph, by_name }
    }

    /// The image.
    pub fn input(&self) -> ValueId {
        self.graph.input
    }

    /// A value made so far.
    pub fn value(&self, id: ValueId) -> &Value {
        self.graph.value(id)
    }

    /// The graph so far.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Declares a constant whose data is in the weights under `name`; declaring it again returns the same value.
    ///
    /// # Errors
    /// When the name is already taken by something else.
    pub fn constant(&mut self, name: &str, shape: &[usize]) -> Result<ValueId, GraphError> {
        if let Some(&id) = self.by_name.get(name) {
            let v = self.graph.value(id);
            let same = v.lead == Lead::Constant && v.shape == shape;
            return if same { Ok(id) } else { Err(GraphError::Malformed(format!("two values are named '{name}'"))) };
        }
        Ok(self.push(name.to_string(), shape.to_vec(), Lead::Constant))
    }

    /// Adds a node; its result is named `output` (made unique when taken).
    ///
    /// # Errors
    /// When the operands do not fit the operation.
    pub fn node(&mut self, op: Op, inputs: &[ValueId], name: &str, output: &str) -> Result<ValueId, GraphError> {
        let operands: Vec<&Value> = inputs.iter().map(|&i| self.graph.value(i)).collect();
        let (shape, lead) =
            infer(&op, &operands).map_err(|what| GraphError::Node { what, node: name.into(), op: op.name().into() })?;
        let unique = self.unique(output);
        let id = self.push(unique, shape, lead);
        self.graph.nodes.push(Node { name: name.into(), op, inputs: inputs.to_vec(), output: id });
        Ok(id)
    }

    /// Names a result.
    pub fn output(&mut self, name: &str, value: ValueId) {
        self.graph.outputs.push(Output { name: name.into(), value });
    }

    /// Sets the names callable by attention level, front to back.
    pub fn levels(&mut self, names: Vec<String>) {
        self.graph.levels = names;
    }

    /// Sets the explained classes.
    pub(crate) fn classes(&mut self, classes: Vec<usize>) {
        self.graph.classes = classes;
    }

    /// The finished graph.
    pub fn finish(self) -> Graph {
        self.graph
    }

    fn unique(&self, wanted: &str) -> String {
        if !self.by_name.contains_key(wanted) {
            return wanted.to_string();
        }
        let mut n = 1usize;
        loop {
            let name = format!("{wanted}.{n}");
            if !self.by_name.contains_key(&name) {
                return name;
            }
            n += 1;
        }
    }

    fn push(&mut self, name: String, shape: Vec<usize>, lead: Lead) -> ValueId {
        let id = ValueId(self.graph.values.len() as u32);
        self.by_name.insert(name.clone(), id);
        self.graph.values.push(Value { name, shape, lead });
        id
    }
}

/// The same network for another input size: all shapes inferred anew.
///
/// # Errors
/// When a node does not take the new size (a fixed reshape, a head without global pooling).
pub fn rebuild(graph: &Graph, input_shape: &[usize]) -> Result<Graph, GraphError> {
    let mut out = graph.clone();
    out.values[graph.input.index()].shape = input_shape.to_vec();
    for node in &graph.nodes {
        let operands: Vec<&Value> = node.inputs.iter().map(|&i| out.value(i)).collect();
        let (shape, _) = infer(&node.op, &operands).map_err(|what| GraphError::Node {
            what,
            node: node.name.clone(),
            op: node.op.name().into(),
        })?;
        out.values[node.output.index()].shape = shape;
    }
    Ok(out)
}
