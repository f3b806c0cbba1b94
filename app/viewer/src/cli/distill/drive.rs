//! Advancing a run to its end, with a progress bar; Ctrl+C stops it between two steps and writes a checkpoint first, a second one stops
//! the program at once.

use crate::cli::bar;
use fovea_distill::record::{Ending, EpochRecord, Progress, StepRecord};
use fovea_distill::run::{RunError, Session};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// How driving ended.
pub enum Stop {
    /// The run is done.
    Ended(Ending),
    /// Somebody pressed Ctrl+C; a checkpoint is written.
    Interrupted,
}

/// Exit code of a program that Ctrl+C stopped at once.
const STOPPED: i32 = 130;

/// Set by Ctrl+C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Whether somebody looks at [`INTERRUPTED`].
static DRIVING: AtomicBool = AtomicBool::new(false);

/// Somebody does as long as this lives.
struct Driving;

impl Driving {
    fn start() -> Self {
        DRIVING.store(true, Ordering::SeqCst);
        Self
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        DRIVING.store(false, Ordering::SeqCst);
    }
}

/// Listens to Ctrl+C from now on. Where that cannot be done a run is still safe: its checkpoints are.
fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| {
        if let Err(e) = ctrlc::set_handler(pressed) {
            log::warn!("Ctrl+C will not write a checkpoint: {e}");
        }
    });
}

fn pressed() {
    let before = INTERRUPTED.swap(true, Ordering::SeqCst);
    if stops_at_once(before, DRIVING.load(Ordering::SeqCst)) {
        std::process::exit(STOPPED);
    }
}

/// A run is asked to stop, once; everything else has nothing to save (files are written whole or not at all).
fn stops_at_once(before: bool, driving: bool) -> bool {
    before || !driving
}

/// Advances a run to its end. With `show` a bar and one line per epoch go to standard error.
///
/// # Errors
/// As [`Session::advance`].
pub fn drive(session: &mut Session, show: bool) -> Result<Stop, RunError> {
    let _driving = Driving::start();
    listen();
    let settings = session.trainer().settings();
    let all = settings.epochs * session.trainer().steps();
    let done = (session.trainer().share() * all as f64).round() as u64;
    let bar = bar(all, show).with_position(done);
    bar.reset_eta();
    loop {
        if INTERRUPTED.load(Ordering::SeqCst) {
            session.save()?;
            bar.finish_and_clear();
            return Ok(Stop::Interrupted);
        }
        match session.advance()? {
            Progress::Step { record, .. } => {
                bar.inc(1);
                bar.set_message(step_words(&record));
            }
            Progress::Validating { done, of, .. } => bar.set_message(format!("validation {done}/{of}")),
            Progress::Epoch { record } if show => bar.suspend(|| eprintln!("{}", epoch_words(&record))),
            Progress::Epoch { .. } => {}
            Progress::Finished { reason } => {
                bar.finish_and_clear();
                return Ok(Stop::Ended(reason));
            }
        }
    }
}

fn step_words(record: &StepRecord) -> String {
    format!("epoch {}, loss {:.4}", record.epoch + 1, record.losses.total)
}

fn epoch_words(record: &EpochRecord) -> String {
    let terms: Vec<String> = record.losses.terms.iter().map(|(name, v)| format!("{name} {v:.4}")).collect();
    let v = &record.validation;
    let kept = if record.kept { "  kept" } else { "" };
    let (epoch, total) = (record.epoch + 1, record.losses.total);
    format!(
        "epoch {epoch:>3}  loss {total:.4} ({})  validation: balanced accuracy {:.4}, κ {:.4}{kept}",
        terms.join(", "),
        v.balanced_accuracy,
        v.kappa
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_ctrl_c_of_a_driven_run_waits() {
        assert!(!stops_at_once(false, true));
        assert!(stops_at_once(true, true) && stops_at_once(false, false) && stops_at_once(true, false));
        let driving = Driving::start();
        assert!(DRIVING.load(Ordering::SeqCst));
        drop(driving);
        assert!(!DRIVING.load(Ordering::SeqCst));
    }
}
