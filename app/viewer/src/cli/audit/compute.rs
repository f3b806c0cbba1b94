//! Recomputing a case: the same images through the same weights, with the blocks' outputs returned too.

use super::case::{Array, Case};
use anyhow::{Context, bail};
use fovea_engine::{Device, Input, NamedTensor, Runner};
use fovea_student::card::{Grid, View};
use fovea_student::explain::minmax_output;
use fovea_student::file::Student;
use fovea_student::graph::{Lead, Op, Output, Reduction, ValueId};
use fovea_student::load::{BareInfo, Loaded, load};
use fovea_student::{Explain, Graph, LOGITS, Method, explain, view};
use std::collections::BTreeMap;

/// Samples a run.
const BATCH: usize = 8;

/// A network of the case and what stands in front of it.
struct Part<'a> {
    /// `student` or `teacher`: prefix of the reference names.
    who: &'a str,
    student: Student,
    factor: usize,
}

/// Everything this version computes of a case, under the reference names.
pub fn compute(case: &Case, device: &Device) -> anyhow::Result<BTreeMap<String, Array>> {
    let image = case.array("image")?;
    let &[n, _, height, width] = &image.shape[..] else { bail!("the image of the case {} is not (n, 3, h, w)", case.name) };
    let (input, target) = case.pixels;
    if (height, width) != (input, input) || n == 0 {
        bail!("the image of the case {} is {:?}, not {input} px square", case.name, image.shape);
    }
    if target > input || !input.is_multiple_of(target) {
        bail!("the case {} reduces {input} px to {target} px, which is no whole factor", case.name);
    }
    let mut parts = vec![Part { who: "student", student: own_weights(case, input)?, factor: input / target }];
    if case.with_prefix("teacher.").next().is_some() {
        parts.push(Part { who: "teacher", student: teacher(case, input)?, factor: 1 });
    }
    let mut out = BTreeMap::new();
    for part in &parts {
        part.run(case, image, device, &mut out).with_context(|| format!("the {} of the case {}", part.who, case.name))?;
    }
    Ok(out)
}

/// The Student's weights before the step, as any other state dict.
pub(super) fn own_weights(case: &Case, px: usize) -> anyhow::Result<Student> {
    let weights: BTreeMap<String, Array> = case.with_prefix("step0.param.").map(|(n, a)| (n.to_string(), a.clone())).collect();
    if weights.is_empty() {
        bail!("no step0.param.* arrays in the case {}", case.name);
    }
    bare(&super::case::encode(&weights)?, &format!("{}.safetensors", case.name), px)
}

/// The Teacher beside the case.
pub(super) fn teacher(case: &Case, px: usize) -> anyhow::Result<Student> {
    let files = ["teacher.safetensors", "teacher.pth", "teacher_state_dict.pt", "teacher.pt"];
    let found = files.iter().map(|f| case.folder.join(f)).find(|p| p.is_file());
    let path = found.with_context(|| format!("no teacher.safetensors or teacher.pth beside the case {}", case.name))?;
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    bare(&bytes, &path.display().to_string(), px)
}

fn bare(bytes: &[u8], name: &str, px: usize) -> anyhow::Result<Student> {
    match load(bytes, name)? {
        Loaded::Ready(student) => Ok(*student),
        Loaded::Bare(checkpoint) => Ok(checkpoint.into_student(&BareInfo { input_px: Some(px), ..BareInfo::default() })?),
    }
}

