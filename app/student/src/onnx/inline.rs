//! Local functions, replaced by their nodes.

use super::OnnxError;
use super::model::{Attribute, Function, Node, Payload};
use std::collections::HashMap;

/// Deepest nesting of calls; functions that call themselves end here.
const MAX_DEPTH: usize = 32;
/// Most nodes after inlining: a few functions that call each other twice are millions of nodes.
const MAX_NODES: usize = 1 << 16;

/// All nodes, with calls of the model's own functions replaced.
pub(super) fn inline(nodes: Vec<Node>, functions: &[Function]) -> Result<Vec<Node>, OnnxError> {
    let mut out = vec![];
    let mut calls = 0;
    for node in nodes {
        expand(node, functions, 0, &mut calls, &mut out)?;
    }
    Ok(out)
}

fn expand(node: Node, functions: &[Function], depth: usize, calls: &mut usize, out: &mut Vec<Node>) -> Result<(), OnnxError> {
    if depth > MAX_DEPTH || out.len() >= MAX_NODES || *calls >= MAX_NODES {
        return Err(OnnxError::TooLarge(format!("its functions are nested too deep or unfold to more than {MAX_NODES} nodes")));
    }
    let called = functions.iter().find(|f| f.name == node.op && f.domain == node.domain && f.overload == node.overload);
    let Some(function) = called else {
        out.push(node);
        return Ok(());
    };
    *calls += 1;
    let prefix = node.label().to_string();
    let formal = |names: &[String], actual: &[String]| -> Vec<(String, String)> {
        names.iter().cloned().zip(actual.iter().cloned().chain(std::iter::repeat(String::new()))).collect()
    };
    let mut names: HashMap<String, String> = formal(&function.inputs, &node.inputs).into_iter().collect();
    // A result nobody asked for keeps an inner name.
    names.extend(formal(&function.outputs, &node.outputs).into_iter().filter(|(_, actual)| !actual.is_empty()));
    for inner in &function.nodes {
        let rename = |name: &String| match names.get(name) {
            Some(actual) => actual.clone(),
            None if name.is_empty() => String::new(),
            None => format!("{prefix}/{name}"),
        };
        let node = Node {
            name: format!("{prefix}/{}", inner.label()),
            op: inner.op.clone(),
            domain: inner.domain.clone(),
            overload: inner.overload.clone(),
            inputs: inner.inputs.iter().map(rename).collect(),
            outputs: inner.outputs.iter().map(rename).collect(),
            attributes: inner.attributes.iter().filter_map(|a| resolve(a, &node, function)).collect(),
            opset: inner.opset,
        };
        expand(node, functions, depth + 1, calls, out)?;
    }
    Ok(())
}

/// An attribute with the caller's value, or the function's default, in place of a reference.
fn resolve(attribute: &Attribute, caller: &Node, function: &Function) -> Option<Attribute> {
    let Payload::Caller(wanted) = &attribute.value else { return Some(attribute.clone()) };
    let given = caller.attributes.iter().chain(&function.defaults).find(|a| a.name == *wanted)?;
    Some(Attribute { name: attribute.name.clone(), value: given.value.clone() })
}
