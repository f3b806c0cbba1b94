//! Training in a Worker of its own, whose module holds burn and is only fetched when training starts.

use std::sync::Arc;

use fovea_distill::data::Splits;
use fovea_distill::remote::{Order, Start, StartTeacher, Word};
use fovea_distill::run;
use fovea_distill::targets::TargetsFile;
use fovea_student::fresh::{Fresh, random_vgg16};
use fovea_student::{Student, file};

use super::data::Drawing;
use super::form::{DataKind, StudentKind, TeacherFacts};
use super::maps::TeacherSide;
use super::plan::{News, Opened, Plan, rows};
use crate::web::training::Training;

/// Drawing takes at most this much of a frame, seconds.
const DRAW: f64 = 0.02;

/// The page's end of a run.
pub struct Link {
    training: Training,
    /// What is still to be done before the Worker can begin.
    opening: Option<(Box<Plan>, Option<Drawing>)>,
    news: Vec<News>,
}

impl Link {
    /// Opens the run and lets it go.
    pub fn start(ctx: &egui::Context, plan: Plan) -> Self {
        let training = Training::new(ctx);
        let px = plan.form.px(plan.loaded.as_deref()).filter(|_| plan.form.data == DataKind::Drawn);
        match px.map(|px| Drawing::new(plan.form.drawn, px)).transpose() {
            Ok(drawing) => Self { training, opening: Some((Box::new(plan), drawing)), news: vec![] },
            Err(reason) => Self { training, opening: None, news: vec![News::Word(Word::Failed(reason))] },
        }
    }

    /// Does it still hear orders?
    pub fn alive(&self) -> bool {
        self.opening.is_some() || self.training.alive()
    }

    /// Gives an order.
    pub fn order(&mut self, order: Order) {
        if self.opening.is_some() && matches!(order, Order::Stop) {
            self.opening = None;
            return self.news.push(News::Word(Word::Stopped));
        }
        self.send(&order);
    }

    fn send(&mut self, order: &Order) {
        if let Err(reason) = self.training.order(order) {
            self.news.push(News::Word(Word::Failed(reason)));
        }
    }

    /// What was said since the last call.
    pub fn poll(&mut self) -> Vec<News> {
        if let Some((plan, drawing)) = self.opening.take() {
            self.prepare(plan, drawing);
        }
        self.news.extend(self.training.poll().into_iter().map(News::Word));
        std::mem::take(&mut self.news)
    }

    /// Must frames follow each other for the run to go on?
    pub fn needs_frames(&self) -> bool {
        self.opening.is_some()
    }

    fn prepare(&mut self, plan: Box<Plan>, drawing: Option<Drawing>) {
        let splits = match drawing {
            None => plan.set.splits.clone().ok_or_else(|| "no data set was chosen".to_string()),
            Some(mut drawing) => match drawing.draw(DRAW) {
                Ok(Some(splits)) => Ok(splits),
                Ok(None) => {
                    self.news.push(News::Preparing(format!("Drawing patches: {:.0} %", 100.0 * drawing.share())));
                    self.opening = Some((plan, Some(drawing)));
                    return;
                }
                Err(reason) => Err(reason),
            },
        };
        match splits.and_then(|splits| open(&plan, splits)) {
            Ok((start, opened)) => {
                self.news.push(News::Preparing("Loading the training module".into()));
                self.news.push(News::Opened(Box::new(opened)));
                self.send(&Order::Start(Box::new(start)));
            }
            Err(reason) => self.news.push(News::Word(Word::Failed(reason))),
        }
    }
}

fn open(plan: &Plan, splits: Splits) -> Result<(Start, Opened), String> {
    let student = student(plan, &splits.classes)?;
    let (teacher, side) = teacher(plan)?;
    let start = Start {
        student: file::write(&student).map_err(|e| e.to_string())?,
        settle: plan.form.student == StudentKind::Fresh,
        settings: plan.form.train.clone(),
        classes: splits.classes,
        origin: plan.set.origin.clone(),
        train: splits.train,
        validation: splits.validation.clone(),
        teacher,
        checkpoint: plan.checkpoint.clone(),
    };
    Ok((start, Opened { validation: splits.validation, teacher: side }))
}

fn student(plan: &Plan, classes: &[String]) -> Result<Student, String> {
    let form = &plan.form;
    let start = form.student_start(Default::default());
    let mut student = match (form.student, &plan.loaded) {
        (StudentKind::Loaded, Some(student)) => (**student).clone(),
        (StudentKind::Loaded, None) => return Err("no model is loaded".into()),
        (StudentKind::Fresh, _) => {
            let fresh =
                Fresh { divisor: form.divisor, classes: classes.to_vec(), input_px: form.input_px, seed: form.train.seed };
            random_vgg16(&fresh).map_err(|e| e.to_string())?
        }
    };
    run::describe(&start, &mut student).map_err(|e| e.to_string())?;
    Ok(student)
}

fn teacher(plan: &Plan) -> Result<(Option<StartTeacher>, TeacherSide), String> {
    let Some(teacher) = &plan.form.teacher else { return Ok((None, TeacherSide::Nobody)) };
    let name = teacher.file.name.clone();
    match plan.form.facts() {
        Some(TeacherFacts::Live(student)) => {
            let bytes = file::write(student).map_err(|e| e.to_string())?;
            Ok((Some(StartTeacher::Live(name, bytes)), TeacherSide::Network(student.clone())))
        }
        Some(TeacherFacts::Targets(..)) => {
            let bytes = teacher.file.source.read()?.to_vec();
            let targets = TargetsFile::read(bytes.clone(), &name).map_err(|e| e.to_string())?;
            let side = TeacherSide::Rows(Arc::new(rows(&targets, plan.form.train.terms.at.first())));
            Ok((Some(StartTeacher::Targets(name, bytes)), side))
        }
        None => Err(format!("the Teacher's file cannot be used: {name}")),
    }
}
