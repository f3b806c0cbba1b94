//! VGG networks whose files hold only parameter names: kd_resolution's Sequential and torchvision's `features.N.*`.

use super::{Attr, Module};
use crate::load::Reason;
use crate::weights::Weights;

/// Indices of torchvision's VGG16 features that are convolutions, by block.
pub(crate) const VGG16_BLOCKS: [&[usize]; 5] = [&[0, 2], &[5, 7], &[10, 12, 14], &[17, 19, 21], &[24, 26, 28]];

/// Convolutions per block of VGG11, 13, 16, 19.
const CONFIGURATIONS: [(usize, [usize; 5]); 4] =
    [(11, [1, 1, 2, 2, 2]), (13, [2, 2, 2, 2, 2]), (16, [2, 2, 3, 3, 3]), (19, [2, 2, 4, 4, 4])];

fn ints(v: i64) -> Attr {
    Attr::Ints(vec![v, v])
}

fn shape<'w>(weights: &'w Weights, name: &str) -> Result<&'w [usize], Reason> {
    weights.get(name).map(|t| t.shape()).ok_or_else(|| Reason::Missing(name.into()))
}

fn int(n: usize) -> Attr {
    // Sides of a tensor in memory fit i64.
    Attr::Int(n as i64)
}

/// A 3×3 convolution with padding 1, its widths read off the weights.
fn conv(weights: &Weights, path: &str) -> Result<Module, Reason> {
    let name = format!("{path}.weight");
    let &[out, into, 3, 3] = shape(weights, &name)? else {
        return Err(Reason::Shape { tensor: name.clone(), got: shape(weights, &name)?.to_vec(), want: "[out, in, 3, 3]".into() });
    };
    let module = Module::new("Conv2d", path).with("in_channels", int(into)).with("out_channels", int(out));
    let module = module.with("kernel_size", ints(3)).with("stride", ints(1)).with("padding", ints(1)).with("dilation", ints(1));
    Ok(module.with("groups", Attr::Int(1)).with("bias", Attr::Bool(true)))
}

fn relu(path: &str) -> Module {
    Module::new("ReLU", path)
}

fn pool(path: &str) -> Module {
    let module = Module::new("MaxPool2d", path).with("kernel_size", Attr::Int(2)).with("stride", Attr::Int(2));
    module.with("padding", Attr::Int(0)).with("dilation", Attr::Int(1))
}

fn batch_norm(weights: &Weights, path: &str) -> Result<Module, Reason> {
    let name = format!("{path}.weight");
    let &[features] = shape(weights, &name)? else {
        return Err(Reason::Shape { tensor: name.clone(), got: shape(weights, &name)?.to_vec(), want: "[channels]".into() });
    };
    // torchvision builds them with PyTorch's defaults.
    Ok(Module::new("BatchNorm2d", path).with("num_features", int(features)).with("eps", Attr::Float(1e-5)))
}

fn linear(weights: &Weights, path: &str) -> Result<Module, Reason> {
    let name = format!("{path}.weight");
    let &[out, into] = shape(weights, &name)? else {
        return Err(Reason::Shape {
            tensor: name.clone(),
            got: shape(weights, &name)?.to_vec(),
            want: "[classes, features]".into(),
        });
    };
    let module = Module::new("Linear", path).with("in_features", int(into)).with("out_features", int(out));
    Ok(module.with("bias", Attr::Bool(true)))
}

fn flatten(path: &str) -> Module {
    Module::new("Flatten", path).with("start_dim", Attr::Int(1)).with("end_dim", Attr::Int(-1))
}

fn adaptive(path: &str, size: i64) -> Module {
    Module::new("AdaptiveAvgPool2d", path).with("output_size", Attr::Int(size))
}

/// True when the names are those of a kd_resolution network.
pub(super) fn is_kd(weights: &Weights) -> bool {
    weights.get("2.weight").is_some() && weights.get("0.0.0.weight").is_some()
}

/// kd_resolution's network: five blocks, the last ending before its ReLU and without pool; mean; one Linear.
pub(super) fn kd_tree(weights: &Weights) -> Result<Module, Reason> {
    let mut blocks = vec![];
    for (b, convs) in VGG16_BLOCKS.iter().enumerate() {
        let mut layers = vec![];
        let last_block = b + 1 == VGG16_BLOCKS.len();
        for (i, index) in convs.iter().enumerate() {
            layers.push(conv(weights, &format!("0.{b}.{index}"))?);
            let last = i + 1 == convs.len();
            if !(last && last_block) {
                layers.push(relu(&format!("0.{b}.{}", index + 1)));
            }
            if last && !last_block {
                layers.push(pool(&format!("0.{b}.{}", index + 2)));
            }
        }
        blocks.push(Module::sequential(&format!("0.{b}"), layers));
    }
    blocks.push(adaptive("0.5", 1));
    let softmax = Module::new("Softmax", "3").with("dim", Attr::Int(1));
    Ok(Module::sequential("", vec![Module::sequential("0", blocks), flatten("1"), linear(weights, "2")?, softmax]))
}

/// Layers of torchvision's features: what stands at which index.
fn layout(blocks: &[usize; 5], norm: bool) -> Vec<&'static str> {
    let unit: &[&str] = if norm { &["conv", "norm", "relu"] } else { &["conv", "relu"] };
    blocks.iter().flat_map(|&n| unit.repeat(n).into_iter().chain(["pool"])).collect()
}

/// Number of layers and batch norm of a torchvision VGG, when the names fit exactly.
pub(super) fn torchvision(weights: &Weights) -> Option<(usize, bool)> {
    let mut indices: Vec<usize> = weights
        .iter()
        .filter(|(_, t)| t.shape().len() == 4)
        .map(|(name, _)| name.strip_prefix("features.")?.strip_suffix(".weight")?.parse().ok())
        .collect::<Option<_>>()?;
    indices.sort_unstable();
    let fits = |blocks: &[usize; 5], norm: bool| {
        let convs = layout(blocks, norm).into_iter().enumerate().filter(|(_, kind)| *kind == "conv").map(|(i, _)| i);
        convs.eq(indices.iter().copied())
    };
    [false, true].into_iter().find_map(|norm| CONFIGURATIONS.iter().find(|(_, b)| fits(b, norm)).map(|(n, _)| (*n, norm)))
}

/// torchvision's network with its own head (`classifier.0`, `.3`, `.6`).
pub(super) fn torchvision_tree(weights: &Weights, depth: usize, norm: bool) -> Result<Module, Reason> {
    let blocks = CONFIGURATIONS.iter().find(|(n, _)| *n == depth).map(|(_, b)| b);
    let blocks = blocks.ok_or_else(|| Reason::Unsupported(format!("there is no VGG{depth}")))?;
    let mut features = vec![];
    for (i, kind) in layout(blocks, norm).into_iter().enumerate() {
        let path = format!("features.{i}");
        features.push(match kind {
            "conv" => conv(weights, &path)?,
            "norm" => batch_norm(weights, &path)?,
            "relu" => relu(&path),
            _ => pool(&path),
        });
    }
    let features = Module::sequential("features", features);
    if !weights.iter().any(|(name, _)| name.starts_with("classifier.")) {
        return Err(Reason::HeadMissing);
    }
    let head = vec![
        linear(weights, "classifier.0")?,
        relu("classifier.1"),
        linear(weights, "classifier.3")?,
        relu("classifier.4"),
        linear(weights, "classifier.6")?,
    ];
    Ok(Module::sequential("", vec![features, adaptive("avgpool", 7), flatten("flatten"), Module::sequential("classifier", head)]))
}
