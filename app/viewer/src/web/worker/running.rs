//! A Worker that runs, for as long as this is kept.

use super::{Ticket, post};
use crate::web::object::{field, message_of};
use fovea_distill::remote::Parcel;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// A callback that the browser keeps.
type Listener<E> = Closure<dyn FnMut(E)>;

/// A Worker, and what listens to it; dropping it ends the Worker.
pub struct Running {
    worker: Worker,
    /// Kept for as long as the Worker may call them.
    _listeners: (Listener<MessageEvent>, Listener<ErrorEvent>),
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

impl Running {
    /// Starts a module as a Worker. `hear` gets its messages, `fail` the reason when it stops by itself.
    ///
    /// # Errors
    /// What the browser says when it refuses.
    pub fn start(
        script: &str,
        name: &str,
        mut hear: impl FnMut(JsValue) + 'static,
        mut fail: impl FnMut(&str) + 'static,
    ) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(name);
        let worker = Worker::new_with_options(script, &options)?;
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| hear(event.data()));
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            // A Worker that did not load reports an event without a message.
            let text = field(&event, "message").as_string().filter(|m| !m.is_empty());
            fail(text.as_deref().unwrap_or("it could not be loaded"));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _listeners: (on_message, on_error) })
    }

    /// Hands a parcel over; its buffers are moved.
    ///
    /// # Errors
    /// What the browser says when it refuses.
    pub fn post(&self, ticket: Ticket, parcel: &Parcel) -> Result<(), String> {
        let (message, transfer) = post::message(ticket, parcel);
        self.worker.post_message_with_transfer(&message, &transfer).map_err(|e| message_of(&e))
    }

    /// Says something short; plain strings and numbers are never refused.
    pub fn say(&self, message: &JsValue) {
        let _ = self.worker.post_message(message);
    }
}
