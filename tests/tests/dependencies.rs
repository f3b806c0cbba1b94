//! The crate-dependency table of the design, held against `cargo metadata`: who may use whom, and what may never come in,
//! directly or through others, for any target.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// A row of the table.
struct Row {
    package: &'static str,
    /// Crates of this workspace that it may name.
    may_use: &'static [&'static str],
    /// Families that may not be below it at any depth.
    never: &'static [&'static [&'static str]],
}

// Families by name prefix. cubecl is what burn computes with; it never comes alone.
const WGPU: &[&str] = &["wgpu"];
const BURN: &[&str] = &["burn", "cubecl"];
const EGUI: &[&str] = &["egui", "eframe", "epaint", "emath", "ecolor"];
const NAGA: &[&str] = &["naga"];

const TABLE: &[Row] = &[
    Row { package: "fovea-shaders", may_use: &[], never: &[WGPU, BURN, EGUI] },
    Row { package: "fovea-student", may_use: &[], never: &[WGPU, BURN, EGUI, NAGA] },
    Row { package: "fovea-patch", may_use: &["fovea-shaders"], never: &[WGPU, BURN, EGUI] },
    Row { package: "fovea-engine", may_use: &["fovea-shaders", "fovea-student"], never: &[BURN, EGUI] },
    Row {
        package: "fovea-distill",
        may_use: &["fovea-student", "fovea-shaders", "fovea-patch"],
        never: &[&["fovea-engine"], EGUI],
    },
    Row {
        package: "fovea",
        may_use: &["fovea-shaders", "fovea-student", "fovea-patch", "fovea-engine", "fovea-distill"],
        never: &[],
    },
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn metadata() -> Metadata {
    // Without a platform filter the graph holds every target's dependencies.
    MetadataCommand::new().current_dir(root()).other_options(["--locked".to_owned()]).exec().unwrap()
}

fn belongs(name: &str, family: &[&str]) -> bool {
    family.iter().any(|prefix| name == *prefix || name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['-', '_'])))
}

/// Direct dependencies of one package, for any target, of the kinds that `wanted` accepts.
fn direct<'a>(metadata: &'a Metadata, id: &PackageId, wanted: fn(DependencyKind) -> bool) -> Vec<&'a Package> {
    let resolve = metadata.resolve.as_ref().unwrap();
    let node = resolve.nodes.iter().find(|node| node.id == *id).unwrap();
    let edges = node.deps.iter().filter(|edge| edge.dep_kinds.iter().any(|kind| wanted(kind.kind)));
    edges.map(|edge| &metadata[&edge.pkg]).collect()
}

fn ships(kind: DependencyKind) -> bool {
    matches!(kind, DependencyKind::Normal | DependencyKind::Build)
}

/// Everything below a package, each with one way that leads there.
fn below(metadata: &Metadata, top: &Package) -> BTreeMap<String, String> {
    let mut seen = BTreeSet::from([top.id.clone()]);
    let mut found = BTreeMap::new();
    let mut open = vec![(top, top.name.to_string())];
    while let Some((package, way)) = open.pop() {
        for dependency in direct(metadata, &package.id, ships) {
            if seen.insert(dependency.id.clone()) {
                let longer = format!("{way} → {}", dependency.name);
                found.insert(dependency.name.to_string(), longer.clone());
                open.push((dependency, longer));
            }
        }
    }
    found
}

#[test]
fn crates_use_only_what_the_table_allows() {
    let metadata = metadata();
    let members: BTreeSet<&str> = metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for row in TABLE {
        // A crate of a later issue is held to its row from the day it appears.
        let Some(package) = metadata.workspace_packages().into_iter().find(|package| package.name == row.package) else {
            continue;
        };
        for dependency in direct(&metadata, &package.id, ships) {
            let name = dependency.name.as_str();
            if members.contains(name) && !row.may_use.contains(&name) {
                wrong.push(format!("{} uses {name}", row.package));
            }
        }
        for (name, way) in below(&metadata, package) {
            if row.never.iter().any(|family| belongs(&name, family)) {
                wrong.push(way);
            }
        }
    }
    assert!(wrong.is_empty(), "not allowed by the design:\n{}", wrong.join("\n"));
}

