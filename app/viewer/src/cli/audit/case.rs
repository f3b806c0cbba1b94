//! A reference case on disk: a description (`x.json`) and the arrays (`x.safetensors`) another program computed.

use anyhow::{Context, bail};
use fovea_distill::data::entries;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A named array of the case.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Shape, outermost first.
    pub shape: Vec<usize>,
    /// Elements in row-major order.
    pub data: Vec<f32>,
}

/// The arrays of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrays {
    /// Those of f32.
    pub floats: BTreeMap<String, Array>,
    /// The names of the others, which nothing is compared with, and their types.
    pub others: Vec<(String, Dtype)>,
}

impl Arrays {
    /// The others as reports list them, without what is only fed in.
    pub fn not_computed(&self, fed: &[&str]) -> Vec<String> {
        let kept = self.others.iter().filter(|(name, _)| !fed.contains(&name.as_str()));
        kept.map(|(name, dtype)| format!("{name} ({dtype:?})")).collect()
    }
}

/// One case of `golden/kd_resolution`.
#[derive(Debug)]
pub struct Case {
    /// File stem.
    pub name: String,
    /// The folder it lies in.
    pub folder: PathBuf,
    /// `"attention_level"`: −1 is the output of the last block; `None` when the case has no attention.
    pub level: Option<i64>,
    /// `"input_pixels" / "target_pixels"` as written: (input, target).
    pub pixels: (usize, usize),
    /// Every f32 array.
    pub arrays: BTreeMap<String, Array>,
    /// Arrays of other types that are results, as reports list them.
    pub not_computed: Vec<String>,
}

/// What a case feeds in.
const FED: [&str; 2] = ["image", "label"];

/// How far below a folder cases are looked for: `golden` holds `cam`, which holds a folder for each case.
const DEPTH: usize = 2;

/// Descriptions of all cases meant by a path: either file of one case, or a folder of cases or of folders of them.
pub fn find(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.with_extension("json")]);
    }
    let mut found = vec![];
    collect(path, DEPTH, &mut found)?;
    if found.is_empty() {
        bail!("no case (a .json beside a .safetensors of the same name) in {} or its folders", path.display());
    }
    Ok(found)
}

/// The cases of a folder in order of their names, then those of the folders in it.
fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = entries(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let is_case = |file: &&PathBuf| file.extension().is_some_and(|e| e == "json") && file.with_extension("safetensors").is_file();
    found.extend(entries.iter().filter(is_case).cloned());
    if depth > 0 {
        for inner in entries.iter().filter(|entry| entry.is_dir()) {
            collect(inner, depth - 1, found)?;
        }
    }
    Ok(())
}

/// Reads the description of a case.
pub fn describe(description: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read(description).with_context(|| format!("cannot read {}", description.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("not JSON: {}", description.display()))
}

/// Reads one case of `golden/kd_resolution`, its description parsed.
pub fn read(description: &Path, json: &Value) -> anyhow::Result<Case> {
    let named = || description.display().to_string();
    let level = match json.get("attention_level") {
        Some(Value::Null) => None,
        Some(v) => Some(v.as_i64().filter(|l| *l < 0).with_context(|| format!("attention_level {v} is no level: {}", named()))?),
        None => bail!("no attention_level: {}", named()),
    };
    let side = |key: &str| {
        let v = json.get(key).and_then(Value::as_u64).and_then(|v| usize::try_from(v).ok()).filter(|v| *v > 0);
        v.with_context(|| format!("no usable {key}: {}", named()))
    };
    let pixels = (side("input_pixels")?, side("target_pixels")?);
    let stem = description.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = description.parent().map(Path::to_path_buf).unwrap_or_default();
    let arrays = arrays(&description.with_extension("safetensors"))?;
    Ok(Case { name: stem, folder, level, pixels, not_computed: arrays.not_computed(&FED), arrays: arrays.floats })
}

/// Every array of a safetensors file.
pub fn arrays(path: &Path) -> anyhow::Result<Arrays> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = SafeTensors::deserialize(&bytes).with_context(|| format!("not a safetensors file: {}", path.display()))?;
    let mut out = Arrays::default();
    for (name, view) in file.iter() {
        if view.dtype() == Dtype::F32 {
            let data = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            out.floats.insert(name.to_string(), Array { shape: view.shape().to_vec(), data });
        } else {
            out.others.push((name.to_string(), view.dtype()));
        }
    }
    out.others.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(out)
}

impl Case {
    /// One array that the case cannot do without.
    pub fn array(&self, name: &str) -> anyhow::Result<&Array> {
        self.arrays.get(name).with_context(|| format!("no f32 array '{name}' in the case {}", self.name))
    }

    /// Arrays whose name starts with a prefix, the prefix cut off.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Array)> {
        self.arrays.iter().filter_map(move |(n, a)| n.strip_prefix(prefix).map(|n| (n, a)))
    }
}

/// Serialises arrays as safetensors.
pub fn encode(arrays: &BTreeMap<String, Array>) -> anyhow::Result<Vec<u8>> {
    let bytes: Vec<(&String, &Array, Vec<u8>)> =
        arrays.iter().map(|(n, a)| (n, a, a.data.iter().flat_map(|v| v.to_le_bytes()).collect())).collect();
    let views = bytes
        .iter()
        .map(|(n, a, b)| Ok((n.as_str(), safetensors::tensor::TensorView::new(Dtype::F32, a.shape.clone(), b)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    Ok(safetensors::serialize(views, None)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use safetensors::tensor::TensorView;

    #[test]
    fn arrays_of_other_types_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("case.safetensors");
        let views = [
            ("label", TensorView::new(Dtype::I64, vec![1], &[0; 8]).unwrap()),
            ("student.logits", TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap()),
            ("student.block5", TensorView::new(Dtype::F64, vec![1], &[0; 8]).unwrap()),
        ];
        std::fs::write(&file, safetensors::serialize(views, None).unwrap()).unwrap();
        let read = arrays(&file).unwrap();
        assert_eq!(read.floats.keys().collect::<Vec<_>>(), ["student.logits"]);
        assert_eq!(read.not_computed(&FED), ["student.block5 (F64)"]);
        assert_eq!(read.not_computed(&[]), ["label (I64)", "student.block5 (F64)"]);
    }

    #[test]
    fn a_folder_of_folders_is_all_their_cases() -> anyhow::Result<()> {
        let root = tempfile::tempdir()?;
        for name in ["b", "a/one/case", "a/two/case", "a/two/three/too_deep"] {
            let file = root.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap_or(&file))?;
            std::fs::write(file.with_extension("json"), "{}")?;
            std::fs::write(file.with_extension("safetensors"), "")?;
        }
        std::fs::write(root.path().join("a/alone.json"), "{}")?;
        let wanted = ["b.json", "a/one/case.json", "a/two/case.json"].map(|name| root.path().join(name));
        assert_eq!(find(root.path())?, wanted);
        assert_eq!(find(&root.path().join("a/one/case.safetensors"))?, wanted[1..2]);
        let empty = tempfile::tempdir()?;
        let told = find(empty.path()).map_err(|e| e.to_string());
        assert!(told.is_err_and(|e| e.contains("no case") && e.contains(&*empty.path().to_string_lossy())));
        Ok(())
    }
}
