//! The page's end of the training Worker.

use super::object::{field, message_of};
use super::worker::post;
use fovea_distill::remote::{Order, Word};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// A training Worker. It is started with the first order and ends with this.
pub struct Training {
    ctx: egui::Context,
    words: Rc<RefCell<Vec<Word>>>,
    running: Option<Running>,
}

/// A callback that the browser keeps.
type Listener<E> = Closure<dyn FnMut(E)>;

struct Running {
    worker: Worker,
    /// Kept for as long as the Worker may call them.
    _listeners: (Listener<MessageEvent>, Listener<ErrorEvent>),
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

impl Training {
    /// Nothing is started yet.
    pub fn new(ctx: &egui::Context) -> Self {
        Self { ctx: ctx.clone(), words: Rc::default(), running: None }
    }

    /// Hands an order over.
    ///
    /// # Errors
    /// A Worker that does not start; patches that are not in memory.
    pub fn order(&mut self, order: &Order) -> Result<(), String> {
        let parcel = order.pack()?;
        let running = match &mut self.running {
            Some(running) => running,
            None => {
                let made = start(&self.ctx, &self.words).map_err(|e| format!("training did not start: {}", message_of(&e)))?;
                self.running.insert(made)
            }
        };
        let (message, transfer) = post::message(0, &parcel);
        running.worker.post_message_with_transfer(&message, &transfer).map_err(|e| message_of(&e))
    }

    /// What was said since the last call.
    pub fn poll(&mut self) -> Vec<Word> {
        std::mem::take(&mut *self.words.borrow_mut())
    }
}

fn start(ctx: &egui::Context, words: &Rc<RefCell<Vec<Word>>>) -> Result<Running, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name("fovea training");
    let worker = Worker::new_with_options("./trainer-worker.js", &options)?;
    let hear = |words: &Rc<RefCell<Vec<Word>>>, ctx: &egui::Context, word: Word| {
        words.borrow_mut().push(word);
        ctx.request_repaint();
    };
    let (inbox, window) = (words.clone(), ctx.clone());
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        hear(&inbox, &window, word(&event.data()));
    });
    let (inbox, window) = (words.clone(), ctx.clone());
    let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
        // A Worker that did not load reports an event without a message.
        let text = field(&event, "message").as_string().filter(|m| !m.is_empty());
        hear(&inbox, &window, stopped(text.as_deref().unwrap_or("it could not be loaded")));
    });
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    Ok(Running { worker, _listeners: (on_message, on_error) })
}

fn word(data: &JsValue) -> Word {
    if let Some(panic) = field(data, "panic").as_string() {
        return stopped(&panic);
    }
    let parcel = post::parcel(data).ok_or_else(|| "the Worker said something else".to_string());
    parcel.and_then(Word::unpack).unwrap_or_else(Word::Failed)
}

fn stopped(reason: &str) -> Word {
    Word::Failed(format!("the training Worker stopped: {reason}"))
}
