//! Cases of attention maps (`case.json` with a `"network"`): logits, activations and raw maps of every method and layer,
//! recomputed from each ONNX file beside the case.

use super::case::Array;
use super::compare::{Comparison, compare, compare_within};
use super::sensitivity::{Formula, sensitivity};
use anyhow::{Context, bail};
use fovea_engine::{Device, Input, Runner};
use fovea_student::explain::{Explain, Request, explain, gradient_output, raw_output};
use fovea_student::graph::{Graph, LOGITS, Op, Output, Unary, ValueId};
use fovea_student::onnx::{self, OnnxModel};
use fovea_student::{Method, Weights};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest ‖out − ref‖ / ‖ref‖ of logits and activations.
const VALUES: f64 = 1e-4;
/// Largest ‖out − ref‖ / ‖ref‖ of a map that is not ill-conditioned.
const MAPS: f64 = 1e-3;
/// Samples a run: the gradients of early layers are large.
const BATCH: usize = 2;

/// Methods by the names pytorch-grad-cam gives them.
const METHODS: [(&str, Method); 7] = [
    ("GradCAM", Method::GradCam),
    ("GradCAMElementWise", Method::ElementWise),
    ("GradCAMPlusPlus", Method::GradCamPlusPlus),
    ("HiResCAM", Method::HiResCam),
    ("LayerCAM", Method::LayerCam),
    ("XGradCAM", Method::XGradCam),
    ("EigenCAM", Method::EigenCam),
];

/// Exporters: file, and the key under which a layer's value name stands.
const FILES: [(&str, &str); 2] = [("model.onnx", "onnx_value"), ("model_dynamo.onnx", "onnx_value_dynamo")];

/// One network file of a case, recomputed.
pub struct Audited {
    /// Everything compared.
    pub quantities: Vec<Comparison>,
    /// Everything computed, under the reference names.
    pub arrays: BTreeMap<String, Array>,
    /// What the reader of the report should know.
    pub notes: Vec<String>,
}

/// A layer of the case in one network.
struct Layer {
    index: u64,
    value: ValueId,
    name: String,
    /// The result of the ReLU that alone reads it, where that may have worked in place.
    relu: Option<ValueId>,
}

/// Recomputes a case with every network file beside it: the file's name, and what came of it. One that fails hides no other.
pub fn audit(
    folder: &Path,
    json: &Value,
    reference: &BTreeMap<String, Array>,
    device: &Device,
) -> anyhow::Result<Vec<(&'static str, anyhow::Result<Audited>)>> {
    let layers = json.get("layers").and_then(Value::as_array).context("the case lists no layers")?;
    let mut out = vec![];
    for (file, key) in FILES {
        let path = folder.join(file);
        if path.is_file() {
            let done = network(&path, key, layers, reference, device).with_context(|| format!("{}", path.display()));
            out.push((file, done));
        }
    }
    if out.is_empty() {
        bail!("no model.onnx or model_dynamo.onnx beside the case in {}", folder.display());
    }
    Ok(out)
}

fn network(
    path: &Path,
    key: &str,
    layers: &[Value],
    reference: &BTreeMap<String, Array>,
    device: &Device,
) -> anyhow::Result<Audited> {
    let x = reference.get("x").context("the case has no array 'x'")?;
    let px = x.shape.last().copied();
    let model = load(path, px)?;
    let mut notes = model.notes.clone();
    let mut plan = Plan::new(&model, key, layers, reference)?;
    let mut computed = run(device, &plan.explained(&model.graph)?, &model.weights, x)?;
    if plan.assume_in_place(&model.graph) {
        let other = run(device, &plan.explained(&model.graph)?, &model.weights, x)?;
        plan.keep_closer(&mut computed, other, reference, &mut notes);
    }
    let (arrays, quantities) = plan.compare(&computed, reference)?;
    Ok(Audited { quantities, arrays, notes })
}

fn load(path: &Path, px: Option<usize>) -> anyhow::Result<OnnxModel> {
    let bytes = std::fs::read(path).context("cannot be read")?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let sibling = move |name: &str| std::fs::read(folder.join(name)).ok().map(Cow::Owned);
    Ok(onnx::load(&bytes, &sibling, px)?)
}

/// What is computed of one network.
struct Plan {
    layers: Vec<Layer>,
    /// Map `i` of the explained graph: (layer, method, reference name).
    maps: Vec<(usize, Method, String)>,
}

fn activation_name(layer: &Layer) -> String {
    format!("layer{}.activation", layer.index)
}

/// The activation that the maps are made of.
fn kept_name(layer: &Layer) -> String {
    format!("layer{}.kept", layer.index)
}

impl Plan {
    fn new(model: &OnnxModel, key: &str, layers: &[Value], reference: &BTreeMap<String, Array>) -> anyhow::Result<Self> {
        let mut found = vec![];
        for (i, layer) in layers.iter().enumerate() {
            let index = layer.get("index").and_then(Value::as_u64).unwrap_or(i as u64);
            let name = layer.get(key).and_then(Value::as_str).with_context(|| format!("layer {index} has no '{key}'"))?;
            found.push(Layer { index, value: model.graph.find(name)?, name: name.to_string(), relu: None });
        }
        let mut maps = vec![];
        for (i, layer) in found.iter().enumerate() {
            let known = METHODS.iter().map(|(name, method)| (i, *method, format!("layer{}.{name}", layer.index)));
            maps.extend(known.filter(|(.., name)| reference.contains_key(name)));
        }
        Ok(Self { layers: found, maps })
    }

