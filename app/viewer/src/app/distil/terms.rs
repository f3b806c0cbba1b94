//! The loss terms: a box to tick, a weight, and each term's own choices.

use egui::{RichText, TextEdit, Ui};
use fovea_distill::{At, AttentionForm, AttentionLoss, AttentionScale, Fm, Kd, Sr, SrKind, Terms};

use super::column::pair;
use super::curves;
use super::rows::{choice, line, name};
use crate::app::theme;

/// Lays the terms out. `bare`: the chosen targets hold no feature maps.
pub fn show(ui: &mut Ui, terms: &mut Terms, bare: bool) {
    theme::section(ui, "Loss terms");
    row(ui, "ce", "Labels (CE)", "Cross entropy with the label", None, |ui| pair(ui, "weight", &mut terms.ce, "CE weight"));
    let mut on = terms.kd.is_some();
    row(ui, "kd", "Soft labels (KD)", "The Teacher's probabilities, at a temperature", Some(&mut on), |ui| {
        if let Some(kd) = &mut terms.kd {
            pair(ui, "weight", &mut kd.weight, "KD weight");
            pair(ui, "T", &mut kd.t, "KD temperature");
        }
    });
    switch(&mut terms.kd, on, || Kd { weight: 1.0, t: 1.0 });
    features(ui, terms, bare);
    let mut on = terms.sr.is_some();
    row(ui, "sr", "Teacher's head (SR)", "The Teacher's head reads the Student's features", Some(&mut on), |ui| {
        if let Some(sr) = &mut terms.sr {
            pair(ui, "weight", &mut sr.weight, "SR weight");
        }
    });
    switch(&mut terms.sr, on, || Sr { weight: 1.0, kind: SrKind::Last });
    if let Some(sr) = &mut terms.sr {
        inset(ui, |ui| {
            let kinds = [(SrKind::Last, "after pooling"), (SrKind::Spatial, "at each place (needs feature maps)")];
            line(ui, "Compares", |ui| choice(ui, "SR compares", &mut sr.kind, &kinds));
        });
    }
    attention(ui, terms);
}

fn features(ui: &mut Ui, terms: &mut Terms, bare: bool) {
    let mut on = terms.fm.is_some();
    row(ui, "fm", "Features (FM)", "The Teacher's feature maps", Some(&mut on), |ui| {
        if let Some(fm) = &mut terms.fm {
            pair(ui, "weight", &mut fm.weight, "FM weight");
        }
    });
    switch(&mut terms.fm, on, || Fm { weight: 0.1, layer: "-1".into() });
    if let Some(fm) = &mut terms.fm {
        inset(ui, |ui| {
            line(ui, "Layer", |ui| layer(ui, "FM layer", &mut fm.layer));
            if bare {
                ui.label(RichText::new("These targets hold no feature maps.").size(theme::SMALL).color(theme::ERROR));
            }
        });
    }
}

fn attention(ui: &mut Ui, terms: &mut Terms) {
    let mut remove = None;
    for (i, at) in terms.at.iter_mut().enumerate() {
        let term = if i == 0 { "at".to_string() } else { format!("at.{i}") };
        let title = if i == 0 { "Attention (AT)".to_owned() } else { format!("Attention {}", i + 1) };
        let mut on = true;
        row(ui, &term, &title, "Where the Teacher looks, class by class", Some(&mut on), |ui| {
            pair(ui, "weight", &mut at.weight, &format!("AT weight {}", i + 1));
        });
        if !on {
            remove = Some(i);
        }
        ui.push_id(i, |ui| inset(ui, |ui| details(ui, at)));
    }
    if let Some(i) = remove {
        terms.at.remove(i);
    }
    let mut add = false;
    if terms.at.is_empty() {
        row(ui, "at", "Attention (AT)", "Where the Teacher looks, class by class", Some(&mut add), |_| {});
    } else {
        add = ui.button("Another layer's attention").clicked();
    }
    if add {
        let layer = format!("-{}", terms.at.len() + 1);
        terms.at.push(At {
            weight: 10.0,
            layer,
            teacher_layer: None,
            form: AttentionForm::default(),
            loss: AttentionLoss::default(),
            normalise: AttentionScale::default(),
        });
    }
}

fn details(ui: &mut Ui, at: &mut At) {
    line(ui, "Layer", |ui| layer(ui, "AT layer", &mut at.layer));
    let forms = [
        (AttentionForm::Positive, "positive: Σ relu(α·A), AT+"),
        (AttentionForm::Relu, "Grad-CAM: relu(Σ α·A)"),
        (AttentionForm::Signed, "signed: Σ α·A"),
    ];
    line(ui, "Map", |ui| choice(ui, "AT map", &mut at.form, &forms));
    let losses =
        [(AttentionLoss::L2, "L2"), (AttentionLoss::Bce, "binary cross entropy"), (AttentionLoss::Kl, "Kullback–Leibler")];
    line(ui, "Difference", |ui| choice(ui, "AT difference", &mut at.loss, &losses));
    let mut soft = matches!(at.normalise, AttentionScale::Softmax { .. });
    line(ui, "Scale", |ui| {
        choice(ui, "AT scale", &mut soft, &[(false, "min–max over the sample"), (true, "softmax over the sample")])
    });
    at.normalise = match (at.normalise, soft) {
        (_, false) => AttentionScale::MinMax,
        (AttentionScale::MinMax, true) => AttentionScale::Softmax { t: 0.01 },
        (kept, true) => kept,
    };
    if let AttentionScale::Softmax { t } = &mut at.normalise {
        line(ui, "", |ui| pair(ui, "temperature", t, "AT temperature"));
    }
}

/// A level or a name.
fn layer(ui: &mut Ui, label: &str, layer: &mut String) {
    let edit = TextEdit::singleline(layer).desired_width(ui.available_width());
    name(ui.add(edit), label).on_hover_text("-1 is the last block, -2 the one before, or a layer's own name");
}

/// One term: its colour in the curves, a box where it can be left out, its name, its numbers.
fn row(ui: &mut Ui, term: &str, title: &str, help: &str, on: Option<&mut bool>, numbers: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(8.0, 20.0), egui::Sense::hover());
        let shown = on.as_ref().is_none_or(|on| **on);
        let colour = if shown { curves::colour(term) } else { theme::BUTTON };
        ui.painter().circle_filled(rect.center(), 4.0, colour);
        match on {
            Some(on) => drop(ui.checkbox(on, title).on_hover_text(help)),
            None => drop(ui.label(title).on_hover_text(help)),
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            // Laid out from the right, but read from the left.
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center).with_main_align(egui::Align::Max), numbers);
        });
    });
}

fn switch<T>(term: &mut Option<T>, on: bool, make: impl FnOnce() -> T) {
    match (on, term.is_some()) {
        (true, false) => *term = Some(make()),
        (false, true) => *term = None,
        _ => {}
    }
}

fn inset(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    egui::Frame::new().inner_margin(egui::Margin { left: 16, right: 0, top: 0, bottom: 4 }).show(ui, content);
}
