//! Attention before, now and the Teacher's, side by side for some validation patches.

use egui::{Align2, Color32, ComboBox, CornerRadius, Pos2, Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use fovea_patch::{Colormap, OverlayStyle};

use super::Distil;
use super::maps::{Maps, Side};
use super::rows::name;
use crate::analysis::argmax;
use crate::app::theme;

/// Most patches in the list of those to choose from.
const LISTED: usize = 400;

impl Distil {
    /// Lays the strip out.
    pub(super) fn strip(&mut self, ui: &mut Ui) {
        let Some(run) = &self.run else { return };
        let maps = &mut self.maps;
        ui.horizontal(|ui| {
            ui.label(RichText::new("Attention").strong());
            ui.add(egui::Label::new(theme::caption("validation patches; each map has colours of its own scale")).truncate());
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                patches(ui, maps, &run.classes);
                classes(ui, maps, &run.classes);
            });
        });
        ui.add_space(4.0);
        if maps.chosen.is_empty() {
            ui.label(theme::caption(if maps.validation.is_empty() {
                "The patches are being read."
            } else {
                "No patch is chosen."
            }));
            return;
        }
        let teacher = !matches!(maps.teacher, super::maps::TeacherSide::Nobody);
        let sides = if teacher { 3.0 } else { 2.0 };
        let gap = 6.0;
        let info = 150.0;
        let side = ((ui.available_width() - info - gap * sides) / sides).clamp(64.0, 176.0);
        titles(ui, side, gap, info, teacher);
        for index in maps.chosen.clone() {
            row(ui, maps, index, &run.classes, [side, gap, info], teacher);
            ui.add_space(gap);
        }
    }
}

fn titles(ui: &mut Ui, side: f32, gap: f32, info: f32, teacher: bool) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
    let all = ["Student before", "Student now", "Teacher"];
    for (i, title) in all.iter().take(if teacher { 3 } else { 2 }).enumerate() {
        let x = rect.left() + info + gap + i as f32 * (side + gap);
        ui.painter().text(pos2(x, rect.center().y), Align2::LEFT_CENTER, title, theme::words(theme::SMALL), theme::WEAK);
    }
}

fn row(ui: &mut Ui, maps: &mut Maps, index: usize, classes: &[String], [side, gap, info]: [f32; 3], teacher: bool) {
    let class = maps.class_of(index);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), side), Sense::hover());
    facts(ui, maps, index, classes, Rect::from_min_size(rect.min, vec2(info - 8.0, side)));
    for (i, of) in Side::ALL.into_iter().take(if teacher { 3 } else { 2 }).enumerate() {
        let left = rect.left() + info + gap + i as f32 * (side + gap);
        let place = Rect::from_min_size(pos2(left, rect.top()), vec2(side, side));
        cell(ui, maps, (index, of), class, place, classes);
    }
}

/// The patch's name and class, and how far the Student's map is from the Teacher's.
fn facts(ui: &Ui, maps: &Maps, index: usize, classes: &[String], rect: Rect) {
    let Some(sample) = maps.validation.get(index) else { return };
    let painter = ui.painter().with_clip_rect(rect);
    let mut job = egui::text::LayoutJob::simple_singleline(sample.name.clone(), theme::words(12.0), theme::TEXT);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    painter.galley(rect.min + vec2(0.0, 2.0), painter.layout_job(job), theme::TEXT);
    let label = classes.get(sample.label).map_or("?", String::as_str);
    let fill = theme::class_color(sample.label);
    theme::pill(&painter, rect.min + vec2(0.0, 32.0), Align2::LEFT_CENTER, label, fill, theme::ink_on(fill));
    let quiet = |line: f32, text: String| {
        painter.text(
            rect.min + vec2(0.0, 56.0 + line * 17.0),
            Align2::LEFT_CENTER,
            text,
            theme::words(theme::SMALL),
            theme::WEAK,
        );
    };
    if let (Some(before), Some(now)) = (maps.distance(index, Side::Before), maps.distance(index, Side::Now)) {
        quiet(0.0, "apart from the Teacher".into());
        quiet(1.0, format!("{before:.3} → {now:.3}"));
    }
}