#[test]
fn every_member_has_a_row() {
    let rows: BTreeSet<&str> = TABLE.iter().map(|row| row.package).collect();
    // Tests and chores may use anything and are used by nothing.
    let free = ["fovea-tests", "xtask", "fovea-trainer"];
    let members = metadata().workspace_packages().into_iter().map(|package| package.name.to_string()).collect::<Vec<_>>();
    let unknown: Vec<_> = members.iter().filter(|name| !rows.contains(name.as_str()) && !free.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "no rule for {unknown:?}");
    for name in ["fovea-shaders", "fovea-student", "fovea-patch", "fovea-engine", "fovea"] {
        assert!(members.iter().any(|member| member == name), "{name} is gone, or renamed without its row");
    }
}

#[test]
fn naga_only_builds_the_shaders() {
    let metadata = metadata();
    let shaders = metadata.workspace_packages().into_iter().find(|package| package.name == "fovea-shaders").unwrap();
    let linked = direct(&metadata, &shaders.id, |kind| kind == DependencyKind::Normal);
    assert!(linked.iter().all(|package| !belongs(&package.name, NAGA)), "naga is for build.rs only");
    for package in metadata.workspace_packages() {
        if package.id != shaders.id {
            assert!(
                direct(&metadata, &package.id, ships).iter().all(|used| !belongs(&used.name, NAGA)),
                "{} uses naga",
                package.name
            );
        }
    }
}

#[test]
fn burn_lives_in_distill_alone() {
    for package in metadata().workspace_packages() {
        let burn = package.dependencies.iter().any(|dependency| belongs(&dependency.name, BURN));
        assert!(!burn || package.name == "fovea-distill", "{} uses burn", package.name);
    }
}

#[test]
fn bindgen_and_its_tool_are_one_version() {
    let metadata = metadata();
    let version = |name: &str| metadata.packages.iter().find(|package| package.name == name).unwrap().version.clone();
    assert_eq!(version("wasm-bindgen"), version("wasm-bindgen-cli-support"), "`cargo xtask web` would refuse the module");
}

/// Every file of the repository that is its own, by a walk that leaves build output and tools out.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | "dist" | "out" | ".git") {
                files(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}

#[test]
fn shaders_live_in_one_folder() {
    let home = root().join("shaders/wgsl");
    let mut all = Vec::new();
    files(&root(), &mut all);
    let shaders: Vec<_> = all.iter().filter(|path| path.extension().is_some_and(|extension| extension == "wgsl")).collect();
    assert!(!shaders.is_empty(), "no shader found");
    let strays: Vec<_> = shaders.iter().filter(|path| !path.starts_with(&home)).collect();
    assert!(strays.is_empty(), "WGSL outside shaders/wgsl: {strays:?}");
}

#[test]
fn every_dependency_is_explained() {
    let metadata = metadata();
    let members: BTreeSet<String> = metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let used: BTreeSet<String> = metadata
        .workspace_packages()
        .iter()
        .flat_map(|package| package.dependencies.iter().map(|dependency| dependency.name.clone()))
        .filter(|name| !members.contains(name))
        .collect();
    let text = std::fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let explained: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .filter(|(_, rest)| rest.split('|').filter(|cell| !cell.trim().is_empty()).count() == 2)
        .map(|(name, _)| name.to_owned())
        .collect();
    let missing: Vec<_> = used.difference(&explained).collect();
    assert!(missing.is_empty(), "no line in docs/dependencies.md: {missing:?}");
    let left: Vec<_> = explained.difference(&used).collect();
    assert!(left.is_empty(), "in docs/dependencies.md, but used no more: {left:?}");
}
