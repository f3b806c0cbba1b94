//! The numbers of training.

use egui::{DragValue, TextEdit, Ui};
use fovea_distill::{TrainViews, ViewSet};

use super::form::Form;
use super::problems::Problems;
use super::rows::{choice, count, line, name, problem, remark};
use crate::app::theme;

/// Lays them out.
pub fn show(ui: &mut Ui, form: &mut Form, problems: &Problems) {
    theme::section(ui, "Training");
    let exported = form.exported();
    let train = &mut form.train;
    count(ui, "Epochs", &mut train.epochs, 1..=100_000);
    count(ui, "Batch", &mut train.batch, 1..=65_536);
    problem(ui, problems.batch.as_ref());
    line(ui, "Learning rate", |ui| {
        let rate =
            DragValue::new(&mut train.optimiser.lr).range(1e-8..=1.0).speed(1e-5).custom_formatter(|v, _| format!("{v:e}"));
        name(ui.add(rate), "Learning rate").on_hover_text("Adam; 1e-4 is the method's")
    });
    views(ui, &mut train.views, exported);
    problem(ui, problems.views.as_ref());
    egui::CollapsingHeader::new("More").id_salt("more training").show(ui, |ui| more(ui, form));
    problem(ui, problems.numbers.as_ref());
}

fn more(ui: &mut Ui, form: &mut Form) {
    let train = &mut form.train;
    line(ui, "Seed", |ui| {
        name(ui.add(DragValue::new(&mut train.seed)), "Seed").on_hover_text("Of order, augmentation and fresh weights")
    });
    ui.checkbox(&mut train.balance, "Balance the classes").on_hover_text("Rare classes are drawn more often");
    count(ui, "Parts of a batch", &mut train.accumulate, 1..=65_536)
        .on_hover_text("Saves memory: the gradients of the parts are summed. FM and SR are then roots over each part");
    let mut freezes = train.freeze.is_some();
    ui.horizontal(|ui| {
        ui.checkbox(&mut freezes, "Freeze up to layer");
        match (&mut train.freeze, freezes) {
            (Some(layer), true) => drop(name(ui.add(TextEdit::singleline(layer).desired_width(90.0)), "Freeze up to")),
            (freeze, true) => *freeze = Some("-3".into()),
            (freeze, false) => *freeze = None,
        }
    });
    let mut stops = train.patience.is_some();
    ui.horizontal(|ui| {
        ui.checkbox(&mut stops, "Stop early after");
        match (&mut train.patience, stops) {
            (Some(patience), true) => {
                name(ui.add(DragValue::new(patience).range(1..=10_000)), "Patience");
                remark(ui, "epochs without a rise of κ");
            }
            (patience, true) => *patience = Some(5),
            (patience, false) => *patience = None,
        }
    });
    line(ui, "Least gain in κ", |ui| {
        let drag = DragValue::new(&mut train.least_gain).range(0.0..=1.0).speed(0.001).max_decimals(4);
        name(ui.add(drag), "Least gain").on_hover_text("Weights are kept when validation κ rises by more than this")
    });
}

/// Kinds of views, for the list.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Continuous,
    Plain,
    Dihedral,
    Augmented,
}

/// Targets allow their own views only; the list says which those are.
fn views(ui: &mut Ui, views: &mut TrainViews, exported: Option<ViewSet>) {
    let mut kind = match views {
        TrainViews::Continuous => Kind::Continuous,
        TrainViews::Exported(ViewSet::Plain) => Kind::Plain,
        TrainViews::Exported(ViewSet::Dihedral8) => Kind::Dihedral,
        TrainViews::Exported(ViewSet::Aug { .. }) => Kind::Augmented,
    };
    let all = [
        (Kind::Continuous, "a new augmentation each time"),
        (Kind::Plain, "as they are"),
        (Kind::Dihedral, "flips and rotations"),
        (Kind::Augmented, "a set of augmentations"),
    ];
    let before = kind;
    line(ui, "Views", |ui| choice(ui, "Views", &mut kind, &all));
    if kind != before {
        *views = match (kind, exported) {
            (Kind::Continuous, _) => TrainViews::Continuous,
            (Kind::Plain, _) => TrainViews::Exported(ViewSet::Plain),
            (Kind::Dihedral, _) => TrainViews::Exported(ViewSet::Dihedral8),
            (Kind::Augmented, Some(set @ ViewSet::Aug { .. })) => TrainViews::Exported(set),
            (Kind::Augmented, _) => TrainViews::Exported(ViewSet::Aug { count: 8, seed: 0 }),
        };
    }
    if let TrainViews::Exported(ViewSet::Aug { count, seed }) = views {
        line(ui, "", |ui| {
            name(ui.add(DragValue::new(count).range(1..=fovea_distill::views::MAX_VIEWS)), "Number of views");
            remark(ui, "from seed");
            name(ui.add(DragValue::new(seed)), "Seed of the views");
        });
    }
}