fn cell(ui: &mut Ui, maps: &mut Maps, (index, side): (usize, Side), class: usize, rect: Rect, classes: &[String]) {
    let style = OverlayStyle { colormap: Colormap::default(), opacity: maps.opacity, fade: true, ..OverlayStyle::default() };
    let response = ui.interact(rect, ui.scope_id().with(("map", index, side as u8)), Sense::hover());
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, CornerRadius::same(4), theme::RAISED);
    let note = |text: &str, color: Color32| {
        let galley = painter.layout(text.to_owned(), theme::words(theme::SMALL), color, rect.width() - 16.0);
        painter.galley(Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size()).min, galley, color);
    };
    let mut spoken = "not there yet".to_owned();
    match maps.cell(index, side) {
        None => note(if side == Side::Now { "after the first epoch" } else { "" }, theme::WEAK),
        Some(cell) => match &cell.outcome {
            None => egui::Spinner::new()
                .size(18.0)
                .color(theme::ACCENT)
                .paint_at(ui, Rect::from_center_size(rect.center(), vec2(18.0, 18.0))),
            Some(Err(reason)) => note(reason, theme::ERROR),
            Some(Ok(mapped)) => {
                let says = said(&mapped.probabilities, classes);
                if let Some((texture, evidence)) = cell.texture(ui.ctx(), class, &style) {
                    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
                    painter.add(
                        egui::epaint::RectShape::filled(rect, CornerRadius::same(4), Color32::WHITE)
                            .with_texture(texture.id(), whole),
                    );
                    if !evidence {
                        let at = rect.left_bottom() + vec2(6.0, -6.0);
                        theme::pill(
                            &painter,
                            at,
                            Align2::LEFT_BOTTOM,
                            "no positive evidence",
                            Color32::from_black_alpha(170),
                            Color32::WHITE,
                        );
                    }
                }
                if let Some((predicted, text)) = says {
                    let fill = theme::class_color(predicted);
                    theme::pill(&painter, rect.min + vec2(6.0, 6.0), Align2::LEFT_TOP, &text, fill, theme::ink_on(fill));
                    spoken = text;
                }
            }
        },
    }
    let title = ["before", "now", "Teacher"][side as usize];
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("attention {title}: {spoken}")));
}

fn said(probabilities: &[f32], classes: &[String]) -> Option<(usize, String)> {
    if probabilities.is_empty() {
        return None;
    }
    let predicted = argmax(probabilities);
    Some((predicted, format!("{} {:.2}", classes.get(predicted)?, probabilities.get(predicted)?)))
}

fn classes(ui: &mut Ui, maps: &mut Maps, classes: &[String]) {
    let shown = maps.class.and_then(|c| classes.get(c)).map_or("Evidence for its own class", String::as_str);
    let combo = ComboBox::from_id_salt("map class").width(176.0).selected_text(shown).truncate();
    let response = combo.show_ui(ui, |ui| {
        ui.selectable_value(&mut maps.class, None, "Evidence for its own class");
        for (class, title) in classes.iter().enumerate() {
            ui.selectable_value(&mut maps.class, Some(class), title);
        }
    });
    name(response.response, "Class of the maps");
}

fn patches(ui: &mut Ui, maps: &mut Maps, classes: &[String]) {
    ui.menu_button("Patches…", |ui| {
        ui.set_min_width(260.0);
        let mut change = None;
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for (index, sample) in maps.validation.iter().enumerate().take(LISTED) {
                let mut shown = maps.chosen.contains(&index);
                let class = classes.get(sample.label).map_or("?", String::as_str);
                if ui.checkbox(&mut shown, format!("{class}  {}", sample.name)).changed() {
                    change = Some((index, shown));
                }
            }
        });
        if maps.validation.len() > LISTED {
            ui.label(theme::caption(format!("the first {LISTED} of {}", maps.validation.len())));
        }
        if let Some((index, shown)) = change {
            maps.choose(index, shown);
        }
    });
}
