//! Generates one `static` per kernel and the enum that names them.
use std::fmt::Write as _;

use naga::{AddressSpace, GlobalVariable, ImageClass, Module, ShaderStage, StorageAccess, TypeInner};

use crate::check;
use crate::source::Source;

/// The text of `kernels.rs`.
pub fn generate(sources: &[Source], params: &[String]) -> String {
    let (mut statics, mut ids) = (String::new(), Vec::new());
    for source in sources {
        let (module, info) = check::parse(source);
        let text = source.name.to_uppercase();
        let bindings = bindings(&module, params, &source.name);
        let _ = writeln!(
            statics,
            "const {text}_WGSL: &str = {:?};\nconst {text}_BINDINGS: &[Binding] = &[{}];",
            source.text,
            bindings.join(", ")
        );
        let compute = module.entry_points.iter().find(|p| p.stage == ShaderStage::Compute);
        let Some(point) = compute else {
            check::as_webgl(source, &module, &info);
            emit_draw(&mut statics, &module, &source.name);
            continue;
        };
        let inputs = bindings.iter().filter(|b| *b == "Binding::StorageRead").count();
        for variant in &source.variants {
            let size = check::workgroup_size(&module, &info, &point.name, variant);
            let id = camel(&variant.name);
            let _ = writeln!(
                statics,
                "/// `{0}.wgsl`{1}.\npub static {2}: Kernel = Kernel {{ id: KernelId::{id}, label: {3:?}, wgsl: {text}_WGSL, entry: {4:?}, \
                 workgroup_size: {size:?}, bindings: {text}_BINDINGS, inputs: {inputs}, overrides: &{5:?} }};",
                source.name,
                if variant.overrides.is_empty() { "" } else { " with constants" },
                variant.name.to_uppercase(),
                variant.name,
                point.name,
                variant.overrides,
            );
            ids.push((id, variant.name.to_uppercase()));
        }
    }
    emit_ids(&mut statics, &ids);
    statics
}

fn emit_ids(out: &mut String, ids: &[(String, String)]) {
    let _ = writeln!(
        out,
        "/// Names a compute kernel: one pipeline each.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\npub enum KernelId {{"
    );
    for (id, label) in ids {
        let _ = writeln!(out, "    /// `{}`.\n    {id},", label.to_lowercase());
    }
    let statics: Vec<_> = ids.iter().map(|(_, name)| format!("&{name}")).collect();
    let _ = writeln!(
        out,
        "}}\n/// Every compute kernel, in the order of [`KernelId`].\npub static ALL: [&Kernel; {}] = [{}];",
        ids.len(),
        statics.join(", ")
    );
}

fn emit_draw(out: &mut String, module: &Module, name: &str) {
    let entry = |stage| &module.entry_points.iter().find(|p| p.stage == stage).expect("a drawing shader has both stages").name;
    let _ = writeln!(
        out,
        "/// `{name}.wgsl`.\npub static {}: DrawShader = DrawShader {{ label: {name:?}, wgsl: {}_WGSL, vertex: {:?}, fragment: {:?}, bindings: {}_BINDINGS }};",
        name.to_uppercase(),
        name.to_uppercase(),
        entry(ShaderStage::Vertex),
        entry(ShaderStage::Fragment),
        name.to_uppercase(),
    );
}

/// `Binding::…` in binding order; they must be 0, 1, 2 … of group 0.
fn bindings(module: &Module, params: &[String], name: &str) -> Vec<String> {
    let mut found: Vec<_> = module.global_variables.iter().filter_map(|(_, v)| v.binding.map(|b| (b, v))).collect();
    found.sort_by_key(|(b, _)| (b.group, b.binding));
    for (i, (b, _)) in found.iter().enumerate() {
        assert!(b.group == 0 && b.binding as usize == i, "{name}: bindings are 0, 1, 2 … of group 0, this one is {b:?}");
    }
    found.iter().map(|(_, v)| kind(module, v, params, name)).collect()
}

fn kind(module: &Module, variable: &GlobalVariable, params: &[String], name: &str) -> String {
    let ty = &module.types[variable.ty];
    match (variable.space, &ty.inner) {
        (AddressSpace::Uniform, TypeInner::Struct { span, .. }) => {
            let of = ty.name.as_deref().unwrap_or_default();
            assert!(params.iter().any(|p| p == of), "{name}: uniform {of} is not a struct of params.wgsl");
            format!("Binding::Uniform {{ size: {span} }}")
        }
        (AddressSpace::Storage { access }, _) if access.contains(StorageAccess::STORE) => "Binding::StorageReadWrite".into(),
        (AddressSpace::Storage { .. }, _) => "Binding::StorageRead".into(),
        (_, TypeInner::Image { class: ImageClass::Storage { .. }, .. }) => "Binding::StorageTexture".into(),
        (_, TypeInner::Image { .. }) => "Binding::Texture".into(),
        (_, TypeInner::Sampler { .. }) => "Binding::Sampler".into(),
        (space, inner) => panic!("{name}: no rule for a binding of {space:?} {inner:?}"),
    }
}

fn camel(snake: &str) -> String {
    snake.split('_').map(|w| w[..1].to_uppercase() + &w[1..]).collect()
}
