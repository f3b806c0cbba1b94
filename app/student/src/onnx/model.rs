//! What is kept of `onnx.proto`'s messages, and their reading.

use super::OnnxError;
use super::external::External;
use super::host::Host;
use super::tensor;
use super::wire::{Budget, Field, Reader, append_floats, damaged};
use std::collections::HashMap;

/// `NodeProto`.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) op: String,
    pub(super) domain: String,
    pub(super) overload: String,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    pub(super) attributes: Vec<Attribute>,
    /// Version of ONNX's own operators that holds where the node stands.
    pub(super) opset: i64,
}

impl Node {
    /// Name for messages: its own, or that of its first result.
    pub(super) fn label(&self) -> &str {
        match self.outputs.first() {
            Some(output) if self.name.is_empty() => output,
            _ => &self.name,
        }
    }

    /// True for ONNX's own operators.
    pub(super) fn is_standard(&self) -> bool {
        matches!(self.domain.as_str(), "" | "ai.onnx")
    }
}

/// `AttributeProto`.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: Payload,
}

/// What an attribute holds.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    Float(f32),
    Int(i64),
    Text(String),
    Tensor(Host),
    Floats(Vec<f32>),
    Ints(Vec<i64>),
    /// Inside a function: the caller's attribute of this name.
    Caller(String),
    /// Graphs, strings, sparse tensors: nothing we use.
    Other,
}

/// One side of an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Known(usize),
    Free,
}

/// `ValueInfoProto` of a tensor.
#[derive(Clone, Debug)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) element: i64,
    /// `None` for an unknown rank.
    pub(super) sides: Option<Vec<Side>>,
}

/// `FunctionProto`.
#[derive(Clone, Debug, Default)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) overload: String,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    /// Attributes with a default.
    pub(super) defaults: Vec<Attribute>,
    pub(super) nodes: Vec<Node>,
}

/// `ModelProto` with its `GraphProto`.
#[derive(Debug, Default)]
pub(super) struct Proto {
    pub(super) producer: String,
    pub(super) opset: i64,
    pub(super) nodes: Vec<Node>,
    pub(super) functions: Vec<Function>,
    pub(super) initializers: HashMap<String, Host>,
    pub(super) inputs: Vec<Port>,
    pub(super) outputs: Vec<Port>,
}

/// Reads a whole model.
pub(super) fn read(bytes: &[u8], external: &mut External<'_, '_>) -> Result<Proto, OnnxError> {
    let mut budget = Budget::new();
    let mut proto = Proto::default();
    let (mut graph, mut functions, mut opset) = (None, vec![], None);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            2 => proto.producer = field.text()?,
            7 => graph = Some(field.bytes()?),
            8 => opset = standard_opset(field.bytes()?)?.or(opset),
            25 => functions.push(field.bytes()?),
            _ => {}
        }
    }
    proto.opset = opset.ok_or_else(|| damaged("it does not say its opset"))?;
    read_graph(graph.ok_or_else(|| damaged("it has no graph"))?, &mut proto, &mut budget, external)?;
    for function in functions {
        budget.item()?;
        proto.functions.push(read_function(function, proto.opset, &mut budget, external)?);
    }
    Ok(proto)
}

/// The version, when the import is that of ONNX's own operators.
fn standard_opset(bytes: &[u8]) -> Result<Option<i64>, OnnxError> {
    let (mut domain, mut version) = (String::new(), None);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => domain = field.text()?,
            2 => version = Some(field.int()?),
            _ => {}
        }
    }
    Ok(version.filter(|_| matches!(domain.as_str(), "" | "ai.onnx")))
}

fn read_graph(bytes: &[u8], proto: &mut Proto, budget: &mut Budget, external: &mut External<'_, '_>) -> Result<(), OnnxError> {
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => proto.nodes.push(read_node(field.bytes()?, proto.opset, budget, external)?),
            5 => {
                budget.item()?;
                let (name, host) = tensor::read(field.bytes()?, budget, external)?;
                if proto.initializers.insert(name.clone(), host).is_some() {
                    return Err(OnnxError::Tensor { tensor: name, what: "it is there twice".into() });
                }
            }
            11 => proto.inputs.push(read_port(field.bytes()?, budget)?),
            12 => proto.outputs.push(read_port(field.bytes()?, budget)?),
            15 => return Err(OnnxError::Damaged("sparse weights are not supported".into())),
            _ => {}
        }
    }
    Ok(())
}

