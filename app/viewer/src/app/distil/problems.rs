//! What keeps a run from starting, each thing with its place in the column, so that it is said where it is.

use fovea_distill::{TrainViews, config::ConfigError, settings::SettingsError};
use fovea_student::Student;

use super::data::Data;
use super::form::{DataKind, Form, StudentKind, TeacherFacts};

/// One sentence at most for each place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// The Student.
    pub student: Option<String>,
    /// The data set.
    pub data: Option<String>,
    /// The Teacher.
    pub teacher: Option<String>,
    /// The loss terms.
    pub terms: Option<String>,
    /// The views.
    pub views: Option<String>,
    /// The batch.
    pub batch: Option<String>,
    /// Any other number.
    pub numbers: Option<String>,
    /// The run's folder.
    pub out: Option<String>,
    /// Something is still being read: no fault, but no start either.
    pub waiting: bool,
}

impl Problems {
    /// Everything that can be known before the run is opened.
    pub fn of(form: &Form, data: &Data, loaded: Option<&Student>) -> Self {
        let (said, waiting) = match data {
            Data::None => (Some("Choose a folder or a table.".into()), false),
            Data::Failed(reason) => (Some(reason.clone()), false),
            Data::Reading => (None, true),
            Data::Ready(_) => (None, false),
        };
        let mut found = Self { student: student(form, data, loaded), data: said, waiting, ..Self::default() };
        found.teacher = found.of_teacher(form, data, loaded);
        found.views = match (form.exported(), &form.train.views) {
            (Some(_), TrainViews::Continuous) => Some("Targets hold for the views they were exported for: choose those.".into()),
            (Some(exported), TrainViews::Exported(wanted)) if !exported.covers(wanted) => {
                Some(format!("The targets were exported for {exported}."))
            }
            _ => None,
        };
        found.of_settings(form);
        if let Data::Ready(set) = data
            && found.batch.is_none()
            && set.len(0) < form.train.batch
        {
            found.batch = Some(format!("Larger than the training set of {} patches.", set.len(0)));
        }
        if cfg!(not(target_arch = "wasm32")) {
            let empty = form.out.trim().is_empty();
            let none = empty.then_some("Choose a folder: checkpoints go there, so that nothing is lost.");
            found.out = none.or(form.unfit).map(str::to_owned);
        }
        found
    }

    fn of_teacher(&mut self, form: &Form, data: &Data, loaded: Option<&Student>) -> Option<String> {
        let Some(file) = &form.teacher else {
            return form
                .train
                .terms
                .needs_teacher()
                .then(|| "The chosen terms need a Teacher: its targets, or the network.".into());
        };
        let facts = match &file.facts {
            None => {
                self.waiting = true;
                return None;
            }
            Some(Err(reason)) => return Some(reason.clone()),
            Some(Ok(facts)) => facts,
        };
        let (classes, px) = match facts {
            TeacherFacts::Targets(own, _) => (&own.classes, own.input_px),
            TeacherFacts::Live(own) => (&own.card.class_names, own.card.input_px),
        };
        if let Data::Ready(set) = data
            && set.classes != *classes
        {
            return Some(format!("Its classes are {}; those of the data {}.", classes.join(", "), set.classes.join(", ")));
        }
        match form.px(loaded) {
            Some(own) if own != px => Some(format!("It takes {px} px, the Student {own} px.")),
            _ => None,
        }
    }

    fn of_settings(&mut self, form: &Form) {
        let Err(e) = form.train.validate() else { return };
        let text = Some(sentence(&e.to_string()));
        match e {
            SettingsError::Terms(ConfigError::Weight { .. } | ConfigError::Temperature { .. }) => self.terms = text,
            SettingsError::Number { name: "batch" | "accumulate", .. } => self.batch = text,
            SettingsError::Number { .. } => self.numbers = text,
        }
    }

