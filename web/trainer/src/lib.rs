//! What the training Worker (`web/trainer-worker.js`) calls: orders in, words out, one unit of work at a time.
//!
//! It trains on burn's CPU device: reading a WebGPU buffer is asynchronous in a browser, and a trainer that waits for a number in the
//! middle of a step cannot.
#![cfg(target_arch = "wasm32")]
#![warn(missing_docs)]

use fovea_distill::Device;
use fovea_distill::remote::{Driver, Order, Parcel, Word};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

/// Drives a run in the Worker.
#[wasm_bindgen]
pub struct Trainer(Driver);

#[wasm_bindgen]
impl Trainer {
    /// Without a run yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        console_error_panic_hook::set_once();
        Self(Driver::new(Device::flex(), "CPU, in this browser"))
    }

    /// Carries an order out; returns words as `{head, parts}`.
    pub fn order(&mut self, head: String, parts: Array) -> Array {
        let parts = parts.iter().map(|part| Uint8Array::new(&part).to_vec()).collect();
        let words = match Order::unpack(Parcel { head, parts }) {
            Ok(order) => self.0.take(order),
            Err(reason) => vec![Word::Failed(reason)],
        };
        messages(words)
    }

    /// Is there work to be done without another order?
    pub fn busy(&self) -> bool {
        self.0.busy()
    }

    /// Does a unit of work; returns words as `{head, parts}`.
    pub fn advance(&mut self) -> Array {
        messages(self.0.advance())
    }
}

impl Default for Trainer {
    fn default() -> Self {
        Self::new()
    }
}

fn messages(words: Vec<Word>) -> Array {
    let packed = words.into_iter().map(|word| word.pack().or_else(|reason| Word::Failed(reason).pack()));
    packed.flatten().map(|parcel| message(&parcel)).collect()
}

/// The buffers of `parts` are meant to be transferred.
fn message(parcel: &Parcel) -> JsValue {
    let parts: Array = parcel.parts.iter().map(|part| JsValue::from(Uint8Array::from(part.as_slice()).buffer())).collect();
    let object = Object::new();
    // Setting a field of a fresh plain object cannot fail.
    let _ = Reflect::set(&object, &"head".into(), &parcel.head.as_str().into());
    let _ = Reflect::set(&object, &"parts".into(), &parts);
    object.unchecked_into()
}
