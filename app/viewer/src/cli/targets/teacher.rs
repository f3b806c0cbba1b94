//! A Teacher compiled for the engine, with everything that targets hold among its outputs.

use anyhow::{Context, bail};
use fovea_distill::config::AttentionForm;
use fovea_distill::head::{self, HeadError, HeadNumbers};
use fovea_distill::layers;
use fovea_distill::targets::{AttentionLayer, FeatureLayer, Metadata, Row, TeacherId, VERSION};
use fovea_distill::views::ViewSet;
use fovea_engine::{Device, Input, Run, Runner};
use fovea_student::explain::raw_output;
use fovea_student::file::Student;
use fovea_student::graph::{Graph, Output, ValueId};
use fovea_student::{Explain, LOGITS, explain};

/// What is asked of a Teacher.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Layers whose attention maps are wanted, by level or name.
    pub layers: Vec<String>,
    /// Arithmetics of the maps: each layer in each form.
    pub forms: Vec<AttentionForm>,
    /// Layers whose features are wanted, by level or name.
    pub features: Vec<String>,
}

/// A Teacher ready to run.
pub struct Teacher {
    runner: Runner,
    attention: Vec<AttentionLayer>,
    features: Vec<FeatureLayer>,
    head: Option<HeadNumbers>,
    /// What the user should know.
    pub notes: Vec<String>,
}

const POOLED: &str = "targets.pooled";

fn feature_output(i: usize) -> String {
    format!("targets.features.{i}")
}

impl Teacher {
    /// Compiles the Teacher for up to `batch` images a run.
    pub fn new(device: &Device, student: &Student, wanted: &Wanted, batch: usize) -> anyhow::Result<Self> {
        let (network, weights) = student.runnable()?;
        let mut notes = vec![];
        let (input, head) = match head::find(&network) {
            Ok(found) => (Some(found.input), Some(found.numbers(&weights)?)),
            Err(e @ HeadError::Other { .. }) => {
                notes.push(format!("{e}; the targets carry no head"));
                (None, None)
            }
            Err(e) => return Err(e.into()),
        };
        let each = || wanted.forms.iter().flat_map(|form| wanted.layers.iter().map(|layer| (layer, *form)));
        let requests = each().map(|(layer, form)| layers::request(&network, layer, form)).collect::<Result<Vec<_>, _>>()?;
        let spec = Explain { requests, classes: None, grid: None, normalise: false, closed_form: true, gradients: false };
        let mut graph = explain(&network, &spec)?;
        let features = wanted.features.iter().map(|l| layers::layer(&network, l)).collect::<Result<Vec<_>, _>>()?;
        let more = features.iter().enumerate().map(|(i, id)| Output { name: feature_output(i), value: *id });
        graph.outputs.extend(more.chain(input.map(|value| Output { name: POOLED.into(), value })));
        let attention = spec.requests.iter().zip(each()).enumerate().map(|(i, (r, (_, form)))| {
            let grid = map_grid(&graph, i)?;
            Ok(AttentionLayer { layer: r.layer.clone(), level: level_of(&network, &r.layer), form, grid })
        });
        let attention = attention.collect::<anyhow::Result<_>>()?;
        let features = features.iter().map(|id| feature(&network, *id)).collect::<anyhow::Result<_>>()?;
        Ok(Self { runner: Runner::new(device, &graph, &weights, batch)?, attention, features, head, notes })
    }

    /// Most images a run.
    pub fn batch(&self) -> usize {
        self.runner.batch()
    }

    /// The head, where it is one Linear.
    pub fn head(&self) -> Option<&HeadNumbers> {
        self.head.as_ref()
    }

    /// What a file of its targets says about itself.
    pub fn metadata(&self, student: &Student, views: ViewSet) -> Metadata {
        let card = &student.card;
        Metadata {
            version: VERSION,
            teacher: TeacherId { name: card.name.clone(), sha256: student.weights.sha256() },
            classes: card.class_names.clone(),
            input_px: card.input_px,
            um_per_px: card.um_per_px,
            views,
            attention: self.attention.clone(),
            features: self.features.clone(),
            pooled: self.head.as_ref().map(|h| h.features),
            program: crate::cli::analyze::program(),
        }
    }

    /// What it says about some images, `samples` times `px² · 3` bytes.
    pub fn rows(&mut self, rgb: &[u8]) -> anyhow::Result<Vec<Row>> {
        let run = pollster::block_on(self.runner.run(Input::Rgb8(rgb)))?;
        let logits = items(&run, LOGITS)?;
        let pooled = self.head.as_ref().map(|_| items(&run, POOLED)).transpose()?;
        let maps = (0..self.attention.len()).map(|i| items(&run, &raw_output(i))).collect::<anyhow::Result<Vec<_>>>()?;
        let features = (0..self.features.len()).map(|i| items(&run, &feature_output(i))).collect::<anyhow::Result<Vec<_>>>()?;
        let row = |i: usize| {
            let item = |all: &Vec<&[f32]>| all.get(i).map(|item| item.to_vec()).unwrap_or_default();
            Row {
                logits: item(&logits),
                pooled: pooled.as_ref().map(item).unwrap_or_default(),
                attention: maps.iter().map(item).collect(),
                features: features.iter().map(item).collect(),
            }
        };
        Ok((0..run.samples).map(row).collect())
    }
}

/// One slice per image of an output.
fn items<'r>(run: &'r Run, output: &str) -> anyhow::Result<Vec<&'r [f32]>> {
    let data = &run.get(output).with_context(|| format!("the network did not compute '{output}'"))?.data;
    let item = data.len() / run.samples.max(1);
    if item == 0 {
        bail!("the network's '{output}' is empty");
    }
    Ok(data.chunks_exact(item).collect())
}

fn map_grid(graph: &Graph, map: usize) -> anyhow::Result<[usize; 2]> {
    match graph.value(graph.output(&raw_output(map))?).shape[..] {
        [_, h, w] => Ok([h, w]),
        _ => bail!("map {map} has no height and width"),
    }
}

fn level_of(network: &Graph, layer: &str) -> Option<i64> {
    network.find(layer).ok().and_then(|id| layers::level(network, id))
}

fn feature(network: &Graph, id: ValueId) -> anyhow::Result<FeatureLayer> {
    let value = network.value(id);
    match value.shape[..] {
        [k, h, w] => Ok(FeatureLayer { layer: value.name.clone(), level: layers::level(network, id), shape: [k, h, w] }),
        _ => bail!("the layer '{}' has the shape {:?}, which are no feature maps", value.name, value.shape),
    }
}
