//! Turns every struct of `params.wgsl` into a Rust struct with the layout naga computes.
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Generated Rust text and the names of its structs.
pub struct Structs {
    pub rust: String,
    pub names: Vec<String>,
}

pub fn generate(path: &Path) -> Structs {
    let source = fs::read_to_string(path).expect("params.wgsl is part of this crate");
    let module = naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(&source, "params.wgsl")));
    let mut structs = Structs { rust: String::new(), names: Vec::new() };
    for (_, ty) in module.types.iter() {
        if let naga::TypeInner::Struct { members, span } = &ty.inner {
            let name = ty.name.as_deref().expect("WGSL structs are named");
            emit(&mut structs.rust, &module, name, members, *span);
            structs.names.push(name.to_string());
        }
    }
    structs
}

fn emit(out: &mut String, module: &naga::Module, name: &str, members: &[naga::StructMember], span: u32) {
    let _ = writeln!(out, "/// Uniform `{name}` of the kernels; fields as in `wgsl/shared/params.wgsl`.");
    let _ = writeln!(
        out,
        "#[repr(C)]\n#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]\npub struct {name} {{"
    );
    for m in members {
        let _ = writeln!(out, "    /// See `params.wgsl`.\n    pub {}: {},", field(m), rust_type(module, m.ty));
    }
    let _ = writeln!(out, "}}\nconst _: () = assert!(size_of::<{name}>() == {span});");
    for m in members {
        let _ = writeln!(out, "const _: () = assert!(core::mem::offset_of!({name}, {}) == {});", field(m), m.offset);
    }
}

fn field(member: &naga::StructMember) -> &str {
    member.name.as_deref().expect("WGSL members are named")
}

fn rust_type(module: &naga::Module, ty: naga::Handle<naga::Type>) -> String {
    use naga::{ArraySize, ScalarKind, TypeInner};
    let scalar = |s: naga::Scalar| match s.kind {
        ScalarKind::Uint => "u32",
        ScalarKind::Sint => "i32",
        ScalarKind::Float => "f32",
        other => panic!("scalar kind {other:?} has no Rust type here"),
    };
    match &module.types[ty].inner {
        TypeInner::Scalar(s) => scalar(*s).to_string(),
        TypeInner::Vector { size, scalar: s } => format!("[{}; {}]", scalar(*s), *size as u8),
        TypeInner::Array { base, size: ArraySize::Constant(n), .. } => format!("[{}; {n}]", rust_type(module, *base)),
        other => panic!("type {other:?} has no Rust type here"),
    }
}
