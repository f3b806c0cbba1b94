//! A restricted unpickler: it understands the opcodes and the few names that `torch.save` writes, and makes inert objects.
//!
//! Nothing is ever imported or called. Work and memory are bounded by the number of bytes and by [`MAX_OBJECTS`],
//! [`MAX_ITEMS`] and [`MAX_MARKS`]; there is no recursion.

mod globals;
mod machine;
mod object;
mod reader;
mod reduce;
mod stack;

pub use globals::Global;
pub use object::{Id, Object, Pickle, Storage, TensorRef};

/// Most objects one pickle may make (a pickled ResNet-152 makes some ten thousand).
pub const MAX_OBJECTS: usize = 1 << 18;
/// Most elements all its containers may hold together.
pub const MAX_ITEMS: usize = 1 << 20;
/// Deepest nesting of open containers.
pub const MAX_MARKS: usize = 1 << 10;
/// Longest shape.
pub const MAX_RANK: usize = 8;

/// Why a pickle is refused.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum PickleError {
    /// The bytes end inside an instruction, or a length points behind the end.
    #[error("the pickle is truncated")]
    Truncated,
    /// An instruction that `torch.save` does not write.
    #[error("the pickle has the instruction 0x{opcode:02x} at byte {at}, which torch.save does not write")]
    Opcode {
        /// The instruction.
        opcode: u8,
        /// Where.
        at: usize,
    },
    /// A class or function that is not on the allow-list.
    #[error("the pickle asks for '{0}', which is not on the list of harmless names; nothing was run")]
    Global(String),
    /// Inconsistent instructions.
    #[error("the pickle is malformed: {0}")]
    Invalid(&'static str),
    /// A bound is passed.
    #[error("the pickle is refused: {0}")]
    TooLarge(&'static str),
}

/// Reads one pickle from the front of `data`.
///
/// # Errors
/// See [`PickleError`]; never panics, never runs anything.
pub fn unpickle(data: &[u8]) -> Result<Pickle<'_>, PickleError> {
    stack::Machine::new(data).run()
}