impl Part<'_> {
    fn run(&self, case: &Case, image: &Array, device: &Device, out: &mut BTreeMap<String, Array>) -> anyhow::Result<()> {
        let view = View { grid: Grid::Teacher, factor: self.factor, ..View::default() };
        let px = case.pixels.0;
        let (network, weights) = view::apply(&self.student.graph, &self.student.weights, &view, px)?;
        let mut graph = match case.level {
            Some(level) => explain(&network, &Explain::one(level.to_string(), Method::Positive))?,
            None => network.clone(),
        };
        let wanted = wanted(case, self.who, &network);
        graph.outputs.extend(wanted.iter().map(|(name, value)| Output { name: name.clone(), value: *value }));
        let samples = image.shape[0];
        let sample = image.data.len() / samples;
        let mut runner = Runner::new(device, &graph, &weights, BATCH.min(samples))?;
        let batch = runner.batch();
        for chunk in image.data.chunks(sample * batch) {
            let run = pollster::block_on(runner.run(Input::F32(chunk)))?;
            run.outputs.iter().for_each(|t| self.keep(case, t, out));
        }
        // Reference shapes say how a value is laid out ([n, K, 1, 1] for pooled features); the elements are the same.
        for (name, _) in &wanted {
            if let (Some(made), Some(reference)) = (out.get_mut(name), case.arrays.get(name)) {
                let same = reference.shape.iter().product::<usize>() == made.data.len();
                made.shape = if same { reference.shape.clone() } else { made.shape.clone() };
            }
        }
        if self.factor == 1 && self.who == "student" {
            out.insert("student_input".into(), image.clone());
        }
        Ok(())
    }

    /// Appends a run's output under its reference name.
    fn keep(&self, case: &Case, t: &NamedTensor, out: &mut BTreeMap<String, Array>) {
        let add = |out: &mut BTreeMap<String, Array>, name: String, shape: &[usize], data: &[f32]| {
            let whole = out.entry(name).or_insert_with(|| Array { shape: [&[0], &shape[1..]].concat(), data: vec![] });
            whole.shape[0] += shape[0];
            whole.data.extend(data);
        };
        if t.name == LOGITS {
            add(out, format!("{}.logits", self.who), &t.shape, &t.data);
        } else if t.name == minmax_output(0) {
            let (shape, data) = classes_last(&t.shape, &t.data);
            add(out, format!("{}.attention_minmax", self.who), &shape, &data);
        } else if case.arrays.contains_key(&t.name) {
            add(out, t.name.clone(), &t.shape, &t.data);
        }
    }
}

/// Reference arrays that are values of the network: the view's result and the blocks' outputs. Blocks count from 0; past
/// the last one come the pooled features.
fn wanted(case: &Case, who: &str, network: &Graph) -> Vec<(String, ValueId)> {
    let mut out = vec![];
    if who == "student"
        && let Ok(id) = network.find("view.resized")
    {
        out.push(("student_input".to_string(), id));
    }
    for (rest, _) in case.with_prefix(&format!("{who}.block")) {
        let id = rest.parse::<usize>().ok().and_then(|i| match network.levels.get(i) {
            Some(level) => network.find(level).ok(),
            None if i == network.levels.len() => pooled(network),
            None => None,
        });
        out.extend(id.map(|id| (format!("{who}.block{rest}"), id)));
    }
    out
}

/// The spatial mean of the last block.
fn pooled(network: &Graph) -> Option<ValueId> {
    let last = network.find(network.levels.last()?).ok()?;
    let mean = |op: &Op| matches!(op, Op::Reduce { kind: Reduction::Mean, .. } | Op::AvgPool(_));
    let node = network.nodes.iter().find(|n| n.inputs.contains(&last) && mean(&n.op))?;
    (network.value(node.output).lead == Lead::Sample).then_some(node.output)
}

/// `(n, classes, h, w)` as `(n, h, w, classes)`.
fn classes_last(shape: &[usize], data: &[f32]) -> (Vec<usize>, Vec<f32>) {
    let &[n, classes, h, w] = shape else { return (shape.to_vec(), data.to_vec()) };
    let cells = h * w;
    let at = |i: usize| {
        let (sample, rest) = (i / (cells * classes), i % (cells * classes));
        data[sample * cells * classes + (rest % classes) * cells + rest / classes]
    };
    (vec![n, h, w, classes], (0..data.len()).map(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_go_last() {
        // One sample, two classes, 1 × 3 cells.
        let (shape, data) = classes_last(&[1, 2, 1, 3], &[0.0, 1.0, 2.0, 10.0, 11.0, 12.0]);
        assert_eq!((shape, data), (vec![1, 1, 3, 2], vec![0.0, 10.0, 1.0, 11.0, 2.0, 12.0]));
    }
}
