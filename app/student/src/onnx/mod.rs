//! ONNX models, read at run time into a [`Graph`]: opsets 11 to 21, as PyTorch's two exporters write them.
//!
//! **Why a reader of our own.** Weighed against it: burn's `onnx-ir` builds an intermediate form for code generation at build
//! time (it maps files into memory, is a pre-release and panics on models it does not like); `prost` with hand-written
//! messages copies every weight before it can be converted and lets two bytes of a hostile file become a message of some
//! hundred bytes in memory. The wire format is four kinds of fields: `wire` reads them in place, weights go straight from the
//! file to f32, and every stored part is counted. It needs no `protoc`, no macro, and builds for wasm.
//!
//! Shapes in a graph carry no batch: axis k of ONNX is axis k − 1 here. Images are computed one by one, so the batch
//! size is one in shape arithmetic whatever the exporter saw, and a node that mixes images is an error. Values and initializers keep their ONNX names.

mod error;
mod external;
mod fold;
mod host;
mod import;
mod inline;
mod model;
mod ops;
mod order;
mod ranges;
mod tensor;
mod wire;

pub use error::{OnnxError, Refusal, RefusedOp};
pub use external::Siblings;

use crate::graph::{Graph, GraphBuilder, LOGITS, Op};
use crate::weights::Weights;
use host::Host;
use import::{Bound, Import};
use model::{Node, Port, Proto, Side};
use std::collections::HashMap;

/// Opsets whose operators are read.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=24;
/// Opsets that are tested.
const TESTED: std::ops::RangeInclusive<i64> = 11..=21;
/// Elements that constants may unfold to beyond what the file holds.
const FOLDED: usize = 1 << 24;

/// A model that has been read and ordered; its graph is made when the image size is known.
#[derive(Clone, Debug)]
pub struct Onnx {
    nodes: Vec<Node>,
    initializers: HashMap<String, Host>,
    input: Port,
    channels: usize,
    /// The value with the class scores before any softmax.
    scores: String,
    classes: Option<usize>,
    producer: String,
    notes: Vec<String>,
}

/// A network from an ONNX file.
#[derive(Clone, Debug)]
pub struct OnnxModel {
    /// The network, validated.
    pub graph: Graph,
    /// Its weights, as f32 under their initializer names.
    pub weights: Weights,
    /// What the user should know about the reading.
    pub notes: Vec<String>,
    /// Name of the image input.
    pub input_name: String,
    /// Who wrote the file, e.g. `pytorch`.
    pub producer: String,
}

/// True when the bytes begin like an ONNX model.
pub fn is_onnx(bytes: &[u8]) -> bool {
    wire::is_onnx(bytes)
}

/// Reads a model and makes its graph; `input_px` is needed where the model leaves height and width open.
///
/// # Errors
/// See [`Onnx::parse`] and [`Onnx::build`].
pub fn load(bytes: &[u8], siblings: &Siblings<'_, '_>, input_px: Option<usize>) -> Result<OnnxModel, OnnxError> {
    Onnx::parse(bytes, siblings)?.build(input_px)
}

impl Onnx {
    /// Reads the file, fetches external weights through `siblings`, inlines functions, keeps the nodes that the class scores
    /// need, in order.
    ///
    /// # Errors
    /// Damage; weights outside that are missing or escape the folder; several inputs or outputs; operations that we cannot run
    /// (all of them in one error); cycles and dangling values.
    pub fn parse(bytes: &[u8], siblings: &Siblings<'_, '_>) -> Result<Self, OnnxError> {
        if i32::try_from(bytes.len()).is_err() {
            return Err(OnnxError::TooLarge("2 GB is more than protobuf allows; save its weights as external data".into()));
        }
        let mut proto = model::read(bytes, &mut external::External::new(siblings))?;
        if !OPSETS.contains(&proto.opset) {
            return Err(OnnxError::Opset(proto.opset));
        }
        let mut notes = vec![];
        if !TESTED.contains(&proto.opset) {
            notes.push(format!("the model uses opset {}; 11 to 21 are what is tested", proto.opset));
        }
        let nodes = inline::inline(std::mem::take(&mut proto.nodes), &proto.functions)?;
        let input = only_input(&proto)?;
        let output = only_output(&proto)?;
        let known = |name: &str| name == input.name || proto.initializers.contains_key(name);
        let producers = order::producers(&nodes, &known)?;
        let scores = before_softmax(&nodes, &producers, &output.name, &mut notes);
        let sorted = order::order(&nodes, &producers, &scores, &known)?;
        order::refuse_unknown(sorted.iter().map(|&i| &nodes[i]))?;
        let channels = channels(&input, &nodes, &proto.initializers)?;
        let classes = output.sides.as_ref().and_then(|s| if let [_, Side::Known(n)] = s[..] { Some(n) } else { None });
        let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
        let nodes = sorted.into_iter().filter_map(|i| nodes[i].take()).collect();
        Ok(Self { nodes, initializers: proto.initializers, input, channels, scores, classes, producer: proto.producer, notes })
    }

    /// Side of the square image the model is fixed to; `None` when its size is open or not square.
    pub fn fixed_px(&self) -> Option<usize> {
        self.fixed_size().filter(|[h, w]| h == w).map(|[h, _]| h)
    }

    /// Number of class scores, where the file says it.
    pub fn class_count(&self) -> Option<usize> {
        self.classes
    }

    /// Who wrote the file.
    pub fn producer(&self) -> &str {
        &self.producer
    }

