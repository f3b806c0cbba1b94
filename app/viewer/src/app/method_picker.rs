//! The list of methods behind a button.

use egui::{ComboBox, Response, Ui, vec2};
use fovea_student::Method;

use super::inspector;

/// The methods. Grad-CAM's classic form is Grad-CAM with the sum cut at 0; the others come as they are.
pub fn show(ui: &mut Ui, method: &mut Method, relu: &mut bool, label: &str, width: f32) {
    // The box would take all that is left for a long name.
    let place = ui.allocate_ui(vec2(width, 24.0), |ui| list(ui, method, relu, label, width));
    inspector::name(place.inner, label);
}

fn list(ui: &mut Ui, method: &mut Method, relu: &mut bool, label: &str, width: f32) -> Response {
    let combo = ComboBox::from_id_salt(label).width(width).selected_text(label_of(*method, *relu)).truncate();
    let shown = combo.show_ui(ui, |ui| {
        for choice in Method::ALL {
            for cut in [false, true] {
                if cut && choice != Method::GradCam {
                    continue;
                }
                if ui.selectable_label((*method, *relu) == (choice, cut), label_of(choice, cut)).clicked() {
                    (*method, *relu) = (choice, cut);
                }
            }
        }
    });
    shown.response
}

/// Name of a method.
pub fn label_of(method: Method, relu: bool) -> String {
    match (method, relu) {
        (Method::GradCam, true) => "Grad-CAM, classic (ReLU)".into(),
        (Method::GradCam, false) => "Grad-CAM, signed".into(),
        (method, _) => method.label().into(),
    }
}
