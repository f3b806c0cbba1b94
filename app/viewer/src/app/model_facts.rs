//! The model's section of the inspector.

use egui::{TextEdit, Ui};

use super::actions::{Action, Actions};
use super::canvas_marks::trimmed;
use super::inspector::{fact, line, name};
use super::model::Model;
use super::model_fields::parse_um;
use super::theme;

/// Lays the section out.
pub fn show(ui: &mut Ui, model: &Model, actions: &mut Actions) {
    theme::section(ui, "Model");
    fact(ui, "Name", &model.title);
    fact(ui, "Input", &format!("{} px", model.student.card.input_px));
    line(ui, "µm per px", |ui| scale(ui, model, actions));
    fact(ui, "Parameters", &model.parameters_line());
    for note in &model.notes {
        ui.add(egui::Label::new(theme::caption(note)).wrap());
    }
    ui.add_space(2.0);
    if ui.button("Load a model…").on_hover_text("safetensors, .pth, .pt or .onnx; or drop the file on the window").clicked() {
        actions.push(Action::OpenModel);
    }
}

/// The scale of the model's input: what the card says, or what is typed.
fn scale(ui: &mut Ui, model: &Model, actions: &mut Actions) {
    let known = model.student.card.um_per_px;
    let id = ui.scope_id().with(("model scale", &model.student.card.weights_sha256));
    let shown = || known.map_or_else(String::new, trimmed);
    let mut text: String = ui.data(|d| d.get_temp(id)).unwrap_or_else(shown);
    let edit = TextEdit::singleline(&mut text).hint_text("unknown").desired_width(90.0).id(id.with("edit"));
    let response = name(ui.add(edit), "Micrometres per px of the model's input");
    let response = response.on_hover_text("With it the ladder shows 10×, 5×, … and patches are tiled at the model's scale");
    let parsed = parse_um(&text);
    if let Err(why) = &parsed {
        ui.label(egui::RichText::new(why).size(theme::SMALL).color(theme::ERROR));
    }
    if response.lost_focus() {
        if let Ok(um) = parsed
            && um != known
        {
            actions.push(Action::ModelScale(um));
        }
        ui.data_mut(|d| d.remove::<String>(id));
    } else if response.has_focus() {
        ui.data_mut(|d| d.insert_temp(id, text));
    }
}
