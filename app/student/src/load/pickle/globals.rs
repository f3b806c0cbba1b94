//! The allow-list: the only names a pickle may mention. None of them is ever called; each has a fixed inert meaning.

use super::PickleError;
use crate::load::dtype::Dtype;

/// Meaning of an allowed name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Global<'a> {
    /// `OrderedDict`, `dict`, `defaultdict`, `Counter`.
    Dict,
    /// `set`, `frozenset`.
    Set,
    /// `list`.
    List,
    /// `torch._utils._rebuild_tensor` and `_v2`.
    RebuildTensor,
    /// `torch._utils._rebuild_tensor_v3`: the element type is an argument.
    RebuildTensorV3,
    /// `torch._utils._rebuild_parameter`, `_rebuild_parameter_with_state`.
    RebuildParameter,
    /// A storage class with its element type (`None`: untyped).
    Storage(Option<Dtype>),
    /// `torch.float32` and so on.
    Dtype(Dtype),
    /// `torch.Size`.
    Size,
    /// A class of `torch.nn.modules`.
    Module(&'a str),
    /// `copyreg._reconstructor`: how protocols 0 and 1 make instances.
    Reconstructor,
    /// Harmless, and its result does not matter.
    Opaque,
}

/// Finds a name on the allow-list.
///
/// # Errors
/// [`PickleError::Global`] names what is not on it.
pub(super) fn resolve<'a>(module: &'a str, name: &'a str) -> Result<Global<'a>, PickleError> {
    match known(module, name) {
        Some(g) => Ok(g),
        None => Err(PickleError::Global(format!("{}.{}", clip(module), clip(name)))),
    }
}

fn known<'a>(module: &'a str, name: &'a str) -> Option<Global<'a>> {
    if module.starts_with("torch.nn.modules.") && is_class(name) {
        return Some(Global::Module(name));
    }
    Some(match (module, name) {
        ("collections", "OrderedDict" | "defaultdict" | "Counter") => Global::Dict,
        ("__builtin__" | "builtins", "dict") => Global::Dict,
        ("__builtin__" | "builtins", "set" | "frozenset") => Global::Set,
        ("__builtin__" | "builtins", "list") => Global::List,
        ("__builtin__" | "builtins", "object" | "int" | "float") => Global::Opaque,
        ("copyreg" | "copy_reg", "_reconstructor") => Global::Reconstructor,
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Global::RebuildTensor,
        ("torch._utils", "_rebuild_tensor_v3") => Global::RebuildTensorV3,
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => Global::RebuildParameter,
        ("torch.storage", "UntypedStorage") => Global::Storage(None),
        ("torch", "Size") => Global::Size,
        ("torch", "device") | ("torch.nn.parameter", "Parameter" | "Buffer") => Global::Opaque,
        ("_codecs", "encode") => Global::Opaque,
        ("numpy", "dtype") | ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Global::Opaque,
        ("torch" | "torch.cuda" | "torch.storage", _) => torch(name)?,
        _ => return None,
    })
}

fn torch(name: &str) -> Option<Global<'_>> {
    match name.strip_suffix("Storage") {
        Some(kind) => storage_dtype(kind).map(|d| Global::Storage(Some(d))),
        None => Dtype::from_torch(name).map(Global::Dtype),
    }
}

fn storage_dtype(kind: &str) -> Option<Dtype> {
    Some(match kind {
        "Float" => Dtype::F32,
        "Double" => Dtype::F64,
        "Half" => Dtype::F16,
        "BFloat16" => Dtype::BF16,
        "Long" => Dtype::I64,
        "Int" => Dtype::I32,
        "Short" => Dtype::I16,
        "Char" => Dtype::I8,
        "Byte" => Dtype::U8,
        "Bool" => Dtype::Bool,
        _ => return None,
    })
}

/// Classes begin with a capital; functions of those modules stay forbidden.
fn is_class(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A hostile name must not fill the screen.
fn clip(name: &str) -> String {
    name.chars().take(80).map(|c| if c.is_control() { '?' } else { c }).collect()
}
