//! The page's end: starts the Worker with the first job, and a new one after a crash.

use super::wire::{Answer, Job, Parcel};
use super::{Ticket, post};
use crate::web::object::{Fields, field, message_of};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// News from the Worker.
#[derive(Clone, Debug)]
pub enum Event {
    /// Tiles done of an analysis.
    Progress {
        /// Which job.
        ticket: Ticket,
        /// Tiles done.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// A job ended. A cancelled one ends with the error "cancelled", unless it had ended already.
    Done {
        /// Which job.
        ticket: Ticket,
        /// What came of it.
        outcome: Result<Answer, String>,
    },
}

#[derive(Default)]
struct Host {
    worker: Option<Running>,
    last: Ticket,
    outstanding: BTreeSet<Ticket>,
    /// What a new Worker has to be told after a crash.
    student: Option<Job>,
    events: Vec<Event>,
    waker: Option<Rc<dyn Fn()>>,
}

struct Running {
    worker: Worker,
    /// Kept for as long as the Worker may call them.
    _listeners: (Closure<dyn FnMut(MessageEvent)>, Closure<dyn FnMut(ErrorEvent)>),
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

/// Sets what is called when [`poll`] has something new.
pub fn set_waker(waker: impl Fn() + 'static) {
    HOST.with_borrow_mut(|host| host.waker = Some(Rc::new(waker)));
}

/// Hands a job over; jobs are done one after the other.
pub fn submit(job: Job) -> Ticket {
    let ticket = HOST.with_borrow_mut(|host| host.submit(job));
    wake();
    ticket
}

/// Gives a job up. One that is under way stops after its current tiles.
pub fn cancel(ticket: Ticket) {
    HOST.with_borrow_mut(|host| {
        if let Some(running) = &host.worker
            && host.outstanding.contains(&ticket)
        {
            let message = Fields::default().with("ticket", ticket).with("cancel", true).done();
            let _ = running.worker.post_message(&message);
        }
    });
}

/// What has happened since the last call, in order.
pub fn poll() -> Vec<Event> {
    HOST.with_borrow_mut(|host| std::mem::take(&mut host.events))
}

/// Outside the borrow: the waker may call back.
fn wake() {
    let waker = HOST.with_borrow(|host| host.waker.clone().filter(|_| !host.events.is_empty()));
    if let Some(waker) = waker {
        waker();
    }
}

impl Host {
    fn submit(&mut self, job: Job) -> Ticket {
        self.last = self.last.wrapping_add(1);
        let ticket = self.last;
        self.outstanding.insert(ticket);
        if matches!(job, Job::Student { .. }) {
            self.student = Some(job.clone());
        }
        if let Err(reason) = self.send(ticket, &job) {
            self.finish(ticket, Err(reason));
        }
        ticket
    }

    fn send(&mut self, ticket: Ticket, job: &Job) -> Result<(), String> {
        let parcel = job.pack()?;
        if self.worker.is_none() {
            self.worker = Some(start().map_err(|e| format!("the Worker did not start: {}", message_of(&e)))?);
            // Ticket 0 is nobody's: its answer is dropped.
            if let (false, Some(student)) = (matches!(job, Job::Student { .. }), &self.student) {
                let parcel = student.pack()?;
                self.post(0, &parcel)?;
            }
        }
        self.post(ticket, &parcel)
    }

    fn post(&self, ticket: Ticket, parcel: &Parcel) -> Result<(), String> {
        let running = self.worker.as_ref().ok_or("there is no Worker")?;
        let (message, transfer) = post::message(ticket, parcel);
        running.worker.post_message_with_transfer(&message, &transfer).map_err(|e| message_of(&e))
    }

    fn receive(&mut self, data: &JsValue) {
        if let Some(panic) = field(data, "panic").as_string() {
            return self.crashed(&panic);
        }
        let Some(ticket) = post::ticket(data).filter(|t| self.outstanding.contains(t)) else { return };
        if let Some(reason) = field(data, "error").as_string() {
            self.finish(ticket, Err(reason));
        } else if let Some(parcel) = post::parcel(data) {
            self.finish(ticket, Answer::unpack(parcel));
        } else if let (Some(done), Some(of)) = (field(data, "done").as_f64(), field(data, "of").as_f64()) {
            self.events.push(Event::Progress { ticket, done: done as usize, of: of as usize });
        }
    }

    fn finish(&mut self, ticket: Ticket, outcome: Result<Answer, String>) {
        if self.outstanding.remove(&ticket) {
            self.events.push(Event::Done { ticket, outcome });
        }
    }

    /// Everything under way is lost; the next job starts a new Worker.
    fn crashed(&mut self, reason: &str) {
        let reason: Arc<str> = format!("the background worker stopped: {reason}").into();
        log::warn!("{reason}");
        self.worker = None;
        for ticket in std::mem::take(&mut self.outstanding) {
            self.events.push(Event::Done { ticket, outcome: Err(reason.to_string()) });
        }
    }
}

fn start() -> Result<Running, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name("fovea");
    let worker = Worker::new_with_options("./worker.js", &options)?;
    // A listener may fire while the Host is borrowed only if the browser delivered messages inside our calls; it never does.
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        HOST.with_borrow_mut(|host| host.receive(&event.data()));
        wake();
    });
    let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(|event: ErrorEvent| {
        // A Worker that did not load reports an event without a message.
        let text = field(&event, "message").as_string().filter(|m| !m.is_empty());
        HOST.with_borrow_mut(|host| host.crashed(text.as_deref().unwrap_or("it could not be loaded")));
        wake();
    });
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    Ok(Running { worker, _listeners: (on_message, on_error) })
}