fn read_function(bytes: &[u8], outer: i64, budget: &mut Budget, external: &mut External<'_, '_>) -> Result<Function, OnnxError> {
    let mut function = Function::default();
    let mut opset = outer;
    let mut nodes = vec![];
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => function.name = field.text()?,
            4 => function.inputs.push(name(field, budget)?),
            5 => function.outputs.push(name(field, budget)?),
            7 => nodes.push(field.bytes()?),
            9 => opset = standard_opset(field.bytes()?)?.unwrap_or(opset),
            10 => function.domain = field.text()?,
            11 => function.defaults.push(read_attribute(field.bytes()?, budget, external)?),
            13 => function.overload = field.text()?,
            _ => {}
        }
    }
    for node in nodes {
        function.nodes.push(read_node(node, opset, budget, external)?);
    }
    Ok(function)
}

fn name(field: Field<'_>, budget: &mut Budget) -> Result<String, OnnxError> {
    budget.item()?;
    field.text()
}

fn read_node(bytes: &[u8], opset: i64, budget: &mut Budget, external: &mut External<'_, '_>) -> Result<Node, OnnxError> {
    budget.item()?;
    let mut node = Node { opset, ..Node::default() };
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => node.inputs.push(name(field, budget)?),
            2 => node.outputs.push(name(field, budget)?),
            3 => node.name = field.text()?,
            4 => node.op = field.text()?,
            5 => node.attributes.push(read_attribute(field.bytes()?, budget, external)?),
            7 => node.domain = field.text()?,
            8 => node.overload = field.text()?,
            _ => {}
        }
    }
    Ok(node)
}

fn read_attribute(bytes: &[u8], budget: &mut Budget, external: &mut External<'_, '_>) -> Result<Attribute, OnnxError> {
    budget.item()?;
    let (mut name, mut kind, mut caller) = (String::new(), 0, String::new());
    let (mut float, mut int, mut text, mut tensor) = (0.0, 0, &[][..], None);
    let (mut floats, mut ints) = (vec![], vec![]);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => name = field.text()?,
            2 => float = field.float()?,
            3 => int = field.int()?,
            4 => text = field.bytes()?,
            5 => tensor = Some(tensor::read(field.bytes()?, budget, external)?.1),
            7 => append_floats(field, &mut floats)?,
            8 => budget.append_ints(field, &mut ints)?,
            20 => kind = field.int()?,
            21 => caller = field.text()?,
            _ => {}
        }
    }
    let value = match (kind, tensor) {
        _ if !caller.is_empty() => Payload::Caller(caller),
        (1, _) => Payload::Float(float),
        (2, _) => Payload::Int(int),
        (3, _) => Payload::Text(String::from_utf8_lossy(text).into_owned()),
        (4, Some(tensor)) => Payload::Tensor(tensor),
        (6, _) => Payload::Floats(floats),
        (7, _) => Payload::Ints(ints),
        _ => Payload::Other,
    };
    Ok(Attribute { name, value })
}

fn read_port(bytes: &[u8], budget: &mut Budget) -> Result<Port, OnnxError> {
    budget.item()?;
    let mut port = Port { name: String::new(), element: 0, sides: None };
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => port.name = field.text()?,
            2 => read_type(field.bytes()?, &mut port, budget)?,
            _ => {}
        }
    }
    Ok(port)
}

fn read_type(bytes: &[u8], port: &mut Port, budget: &mut Budget) -> Result<(), OnnxError> {
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        if number != 1 {
            continue;
        }
        let mut tensor = Reader::new(field.bytes()?);
        while let Some((number, field)) = tensor.next()? {
            match number {
                1 => port.element = field.int()?,
                2 => port.sides = Some(read_sides(field.bytes()?, budget)?),
                _ => {}
            }
        }
    }
    Ok(())
}

fn read_sides(bytes: &[u8], budget: &mut Budget) -> Result<Vec<Side>, OnnxError> {
    let mut sides = vec![];
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        if number != 1 {
            continue;
        }
        budget.item()?;
        let mut side = Side::Free;
        let mut dimension = Reader::new(field.bytes()?);
        while let Some((number, field)) = dimension.next()? {
            // A side of 0 or −1 is how some exporters write "any".
            if number == 1 {
                side = usize::try_from(field.int()?).ok().filter(|&n| n > 0).map_or(Side::Free, Side::Known);
            }
        }
        sides.push(side);
    }
    Ok(sides)
}
