//! Messages as JavaScript sees them: `{ticket, head, parts}`, the buffers of `parts` moved, not copied.

use super::Ticket;
use crate::web::object::{Fields, field};
use fovea_distill::remote::Parcel;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// A message and the buffers to transfer.
pub fn message(ticket: Ticket, parcel: &Parcel) -> (JsValue, JsValue) {
    let parts: Array = parcel.parts.iter().map(|p| JsValue::from(Uint8Array::from(p.as_slice()).buffer())).collect();
    let fields = Fields::default().with("ticket", ticket).with("head", parcel.head.as_str()).with("parts", parts.clone());
    (fields.done().into(), parts.into())
}

/// The ticket of a message, if it has one.
pub fn ticket(data: &JsValue) -> Option<Ticket> {
    field(data, "ticket").as_f64().map(|t| t as Ticket)
}

/// The parcel of a message, if it has one.
pub fn parcel(data: &JsValue) -> Option<Parcel> {
    let head = field(data, "head").as_string()?;
    let parts = field(data, "parts").dyn_into::<Array>().ok()?;
    Some(Parcel { head, parts: parts.iter().map(|p| Uint8Array::new(&p).to_vec()).collect() })
}
