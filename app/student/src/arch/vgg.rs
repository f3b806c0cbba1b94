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

/// What is said with a VGG of which a state dict does not tell how it ends.
pub(super) const POOLED_NOTE: &str = "VGG features with one Linear head are read as kd_resolution writes them: the last block ends before its ReLU and without pool, then comes the global average";

/// Where one-headed VGGs keep features and head: torchvision's names (our own export), and a Sequential of features, average,
/// flattening and Linear.
const POOLED: [(&str, &str); 2] = [("features", "classifier"), ("0", "3")];

/// How the parameters of a VGG are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) depth: usize,
    pub(super) batch_norm: bool,
    features: &'static str,
    /// The one Linear layer; `None` for torchvision's own head of three.
    pub(super) head: Option<&'static str>,
}

impl Names {
    /// The names of a VGG, when they fit exactly.
    pub(super) fn find(weights: &Weights) -> Option<Self> {
        for (features, head) in POOLED {
            let one = weights.get(&format!("{head}.weight")).is_some();
            if let Some((depth, batch_norm)) = torchvision(weights, features).filter(|_| one || features == "features") {
                return Some(Self { depth, batch_norm, features, head: one.then_some(head) });
            }
        }
        None
    }
}

/// Number of layers and batch norm of a VGG whose features are called so, when the names fit exactly.
fn torchvision(weights: &Weights, features: &str) -> Option<(usize, bool)> {
    let index = |name: &str| name.strip_prefix(features)?.strip_prefix('.')?.strip_suffix(".weight")?.parse().ok();
    let mut indices: Vec<usize> =
        weights.iter().filter(|(_, t)| t.shape().len() == 4).map(|(name, _)| index(name)).collect::<Option<_>>()?;
    indices.sort_unstable();
    let fits = |blocks: &[usize; 5], norm: bool| {
        let convs = layout(blocks, norm).into_iter().enumerate().filter(|(_, kind)| *kind == "conv").map(|(i, _)| i);
        convs.eq(indices.iter().copied())
    };
    [false, true].into_iter().find_map(|norm| CONFIGURATIONS.iter().find(|(_, b)| fits(b, norm)).map(|(n, _)| (*n, norm)))
}

/// The layers of the features, a list for each block.
fn features(weights: &Weights, names: &Names) -> Result<Vec<Vec<Module>>, Reason> {
    let blocks = CONFIGURATIONS.iter().find(|(n, _)| *n == names.depth).map(|(_, b)| b);
    let blocks = blocks.ok_or_else(|| Reason::Unsupported(format!("there is no VGG{}", names.depth)))?;
    let mut made = vec![];
    let mut block = vec![];
    for (i, kind) in layout(blocks, names.batch_norm).into_iter().enumerate() {
        let path = format!("{}.{i}", names.features);
        block.push(match kind {
            "conv" => conv(weights, &path)?,
            "norm" => batch_norm(weights, &path)?,
            "relu" => relu(&path),
            _ => pool(&path),
        });
        if kind == "pool" {
            made.push(std::mem::take(&mut block));
        }
    }
    Ok(made)
}

/// Features that end before the last ReLU, global average, one Linear.
pub(super) fn pooled_tree(weights: &Weights, names: &Names) -> Result<Module, Reason> {
    let mut blocks = features(weights, names)?;
    if let Some(last) = blocks.last_mut() {
        last.truncate(last.len().saturating_sub(2));
    }
    let blocks = blocks.into_iter().enumerate().map(|(i, layers)| Module::sequential(&format!("block{i}"), layers)).collect();
    let head = linear(weights, names.head.unwrap_or("classifier"))?;
    let all = vec![Module::sequential(names.features, blocks), adaptive("avgpool", 1), flatten("flatten"), head];
    Ok(Module::sequential("", all))
}

/// torchvision's network with its own head (`classifier.0`, `.3`, `.6`).
pub(super) fn torchvision_tree(weights: &Weights, names: &Names) -> Result<Module, Reason> {
    let features = features(weights, names)?.into_iter().flatten().collect();
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