    /// pytorch-grad-cam keeps a reference to the activation. Where a ReLU behind the layer works in place (torchvision's
    /// default), its maps are made of the ReLU's result, with the gradient from before it. Returns whether any layer may be so.
    fn assume_in_place(&mut self, network: &Graph) -> bool {
        for layer in &mut self.layers {
            let readers: Vec<_> = network.nodes.iter().filter(|n| n.inputs.contains(&layer.value)).collect();
            layer.relu = match readers[..] {
                [node] if node.op == Op::Unary(Unary::Relu) => Some(node.output),
                _ => None,
            };
        }
        self.layers.iter().any(|l| l.relu.is_some())
    }

    /// Per layer, the maps of the plain activation or those of the one an in-place ReLU left: whichever the reference has.
    fn keep_closer(
        &mut self,
        plain: &mut BTreeMap<String, Array>,
        mut in_place: BTreeMap<String, Array>,
        reference: &BTreeMap<String, Array>,
        notes: &mut Vec<String>,
    ) {
        for (l, layer) in self.layers.iter().enumerate().filter(|(_, layer)| layer.relu.is_some()) {
            let maps = || self.maps.iter().enumerate().filter(move |(_, m)| m.0 == l);
            let error = |made: &BTreeMap<String, Array>| -> f64 {
                let one = |(i, m): (usize, &(usize, Method, String))| {
                    compare(&m.2, made.get(&raw_output(i))?, reference.get(&m.2)?).relative
                };
                maps().map(|m| one(m).unwrap_or(f64::INFINITY)).sum()
            };
            if error(&in_place) < error(plain) {
                notes.push(format!("'{}': the reference's maps are made of what an in-place ReLU left of it", layer.name));
                let names = maps().flat_map(|(i, _)| [raw_output(i), gradient_output(i)]).chain([kept_name(layer)]);
                for name in names {
                    if let Some(array) = in_place.remove(&name) {
                        plain.insert(name, array);
                    }
                }
            }
        }
    }

    /// The network with every map, its gradient, and the activations as the reference has them.
    fn explained(&self, network: &Graph) -> anyhow::Result<Graph> {
        let request = |(layer, method, _): &(usize, Method, String)| Request {
            layer: self.layers[*layer].name.clone(),
            method: *method,
            relu: false,
        };
        let requests = self.maps.iter().map(request).collect();
        let spec = Explain { requests, normalise: false, gradients: true, ..Explain::one("", Method::GradCam) };
        let mut graph = explain(network, &spec)?;
        for layer in &self.layers {
            if let Some(relu) = layer.relu {
                let appended = graph.nodes[network.nodes.len()..].iter_mut();
                appended.flat_map(|n| &mut n.inputs).filter(|i| **i == layer.value).for_each(|i| *i = relu);
            }
            graph.outputs.push(Output { name: activation_name(layer), value: layer.value });
            graph.outputs.push(Output { name: kept_name(layer), value: layer.relu.unwrap_or(layer.value) });
        }
        Ok(graph)
    }

    fn compare(
        &self,
        computed: &BTreeMap<String, Array>,
        reference: &BTreeMap<String, Array>,
    ) -> anyhow::Result<(BTreeMap<String, Array>, Vec<Comparison>)> {
        let get = |name: &str| computed.get(name).with_context(|| format!("'{name}' was not computed"));
        let mut arrays = BTreeMap::from([(LOGITS.to_string(), get(LOGITS)?.clone())]);
        for layer in &self.layers {
            let name = activation_name(layer);
            arrays.insert(name.clone(), get(&name)?.clone());
        }
        let mut out = vec![];
        for (name, array) in &arrays {
            if let Some(reference) = reference.get(name) {
                out.push(compare_within(name, array, reference, VALUES, None));
            }
        }
        for (i, (layer, method, name)) in self.maps.iter().enumerate() {
            let map = get(&raw_output(i))?;
            let activation = get(&kept_name(&self.layers[*layer]))?;
            let change = match Formula::of(*method) {
                Some(formula) => Some(sensitivity(formula, activation, get(&gradient_output(i))?)),
                None => None,
            };
            let tolerance = MAPS.max(10.0 * change.unwrap_or(0.0));
            let reference = reference.get(name).with_context(|| format!("no array '{name}'"))?;
            out.push(compare_within(name, map, reference, tolerance, change));
            arrays.insert(name.clone(), map.clone());
        }
        Ok((arrays, out))
    }
}

/// All outputs of a graph for all samples.
fn run(device: &Device, graph: &Graph, weights: &Weights, x: &Array) -> anyhow::Result<BTreeMap<String, Array>> {
    let samples = x.shape.first().copied().unwrap_or(0).max(1);
    let sample = x.data.len() / samples;
    let mut runner = Runner::new(device, graph, weights, BATCH.min(samples))?;
    let batch = runner.batch();
    let mut out: BTreeMap<String, Array> = BTreeMap::new();
    for chunk in x.data.chunks(sample.saturating_mul(batch).max(1)) {
        for t in pollster::block_on(runner.run(Input::F32(chunk)))?.outputs {
            let rest = t.shape.get(1..).unwrap_or_default();
            let whole = out.entry(t.name.clone()).or_insert_with(|| Array { shape: [&[0], rest].concat(), data: vec![] });
            whole.shape[0] += t.shape[0];
            whole.data.extend(&t.data);
        }
    }
    Ok(out)
}
