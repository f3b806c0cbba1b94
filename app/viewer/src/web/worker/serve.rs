//! The Worker's end: takes jobs one after the other; cancellations overtake them.

use super::session::Session;
use super::wire::Job;
use super::{Ticket, post};
use crate::web::object::{Fields, field, message_of};
use crate::web::page::{breathe, catch_panics};
use fovea_distill::remote::Parcel;
use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

#[derive(Default)]
struct Inbox {
    waiting: VecDeque<(Ticket, Parcel)>,
    cancelled: HashSet<Ticket>,
    waker: Option<Waker>,
}

/// Turns this thread into the Worker that `web::worker` talks to. `web/worker.js` calls it once.
///
/// # Errors
/// When called on the page's own thread.
#[wasm_bindgen]
pub fn worker_main() -> Result<(), JsValue> {
    catch_panics();
    let _ = eframe::WebLogger::init(log::LevelFilter::Warn);
    let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into().map_err(|_| "worker_main runs in a Worker only")?;
    let inbox = Rc::new(RefCell::new(Inbox::default()));
    let theirs = inbox.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| theirs.borrow_mut().take(&event.data()));
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It listens for as long as the Worker lives.
    on_message.forget();
    wasm_bindgen_futures::spawn_local(serve(scope, inbox));
    Ok(())
}

impl Inbox {
    fn take(&mut self, data: &JsValue) {
        let Some(ticket) = post::ticket(data) else { return };
        if field(data, "cancel").is_truthy() {
            self.cancelled.insert(ticket);
        } else if let Some(parcel) = post::parcel(data) {
            self.waiting.push_back((ticket, parcel));
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
    }
}

async fn next(inbox: &RefCell<Inbox>) -> (Ticket, Parcel) {
    let job = poll_fn(|context| {
        let mut inbox = inbox.borrow_mut();
        match inbox.waiting.pop_front() {
            Some(job) => Poll::Ready(job),
            None => {
                // Nothing waits, so there is nothing left to be cancelled.
                inbox.cancelled.clear();
                inbox.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    });
    job.await
}

async fn serve(scope: DedicatedWorkerGlobalScope, inbox: Rc<RefCell<Inbox>>) {
    let mut session = Session::default();
    loop {
        let (ticket, parcel) = next(&inbox).await;
        // Cancellations that came while the last job ran are read before this one begins.
        breathe().await;
        let cancelled = || inbox.borrow().cancelled.contains(&ticket);
        let mut progress = |done: usize, of: usize| {
            post(&scope, Fields::default().with("ticket", ticket).with("done", done as f64).with("of", of as f64));
            !cancelled()
        };
        let outcome = match cancelled() {
            true => Err("cancelled".to_string()),
            false => match Job::unpack(parcel) {
                Ok(job) => session.run(job, &mut progress).await.and_then(|answer| answer.pack()),
                Err(reason) => Err(reason),
            },
        };
        match outcome {
            Err(_) if cancelled() => post(&scope, Fields::default().with("ticket", ticket).with("cancelled", true)),
            Err(reason) => post(&scope, Fields::default().with("ticket", ticket).with("error", reason)),
            Ok(parcel) => {
                let (message, transfer) = post::message(ticket, &parcel);
                if let Err(e) = scope.post_message_with_transfer(&message, &transfer) {
                    post(&scope, Fields::default().with("ticket", ticket).with("error", message_of(&e)));
                }
            }
        }
    }
}

/// Posting plain strings and numbers does not fail.
fn post(scope: &DedicatedWorkerGlobalScope, fields: Fields) {
    let _ = scope.post_message(&fields.done());
}
