//! The folder of a run: what may be in it before, and what is written there before the first step. Nothing of the user's own is
//! ever written over or taken away.

use std::path::{Path, PathBuf};

use fovea_distill::data::DataOptions;
use fovea_distill::files::write_whole;
use fovea_distill::run::{CHECKPOINT, DataPlace, RECORD, RunFile, TeacherPlace};

use super::data::{DrawnSet, drawn_record};
use super::form::{DataKind, StudentKind, TeacherFacts};
use super::plan::Plan;
use crate::app::state::Source;

/// Description of a run in its folder; `fovea distill --config` reads it too.
const RUN: &str = "run.toml";
/// The trained Student, in its run's folder.
pub const TRAINED: &str = "student.safetensors";
/// The Student a run starts from, in its folder.
const START: &str = "start.safetensors";
/// A drawn set, in its run's folder.
const DRAWN: &str = "drawn";
/// The same while it is being drawn.
const PARTIAL: &str = ".drawn.partial";

/// What is said of a folder that holds something else.
const FOREIGN: &str = "Choose an empty folder, or one that holds a run: this one holds other files.";
/// What is said of a file.
const FILE: &str = "Choose an empty folder, or one that holds a run: this is a file.";
/// What is said of patches that somebody else put where drawn ones would go.
const TAKEN: &str = "the run's folder holds a 'drawn' that is not this page's: choose another folder, or move 'drawn' elsewhere";

/// Why a run cannot be kept there. A folder that is not there yet is made.
pub fn unfit(folder: &Path) -> Option<&'static str> {
    if folder.is_file() {
        return Some(FILE);
    }
    // What cannot be looked into is said when the run starts.
    let entries = std::fs::read_dir(folder).ok()?;
    let foreign = entries.flatten().any(|entry| !is_hidden(&entry.file_name().to_string_lossy()));
    (foreign && own(folder).is_none()).then_some(FOREIGN)
}

/// What systems put into folders by themselves.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || ["desktop.ini", "thumbs.db"].contains(&name.to_lowercase().as_str())
}

/// The run that lives in a folder. (A description that only lies there, beside its data, has another folder for its run.)
fn own(folder: &Path) -> Option<RunFile> {
    read_run(folder).ok().filter(|run| run.out == Path::new("."))
}

/// How far the run in a folder is; none where there is none that could go on.
pub fn has_run(folder: &Path) -> Option<String> {
    if folder.as_os_str().is_empty() || !folder.join(CHECKPOINT).is_file() {
        return None;
    }
    let run = own(folder)?;
    let record = std::fs::read(folder.join(RECORD)).ok()?;
    let history: fovea_distill::History = serde_json::from_slice(&record).ok()?;
    Some(format!("{} of {} epochs done", history.epochs.len(), run.train.epochs))
}

/// The description of the run in a folder.
///
/// # Errors
/// When there is none that can be read.
pub fn read_run(folder: &Path) -> Result<RunFile, String> {
    let file = folder.join(RUN);
    let text = std::fs::read_to_string(&file).map_err(|e| format!("cannot be read: {e}: {}", file.display()))?;
    toml::from_str(&text).map_err(|e| format!("this describes no run: {e}: {}", file.display()))
}

/// Writes down what the run is, with everything it starts from that is not a file yet. The description comes first: whatever
/// follows belongs to a run from then on, also when it is cut short.
///
/// # Errors
/// A folder that holds something else or cannot be written to; data or a Teacher that are not there.
pub fn describe(plan: &Plan, folder: &Path, told: &(dyn Fn(String) + Sync)) -> Result<RunFile, String> {
    if let Some(why) = unfit(folder) {
        return Err(why.into());
    }
    let failed = |e: std::io::Error| format!("cannot be written: {e}: {}", folder.display());
    let (form, loaded) = (&plan.form, plan.loaded.as_ref());
    let px = form.px(loaded.map(AsRef::as_ref)).ok_or("no model is loaded")?;
    let drawn = Drawn { set: form.drawn, folder, px };
    let path = match (form.data, &plan.place) {
        (DataKind::Own, Some(place)) => place.clone(),
        (DataKind::Own, None) => return Err("no data set was chosen".into()),
        (DataKind::Drawn, _) if drawn.has_place() => DRAWN.into(),
        (DataKind::Drawn, _) => return Err(TAKEN.into()),
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let run = RunFile {
        out: ".".into(),
        student: form.student_start(START.into()),
        data: DataPlace { path, options: DataOptions::default() },
        teacher: teacher_place(plan)?,
        train: form.train.clone(),
        checkpoint_steps: 50,
    };
    let text = toml::to_string(&run).map_err(|e| e.to_string())?;
    write_whole(&folder.join(RUN), text.as_bytes()).map_err(failed)?;
    if let (StudentKind::Loaded, Some(student)) = (form.student, loaded) {
        let bytes = fovea_student::file::write(student).map_err(|e| e.to_string())?;
        write_whole(&folder.join(START), &bytes).map_err(failed)?;
    }
    if form.data == DataKind::Drawn {
        drawn.write(told)?;
    }
    Ok(run)
}

fn teacher_place(plan: &Plan) -> Result<Option<TeacherPlace>, String> {
    let Some(teacher) = &plan.form.teacher else { return Ok(None) };
    let Source::Path(path) = &teacher.file.source else { return Err("the Teacher's file has to be on disk".into()) };
    match plan.form.facts() {
        Some(TeacherFacts::Targets(..)) => Ok(Some(TeacherPlace::Targets(path.clone()))),
        Some(TeacherFacts::Live(_)) => Ok(Some(TeacherPlace::Live(path.clone()))),
        None => Err(format!("the Teacher's file cannot be used: {}", path.display())),
    }
}

/// A drawn set that is to be in a run's folder.
struct Drawn<'a> {
    set: DrawnSet,
    folder: &'a Path,
    px: usize,
}

