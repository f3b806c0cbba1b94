//! From unpickled objects to named weights and a tree of modules.

use super::Reason;
use super::pickle::{Id, Object, Pickle};
use super::storage::Tensors;
use crate::arch::{Attr, Module};
use crate::weights::{Tensor, Weights};

/// Deepest nesting of modules.
const MAX_DEPTH: usize = 32;
/// Most dict entries looked at: shared objects could be visited exponentially often.
const MAX_VISITS: usize = 1 << 20;
/// Most named tensors and modules.
const MAX_NAMES: usize = 1 << 14;
/// Longest parameter name.
const MAX_NAME: usize = 512;

/// Keys under which training scripts put the model in a larger dict.
const WRAPPERS: [&str; 6] = ["state_dict", "model_state_dict", "model", "net", "network", "weights"];

/// What a checkpoint holds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) weights: Weights,
    /// The module tree, when whole modules were pickled.
    pub(super) tree: Option<Module>,
    pub(super) notes: Vec<String>,
}

/// Reads weights, and modules where there are any.
pub(super) fn contents(tensors: &mut Tensors<'_, '_>) -> Result<Contents, Reason> {
    let root = tensors.pickle().root();
    let mut walk = Walk { pickle: tensors.pickle(), tensors, weights: Weights::new(), notes: vec![], visits: 0, names: 0 };
    let tree = walk.root(root, 0)?;
    let (mut weights, mut notes) = (walk.weights, walk.notes);
    if weights.is_empty() {
        return Err(Reason::Format("the checkpoint holds no weights".into()));
    }
    if tree.is_none() {
        weights = without_wrapper(weights, &mut notes);
    }
    Ok(Contents { weights, tree, notes })
}

/// Takes off the prefix that `DataParallel` and `torch.compile` put before every name.
pub(super) fn without_wrapper(mut weights: Weights, notes: &mut Vec<String>) -> Weights {
    for prefix in ["module.", "_orig_mod."] {
        if weights.iter().all(|(n, _)| n.starts_with(prefix)) {
            weights = weights.iter().map(|(n, t)| (n[prefix.len()..].to_string(), t.clone())).collect();
            notes.push(format!("the prefix '{prefix}' of all parameter names was taken off"));
        }
    }
    weights
}

/// Counters of batch norm carry nothing that inference needs.
pub(super) fn is_counter(name: &str) -> bool {
    name == "num_batches_tracked" || name.ends_with(".num_batches_tracked")
}

struct Walk<'a, 'p, 't> {
    pickle: &'p Pickle<'a>,
    tensors: &'t mut Tensors<'a, 'p>,
    weights: Weights,
    notes: Vec<String>,
    visits: usize,
    names: usize,
}

