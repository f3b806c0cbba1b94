//! What of the page outlives a lost graphics device: the set-up, and where a run can go on that ended with the window.

use std::sync::Arc;

use fovea_student::Student;

use super::Distil;
use super::form::Form;
use super::incoming::Place;

/// What the next window takes over.
pub struct Left {
    form: Form,
    place: Option<Place>,
    /// Folder of the run that was under way.
    stopped: Option<String>,
}

impl Distil {
    /// Leaves the set-up to the next window. A run under way ends with this one, which keeps its state in its folder.
    pub fn leave(&self) -> Left {
        let stopped = self.training().then(|| self.folder.clone());
        Left { form: self.form.clone(), place: self.place.clone(), stopped }
    }

    /// Takes over what another window left; the folder of the run that ended with it, if one did.
    pub fn take_over(&mut self, left: Left, loaded: Option<&Arc<Student>>) -> Option<String> {
        let Left { form, place, stopped } = left;
        let data = form.data;
        self.form = Form { found: None, unfit: None, ..form };
        if let Some(place) = place {
            self.open_data(place);
            self.form.data = data;
        }
        if let Some(teacher) = self.form.teacher.take_if(|teacher| teacher.facts.is_none()) {
            self.open_teacher(teacher.file, loaded);
        }
        stopped
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::Run;
    use super::*;
    use fovea_engine::Preference;

    #[test]
    fn the_next_window_has_the_set_up_and_knows_what_was_stopped() {
        let context = egui::Context::default();
        let page = || Distil::new(&context, Preference::Cpu);
        let mut first = page();
        (first.form.out, first.form.train.epochs, first.folder) = ("runs/a".into(), 7, "runs/a".into());
        assert_eq!(page().take_over(first.leave(), None), None);
        first.run = Some(Run::new(first.form.train.clone()));
        let mut second = page();
        assert_eq!(second.take_over(first.leave(), None).as_deref(), Some("runs/a"));
        assert_eq!((second.form.out.as_str(), second.form.train.epochs), ("runs/a", 7));
    }
}
