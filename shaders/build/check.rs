//! Validation of a WGSL source: as it stands, with each variant's constants, and (for what the window draws) as WebGL2 GLSL.
use naga::back::{PipelineConstants, glsl, pipeline_constants::process_overrides};
use naga::proc::BoundsCheckPolicies;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};

use crate::source::{Source, Variant};

/// Parses and validates; a fault ends the build with the file's name and the place in it.
pub fn parse(source: &Source) -> (Module, ModuleInfo) {
    let file = format!("{}.wgsl (includes expanded)", source.name);
    let module = naga::front::wgsl::parse_str(&source.text)
        .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(&source.text, &file)));
    let info = Validator::new(ValidationFlags::all(), Capabilities::default())
        .validate(&module)
        .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(&source.text, &file)));
    (module, info)
}

/// The workgroup size once a variant's constants are in place, within WebGPU's default limits.
pub fn workgroup_size(module: &Module, info: &ModuleInfo, entry: &str, variant: &Variant) -> [u32; 3] {
    let constants: PipelineConstants = variant.overrides.iter().cloned().collect();
    let (fixed, _) = process_overrides(module, info, Some((ShaderStage::Compute, entry)), &constants)
        .unwrap_or_else(|e| panic!("variant {}: {e}", variant.name));
    let point = fixed.entry_points.iter().find(|p| p.name == entry).expect("the entry point outlives its constants");
    let mut layouter = naga::proc::Layouter::default();
    layouter.update(fixed.to_ctx()).expect("validated types have a layout");
    let shared: u32 = fixed
        .global_variables
        .iter()
        .filter(|(_, v)| v.space == naga::AddressSpace::WorkGroup)
        .map(|(_, v)| layouter[v.ty].size)
        .sum();
    assert!(shared <= 16384, "variant {}: {shared} bytes of workgroup memory; the default limit is 16384", variant.name);
    let invocations: u32 = point.workgroup_size.iter().product();
    assert!(invocations <= 256, "variant {}: {invocations} invocations; the default limit is 256", variant.name);
    point.workgroup_size
}

/// Writes both stages of a drawing shader as GLSL ES 3.00 for WebGL.
pub fn as_webgl(source: &Source, module: &Module, info: &ModuleInfo) {
    let options = glsl::Options { version: glsl::Version::Embedded { version: 300, is_webgl: true }, ..Default::default() };
    for point in &module.entry_points {
        let pipeline = glsl::PipelineOptions { shader_stage: point.stage, entry_point: point.name.clone(), multiview: None };
        let mut text = String::new();
        glsl::Writer::new(&mut text, module, info, &options, &pipeline, BoundsCheckPolicies::default())
            .and_then(|mut w| w.write())
            .unwrap_or_else(|e| panic!("{} does not fit WebGL2: {e}", source.name));
    }
}
