//! The page's end of the training Worker.

use super::object::{field, message_of};
use super::worker::post;
use super::worker::running::Running;
use fovea_distill::remote::{Order, Word};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// A training Worker. It is started with the first order and ends with this.
pub struct Training {
    ctx: egui::Context,
    words: Rc<RefCell<Vec<Word>>>,
    running: Option<Running>,
    /// The Worker stopped by itself: it hears nothing any more, and what it might still say does not count.
    dead: Rc<Cell<bool>>,
}

impl Training {
    /// Nothing is started yet.
    pub fn new(ctx: &egui::Context) -> Self {
        Self { ctx: ctx.clone(), words: Rc::default(), running: None, dead: Rc::default() }
    }

    /// Does a Worker hear orders?
    pub fn alive(&self) -> bool {
        self.running.is_some() && !self.dead.get()
    }

    /// Hands an order over.
    ///
    /// # Errors
    /// A Worker that does not start, or that has stopped; patches that are not in memory.
    pub fn order(&mut self, order: &Order) -> Result<(), String> {
        if self.dead.get() {
            return Err("the training Worker has stopped".into());
        }
        let parcel = order.pack()?;
        if self.running.is_none() {
            let made = self.start();
            self.running = Some(made.map_err(|e| format!("training did not start: {}", message_of(&e)))?);
        }
        // Orders need no ticket: they are carried out one after the other.
        self.running.as_ref().ok_or("there is no training Worker")?.post(0, &parcel)
    }

    /// What was said since the last call.
    pub fn poll(&mut self) -> Vec<Word> {
        std::mem::take(&mut *self.words.borrow_mut())
    }

    fn start(&self) -> Result<Running, JsValue> {
        let listener = || {
            let (words, dead, ctx) = (self.words.clone(), self.dead.clone(), self.ctx.clone());
            move |word: Word, last: bool| {
                if !dead.replace(dead.get() || last) {
                    words.borrow_mut().push(word);
                    ctx.request_repaint();
                }
            }
        };
        let (heard, failed) = (listener(), listener());
        let hear = move |data: JsValue| match field(&data, "panic").as_string() {
            Some(panic) => heard(stopped(&panic), true),
            None => heard(word(&data), false),
        };
        let fail = move |reason: &str| failed(stopped(reason), true);
        Running::start("./trainer-worker.js", "fovea training", hear, fail)
    }
}

fn word(data: &JsValue) -> Word {
    let parcel = post::parcel(data).ok_or_else(|| "the Worker said something else".to_string());
    parcel.and_then(Word::unpack).unwrap_or_else(Word::Failed)
}

fn stopped(reason: &str) -> Word {
    Word::Failed(format!("the training Worker stopped: {reason}"))
}