    fn fixed_size(&self) -> Option<[usize; 2]> {
        match self.input.sides.as_deref() {
            Some([_, _, Side::Known(h), Side::Known(w)]) => Some([*h, *w]),
            _ => None,
        }
    }

    /// Makes the graph for the model's own image size, or for square images of `input_px`.
    ///
    /// # Errors
    /// An open size that is not given; the first node whose operands or attributes do not fit, by name.
    pub fn build(&self, input_px: Option<usize>) -> Result<OnnxModel, OnnxError> {
        let [h, w] = input_px.map(|px| [px, px]).or(self.fixed_size()).ok_or(OnnxError::Size)?;
        let b = GraphBuilder::new(&self.input.name, &[self.channels, h, w]);
        let mut env: HashMap<String, Bound> =
            self.initializers.iter().map(|(n, h)| (n.clone(), Bound::Host(h.clone()))).collect();
        env.insert(self.input.name.clone(), Bound::Image(b.input()));
        let batch = match self.input.sides.as_deref() {
            Some([Side::Known(n), ..]) => Some(*n),
            _ => None,
        };
        let stored: usize = self.initializers.values().map(Host::len).fold(0, usize::saturating_add);
        let budget = stored.saturating_mul(4).saturating_add(FOLDED);
        let mut import = Import { b, weights: Weights::new(), notes: self.notes.clone(), batch, budget, env };
        for node in &self.nodes {
            import.node(node)?;
        }
        self.finish(import)
    }

    fn finish(&self, mut import: Import) -> Result<OnnxModel, OnnxError> {
        let scores = match import.env.get(&self.scores) {
            Some(Bound::Image(id) | Bound::Loose(id)) => *id,
            Some(Bound::Host(h)) => return Err(OnnxError::Head { name: self.scores.clone(), shape: h.shape.clone() }),
            None => return Err(OnnxError::Damaged(format!("nothing makes its output '{}'", self.scores))),
        };
        let shape = import.b.value(scores).shape.clone();
        let logits = match shape[..] {
            [_] => scores,
            [classes, 1, 1] => {
                import.notes.push("the class scores are a map of one pixel; it is taken as one row".into());
                import.b.node(Op::Reshape { shape: vec![classes] }, &[scores], "class scores", "class scores")?
            }
            _ => return Err(OnnxError::Head { name: self.scores.clone(), shape }),
        };
        import.b.output(LOGITS, logits);
        let graph = import.b.finish();
        graph.validate()?;
        let (weights, notes) = (import.weights, import.notes);
        Ok(OnnxModel { graph, weights, notes, input_name: self.input.name.clone(), producer: self.producer.clone() })
    }
}

fn only_input(proto: &Proto) -> Result<Port, OnnxError> {
    // Old files list initializers among the inputs.
    let free: Vec<&Port> = proto.inputs.iter().filter(|p| !proto.initializers.contains_key(&p.name)).collect();
    let [input] = free[..] else { return Err(OnnxError::Inputs(free.iter().map(|p| p.name.clone()).collect())) };
    let refuse = |what: &str| Err(OnnxError::Input { name: input.name.clone(), what: what.into() });
    if !matches!(input.element, 0 | 1 | 10 | 11 | 16) {
        return refuse("it does not take floats");
    }
    match input.sides.as_deref() {
        None => {}
        Some([_, Side::Known(c), _, Side::Known(3)]) if *c > 4 => {
            return refuse("its channels come last; export it with [batch, channels, height, width]");
        }
        Some([_, _, _, _]) => {}
        Some(other) => return refuse(&format!("it has {} axes, not [batch, channels, height, width]", other.len())),
    }
    Ok(input.clone())
}

fn only_output(proto: &Proto) -> Result<&Port, OnnxError> {
    match &proto.outputs[..] {
        [output] => Ok(output),
        others => Err(OnnxError::Outputs(others.iter().map(|p| p.name.clone()).collect())),
    }
}

/// Channels of the image: from the input, or from the first convolution.
fn channels(input: &Port, nodes: &[Node], initializers: &HashMap<String, Host>) -> Result<usize, OnnxError> {
    if let Some([_, Side::Known(c), ..]) = input.sides.as_deref() {
        return Ok(*c);
    }
    let first = nodes.iter().find(|n| n.op == "Conv" && n.inputs.first() == Some(&input.name));
    let weights = first.and_then(|n| initializers.get(n.inputs.get(1)?));
    // A first convolution in groups would need its group count too; nobody exports one without sides.
    let channels = weights.and_then(|w| w.shape.get(1).copied());
    channels.ok_or_else(|| OnnxError::Input { name: input.name.clone(), what: "its number of channels is open".into() })
}

/// Walks back over a final softmax or sigmoid: maps explain the scores before it.
fn before_softmax(nodes: &[Node], producers: &order::Producers<'_>, output: &str, notes: &mut Vec<String>) -> String {
    let mut scores = output;
    let mut peeled = false;
    // Each step goes to a value not seen before unless the graph is cyclic, which `order` reports.
    for _ in 0..8 {
        let Some(node) = producers.get(scores).map(|&i| &nodes[i]).filter(|n| n.is_standard()) else { break };
        let head = matches!(node.op.as_str(), "Softmax" | "LogSoftmax" | "Sigmoid") && !peeled;
        let Some(before) = node.inputs.first().filter(|_| head || node.op == "Identity") else { break };
        if head {
            notes.push(format!("the model ends with {}; its operand '{before}' holds the class scores (logits)", node.op));
            peeled = true;
        }
        scores = before;
    }
    scores.to_string()
}
