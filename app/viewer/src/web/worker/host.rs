//! The page's end: starts a Worker with the first job that needs it, and a new one after a crash.

use super::wire::{Answer, Job};
use super::{Ticket, post};
use crate::web::object::{Fields, field, message_of};
use fovea_distill::remote::Parcel;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
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
    /// A job was given up.
    Cancelled {
        /// Which job.
        ticket: Ticket,
    },
    /// A job ended.
    Done {
        /// Which job.
        ticket: Ticket,
        /// What came of it.
        outcome: Result<Answer, String>,
    },
}

/// Which of the Workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Students and analyses.
    Analysis,
    /// Pictures.
    Decoding,
    /// Maps of Students in training, which must not push the window's own Student out.
    Maps,
}

/// All Workers, and who wants to know.
#[derive(Default)]
struct Host {
    lines: [Line; 3],
    last: Ticket,
    wakers: Vec<Rc<dyn Fn()>>,
}

/// One Worker, what it has been given and what came of it.
#[derive(Default)]
struct Line {
    worker: Option<Running>,
    outstanding: BTreeSet<Ticket>,
    events: Vec<Event>,
    /// What a new Worker has to be told after a crash.
    student: Option<Job>,
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

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

/// Adds to what is called when [`poll`] has something new.
pub fn add_waker(waker: impl Fn() + 'static) {
    HOST.with_borrow_mut(|host| host.wakers.push(Rc::new(waker)));
}

/// Hands a job over. Pictures are decoded in one Worker, everything else is done in another, each job after the one before:
/// no picture waits for an analysis.
pub fn submit(job: Job) -> Ticket {
    submit_to(Lane::of(&job), job)
}

/// [`submit`] to a Worker of one's choice.
pub fn submit_to(lane: Lane, job: Job) -> Ticket {
    let ticket = HOST.with_borrow_mut(|host| host.submit(lane, job));
    wake();
    ticket
}

/// Gives a job up. One that is under way stops after its current tiles.
pub fn cancel(ticket: Ticket) {
    HOST.with_borrow(|host| {
        for line in host.lines.iter().filter(|l| l.outstanding.contains(&ticket)) {
            if let Some(running) = &line.worker {
                let message = Fields::default().with("ticket", ticket).with("cancel", true).done();
                let _ = running.worker.post_message(&message);
            }
        }
    });
}

/// What has happened in one Worker since the last call, in order.
pub fn poll(lane: Lane) -> Vec<Event> {
    HOST.with_borrow_mut(|host| std::mem::take(&mut host.lines[lane as usize].events))
}

/// Outside the borrow: wakers may call back.
fn wake() {
    let news = |host: &Host| host.lines.iter().any(|l| !l.events.is_empty());
    let wakers = HOST.with_borrow(|host| if news(host) { host.wakers.clone() } else { vec![] });
    wakers.iter().for_each(|waker| waker());
}

impl Lane {
    fn of(job: &Job) -> Self {
        if matches!(job, Job::Decode { .. }) { Self::Decoding } else { Self::Analysis }
    }
}

impl Host {
    fn submit(&mut self, lane: Lane, job: Job) -> Ticket {
        self.last = self.last.wrapping_add(1);
        let ticket = self.last;
        let line = &mut self.lines[lane as usize];
        line.outstanding.insert(ticket);
        if let Err(reason) = line.send(lane, ticket, &job) {
            line.finish(ticket, Err(reason));
        }
        if matches!(job, Job::Student { .. }) {
            line.student = Some(job);
        }
        ticket
    }
}

impl Line {
    fn send(&mut self, lane: Lane, ticket: Ticket, job: &Job) -> Result<(), String> {
        let parcel = job.pack()?;
        if self.worker.is_none() {
            self.worker = Some(start(lane).map_err(|e| format!("the background worker did not start: {}", message_of(&e)))?);
            // Ticket 0 is nobody's: its answer is dropped.
            if let (false, Some(student)) = (matches!(job, Job::Student { .. }), &self.student) {
                self.post(0, &student.pack()?)?;
            }
        }
        self.post(ticket, &parcel)
    }

    fn receive(&mut self, data: &JsValue) {
        if let Some(panic) = field(data, "panic").as_string() {
            return self.crashed(&panic);
        }
        let Some(ticket) = post::ticket(data).filter(|t| self.outstanding.contains(t)) else { return };
        if field(data, "cancelled").is_truthy() {
            self.outstanding.remove(&ticket);
            self.events.push(Event::Cancelled { ticket });
        } else if let Some(reason) = field(data, "error").as_string() {
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
        let reason = format!("the background worker stopped: {reason}");
        log::warn!("{reason}");
        self.worker = None;
        let lost = std::mem::take(&mut self.outstanding);
        self.events.extend(lost.into_iter().map(|ticket| Event::Done { ticket, outcome: Err(reason.clone()) }));
    }

    fn post(&self, ticket: Ticket, parcel: &Parcel) -> Result<(), String> {
        let running = self.worker.as_ref().ok_or("there is no background worker")?;
        let (message, transfer) = post::message(ticket, parcel);
        running.worker.post_message_with_transfer(&message, &transfer).map_err(|e| message_of(&e))
    }
}

fn start(lane: Lane) -> Result<Running, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(match lane {
        Lane::Analysis => "fovea analysis",
        Lane::Decoding => "fovea decoder",
        Lane::Maps => "fovea maps",
    });
    let worker = Worker::new_with_options("./worker.js", &options)?;
    // A listener may fire while the Host is borrowed only if the browser delivered messages inside our calls; it never does.
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        HOST.with_borrow_mut(|host| host.lines[lane as usize].receive(&event.data()));
        wake();
    });
    let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
        // A Worker that did not load reports an event without a message.
        let text = field(&event, "message").as_string().filter(|m| !m.is_empty());
        HOST.with_borrow_mut(|host| host.lines[lane as usize].crashed(text.as_deref().unwrap_or("it could not be loaded")));
        wake();
    });
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    Ok(Running { worker, _listeners: (on_message, on_error) })
}
