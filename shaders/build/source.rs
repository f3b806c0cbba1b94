//! WGSL files with their `// #include` and `// #variant` lines understood.
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// One file of `wgsl/`, includes expanded.
pub struct Source {
    pub name: String,
    pub text: String,
    pub variants: Vec<Variant>,
}

/// A specialisation of a file by `override` constants: `// #variant name CONSTANT=value …`.
pub struct Variant {
    pub name: String,
    pub overrides: Vec<(String, f64)>,
}

/// Every `wgsl/*.wgsl`, by name.
pub fn load_all(dir: &Path) -> Vec<Source> {
    let mut paths: Vec<_> =
        fs::read_dir(dir).expect("wgsl/ is part of this crate").map(|e| e.expect("readable entry").path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "wgsl"));
    paths.sort();
    paths.iter().map(|p| load(dir, p)).collect()
}

fn load(dir: &Path, path: &Path) -> Source {
    let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    let mut text = String::new();
    expand(dir, path, &mut BTreeSet::new(), &mut text);
    let mut variants: Vec<_> = text.lines().filter_map(|l| l.strip_prefix("// #variant ")).map(variant).collect();
    if variants.is_empty() {
        variants.push(Variant { name: name.clone(), overrides: Vec::new() });
    }
    Source { name, text, variants }
}

/// Puts what a file includes before the rest of it, each file once.
fn expand(dir: &Path, path: &Path, seen: &mut BTreeSet<String>, out: &mut String) {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("cannot read a WGSL file: {e}: {}", path.display()));
    for line in text.lines() {
        match line.strip_prefix("// #include ") {
            Some(file) if seen.insert(file.to_string()) => expand(dir, &dir.join(file), seen, out),
            Some(_) => {}
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
}

fn variant(line: &str) -> Variant {
    let mut words = line.split_whitespace();
    let name = words.next().expect("#variant has a name").to_string();
    let overrides = words
        .map(|w| {
            let (key, value) = w.split_once('=').unwrap_or_else(|| panic!("#variant {name}: {w} is not CONSTANT=value"));
            (key.to_string(), value.parse().unwrap_or_else(|e| panic!("#variant {name}: {w}: {e}")))
        })
        .collect();
    Variant { name, overrides }
}