impl<'a, 'p> Walk<'a, 'p, '_> {
    fn root(&mut self, id: Id, depth: usize) -> Result<Option<Module>, Reason> {
        match self.pickle.get(id) {
            Object::Module { .. } => self.module(id, String::new(), 0).map(Some),
            Object::Dict(_) => self.dict(id, depth),
            _ => Err(Reason::Format("the checkpoint holds neither a module nor a state dict".into())),
        }
    }

    fn dict(&mut self, id: Id, depth: usize) -> Result<Option<Module>, Reason> {
        let mut others = vec![];
        for &(key, value) in self.entries(id)? {
            let Some(name) = self.pickle.str(key) else { continue };
            if !self.tensor(value, name)? && !is_counter(name) {
                others.push((name, value));
            }
        }
        if !self.weights.is_empty() {
            let names = others.iter().take(8).map(|(n, _)| clip(n)).collect::<Vec<_>>().join(", ");
            if !names.is_empty() {
                self.notes.push(format!("entries that are no tensors were ignored: {names}"));
            }
            return Ok(None);
        }
        let wrapped = WRAPPERS.iter().find_map(|w| others.iter().find(|(n, _)| n == w));
        match wrapped {
            Some((name, value)) if depth < 3 => {
                self.notes.push(format!("the model was taken from the entry '{name}'"));
                self.root(*value, depth + 1)
            }
            _ => Err(Reason::Format("the checkpoint is a dict without tensors and without a state dict".into())),
        }
    }

    /// Adds a tensor; false when the object is none.
    fn tensor(&mut self, id: Id, name: &str) -> Result<bool, Reason> {
        if is_counter(name) {
            return Ok(matches!(self.pickle.get(id), Object::Tensor(_)));
        }
        match self.tensors.read(id, name)? {
            None => Ok(false),
            Some(tensor) => self.add(name, tensor).map(|()| true),
        }
    }

    fn add(&mut self, name: &str, tensor: Tensor) -> Result<(), Reason> {
        self.count_name(name)?;
        match self.weights.insert(name, tensor) {
            None => Ok(()),
            Some(_) => Err(Reason::Format(format!("two parameters are named '{}'", clip(name)))),
        }
    }

    fn count_name(&mut self, name: &str) -> Result<(), Reason> {
        self.names += 1;
        if self.names > MAX_NAMES || name.len() > MAX_NAME {
            return Err(Reason::TooLarge("the checkpoint has too many or too long names".into()));
        }
        Ok(())
    }

    /// Entries of a dict, counted against [`MAX_VISITS`]; none when it is no dict.
    fn entries(&mut self, id: Id) -> Result<&'p [(Id, Id)], Reason> {
        let entries = self.pickle.dict(id).unwrap_or(&[]);
        self.visits = self.visits.saturating_add(entries.len());
        if self.visits > MAX_VISITS {
            return Err(Reason::TooLarge("the checkpoint refers to the same objects too often".into()));
        }
        Ok(entries)
    }

    fn module(&mut self, id: Id, path: String, depth: usize) -> Result<Module, Reason> {
        self.count_name(&path)?;
        if depth > MAX_DEPTH {
            return Err(Reason::TooLarge("its modules are nested too deeply".into()));
        }
        let Object::Module { class, state } = self.pickle.get(id) else {
            return Err(Reason::Format(format!("'{}' is no module", clip(&path))));
        };
        let mut module = Module::new(class, &path);
        let Some(state) = *state else { return Ok(module) };
        for &(key, value) in self.entries(state)? {
            match self.pickle.str(key) {
                Some("_parameters" | "_buffers") => self.parameters(value, &path)?,
                Some("_modules") => module.children = self.children(value, &path, depth)?,
                Some("_forward_hooks" | "_forward_pre_hooks") => self.hooks(value, &path)?,
                Some(name) if !name.starts_with('_') => {
                    self.count_name(name)?;
                    module.attributes.insert(name.to_string(), self.attribute(value));
                }
                _ => {}
            }
        }
        Ok(module)
    }

    fn hooks(&mut self, hooks: Id, path: &str) -> Result<(), Reason> {
        if !self.entries(hooks)?.is_empty() {
            self.notes.push(format!("forward hooks of '{}' are ignored", clip(path)));
        }
        Ok(())
    }

    fn parameters(&mut self, dict: Id, path: &str) -> Result<(), Reason> {
        for &(key, value) in self.entries(dict)? {
            let Some(name) = self.pickle.str(key) else { continue };
            let name = join(path, name);
            if !self.tensor(value, &name)? && !is_counter(&name) && *self.pickle.get(value) != Object::None {
                return Err(Reason::Tensor { tensor: clip(&name), what: "it is no tensor".into() });
            }
        }
        Ok(())
    }

    fn children(&mut self, dict: Id, path: &str, depth: usize) -> Result<Vec<Module>, Reason> {
        let mut children = vec![];
        for &(key, value) in self.entries(dict)? {
            let Some(name) = self.pickle.str(key) else { continue };
            if *self.pickle.get(value) != Object::None {
                children.push(self.module(value, join(path, name), depth + 1)?);
            }
        }
        Ok(children)
    }

    fn attribute(&self, id: Id) -> Attr {
        match self.pickle.get(id) {
            Object::None => Attr::None,
            Object::Bool(b) => Attr::Bool(*b),
            Object::Int(i) => Attr::Int(*i),
            Object::Float(f) => Attr::Float(*f),
            Object::Str(s) if s.len() <= MAX_NAME => Attr::Str(s.to_string()),
            Object::Tuple(items) | Object::List(items) if items.len() <= 8 => {
                items.iter().map(|&i| self.pickle.int(i)).collect::<Option<Vec<_>>>().map_or(Attr::Other, Attr::Ints)
            }
            _ => Attr::Other,
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}

fn clip(name: &str) -> String {
    name.chars().take(120).map(|c| if c.is_control() { '?' } else { c }).collect()
}
