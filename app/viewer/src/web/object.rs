//! Plain JavaScript objects, built by hand: no serialiser for a handful of fields.

use js_sys::{Array, Error, Float32Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// An object in the making.
#[derive(Default)]
pub struct Fields(Object);

impl Fields {
    /// Adds a field.
    pub fn with(self, key: &str, value: impl Into<JsValue>) -> Self {
        // Setting a field of a fresh plain object cannot fail.
        let _ = Reflect::set(&self.0, &key.into(), &value.into());
        self
    }

    /// The object.
    pub fn done(self) -> Object {
        self.0
    }
}

/// A field; `undefined` where there is none or `object` is no object.
pub fn field(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

/// An array of numbers.
pub fn numbers(values: &[f32]) -> Array {
    values.iter().map(|v| JsValue::from_f64(f64::from(*v))).collect()
}

/// An array of strings.
pub fn strings(values: &[String]) -> Array {
    values.iter().map(|v| JsValue::from_str(v)).collect()
}

/// A copy as a typed array.
pub fn typed(values: &[f32]) -> Float32Array {
    Float32Array::from(values)
}

/// A JavaScript `Error` with the sentence of ours.
pub fn error(message: impl std::fmt::Display) -> JsValue {
    Error::new(&message.to_string()).into()
}

/// What an exception says.
pub fn message_of(value: &JsValue) -> String {
    let text = value.dyn_ref::<Error>().map(|e| String::from(e.message()));
    text.or_else(|| value.as_string()).unwrap_or_else(|| format!("{value:?}"))
}