    /// The first of them, from the top.
    pub fn first(&self) -> Option<&str> {
        let all = [&self.student, &self.data, &self.teacher, &self.terms, &self.batch, &self.views, &self.numbers, &self.out];
        let found = all.into_iter().flatten().map(String::as_str).next();
        found.or_else(|| self.waiting.then_some("A file is still being read."))
    }
}

fn student(form: &Form, data: &Data, loaded: Option<&Student>) -> Option<String> {
    let student = match (form.student, loaded) {
        (StudentKind::Loaded, None) => return Some("No model is loaded: choose a fresh network, or load one.".into()),
        (StudentKind::Loaded, Some(student)) => student,
        (StudentKind::Fresh, _) => {
            let least = 32;
            return (form.input_px < least).then(|| format!("VGG16 halves its input four times: at least {least} px."));
        }
    };
    let factor = form.factor.unwrap_or(student.card.view.factor).max(1);
    if !student.card.input_px.is_multiple_of(factor) {
        return Some(format!("{} px cannot be reduced {factor} times.", student.card.input_px));
    }
    match data {
        Data::Ready(set) if set.classes != student.card.class_names => {
            let (ours, theirs) = (student.card.class_names.join(", "), set.classes.join(", "));
            Some(format!("Its classes are {ours}; those of the data {theirs}."))
        }
        _ if form.data == DataKind::Drawn && student.card.input_px < fovea_distill::synth::MIN_PX => {
            Some(format!("Drawings have at least {} px.", fovea_distill::synth::MIN_PX))
        }
        _ => None,
    }
}

/// As a sentence: a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::app::distil::form::TeacherFile;
    use crate::app::drop::Incoming;
    use fovea_distill::{At, Kd};

    fn form() -> Form {
        Form { student: StudentKind::Fresh, input_px: 64, out: "run".into(), ..Form::default() }
    }

    fn data() -> Data {
        Data::Ready(std::sync::Arc::new(form().drawn.set()))
    }

    #[test]
    fn a_complete_form_has_none() {
        assert_eq!(Problems::of(&form(), &data(), None), Problems::default());
    }

    #[test]
    fn each_is_said_at_its_place() {
        let mut form = form();
        form.train.terms.kd = Some(Kd { weight: 1.0, t: 1.0 });
        assert!(Problems::of(&form, &data(), None).teacher.unwrap().contains("need a Teacher"));
        let file = Incoming::bytes("t.safetensors".into(), vec![]);
        form.teacher = Some(TeacherFile::unread(file));
        let found = Problems::of(&form, &data(), None);
        assert!(found.waiting && found.teacher.is_none() && found.first().is_some());
        form.train.terms.kd = Some(Kd { weight: -1.0, t: 1.0 });
        assert!(Problems::of(&form, &data(), None).terms.unwrap().contains("'kd'"));
        form.train.terms.kd = None;
        form.train.terms.at = vec![];
        form.teacher = None;
        form.train.batch = 100_000;
        assert!(Problems::of(&form, &data(), None).batch.is_some());
        form.train.batch = 4096;
        assert!(Problems::of(&form, &data(), None).batch.unwrap().contains("Larger than the training set"));
        form.train.epochs = 0;
        form.train.batch = 4;
        assert!(Problems::of(&form, &data(), None).numbers.unwrap().contains("epochs"));
        form.student = StudentKind::Loaded;
        assert!(Problems::of(&form, &Data::None, None).student.unwrap().contains("No model"));
        assert!(Problems::of(&form, &Data::None, None).data.is_some());
        let at = At {
            weight: 1.0,
            layer: "-1".into(),
            teacher_layer: None,
            form: Default::default(),
            loss: Default::default(),
            normalise: Default::default(),
        };
        form.train.terms.at = vec![at];
        form.unfit = Some("Holds other files.");
        assert_eq!(Problems::of(&form, &data(), None).out.as_deref(), form.unfit);
        assert!(Problems::of(&form, &Data::None, None).first().is_some());
    }
}