impl Drawn<'_> {
    fn place(&self) -> PathBuf {
        self.folder.join(DRAWN)
    }

    /// Nothing of another's is in its way: no `drawn` at all, the very set, or a drawn one in a folder of this page's runs, whose name the
    /// page gave.
    fn has_place(&self) -> bool {
        let place = self.place();
        let of_run = || own(self.folder).is_some() && drawn_record(&place).is_some();
        !place.exists() || self.set.is_in(&place, self.px) || of_run()
    }

    /// Draws it beside its place first: what is there under its name is complete. Patches of another set are not mixed in.
    fn write(&self, told: &(dyn Fn(String) + Sync)) -> Result<(), String> {
        let (place, partial, all) = (self.place(), self.folder.join(PARTIAL), self.set.len());
        if self.set.is_in(&place, self.px) {
            return Ok(());
        }
        remove(&partial)?;
        self.set.write(&partial, self.px, &|done| told(format!("Drawing patches: {done} of {all}")))?;
        remove(&place)?;
        std::fs::rename(&partial, &place).map_err(|e| format!("cannot be written: {e}: {}", place.display()))
    }
}

/// Takes a drawn set away, if there is one.
fn remove(set: &Path) -> Result<(), String> {
    match set.exists() {
        true => std::fs::remove_dir_all(set).map_err(|e| format!("cannot be written over: {e}: {}", set.display())),
        false => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::distil::form::Form;

    fn plan(folder: &Path, seed: u64) -> Plan {
        let drawn = DrawnSet { train: 4, validation: 4, seed };
        let out = folder.display().to_string();
        let form = Form { student: StudentKind::Fresh, input_px: 64, divisor: 16, drawn, out, ..Form::default() };
        Plan { form, loaded: None, place: None, resume: false, gpu: false }
    }

    fn describe_quietly(folder: &Path, seed: u64) -> Result<RunFile, String> {
        describe(&plan(folder, seed), folder, &|_| {})
    }

    #[test]
    fn only_an_empty_folder_or_one_with_a_run_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        assert_eq!((unfit(&at.join("new")), unfit(at)), (None, None));
        std::fs::write(at.join(".DS_Store"), b"x").unwrap();
        assert_eq!(unfit(at), None);
        std::fs::write(at.join("student.safetensors"), b"mine").unwrap();
        assert_eq!((unfit(at), unfit(&at.join("student.safetensors"))), (Some(FOREIGN), Some(FILE)));
        assert_eq!(describe_quietly(at, 1), Err(FOREIGN.into()));
        assert_eq!(std::fs::read_dir(at).unwrap().count(), 2, "nothing was written");
        // A description that lies beside somebody's data keeps its run elsewhere.
        let run = describe_quietly(&at.join("run"), 1).unwrap();
        let elsewhere = RunFile { out: "runs/first".into(), ..run };
        std::fs::write(at.join(RUN), toml::to_string(&elsewhere).unwrap()).unwrap();
        assert_eq!((unfit(at), unfit(&at.join("run"))), (Some(FOREIGN), None));
    }

    #[test]
    fn a_drawn_set_is_used_again_or_replaced_and_no_other_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        describe_quietly(at, 1).unwrap();
        let mark = at.join(DRAWN).join("mark");
        std::fs::write(&mark, b"x").unwrap();
        describe_quietly(at, 1).unwrap();
        assert!(mark.exists(), "the same set is not drawn again");
        describe_quietly(at, 2).unwrap();
        assert!(!mark.exists() && plan(at, 2).form.drawn.is_in(&at.join(DRAWN), 64) && !at.join(PARTIAL).exists());
        // The user's own patches under that name.
        std::fs::remove_dir_all(at.join(DRAWN)).unwrap();
        std::fs::create_dir(at.join(DRAWN)).unwrap();
        std::fs::write(&mark, b"mine").unwrap();
        assert_eq!(describe_quietly(at, 2), Err(TAKEN.into()));
        assert_eq!(std::fs::read(&mark).unwrap(), b"mine");
    }
}
