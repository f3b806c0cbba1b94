//! The list of patches on the left: thumbnail, name, predicted class, probability. Only visible rows are laid out.

use egui::{Align2, Color32, CornerRadius, Pos2, Rect, Role, Sense, TextureOptions, Ui, WidgetInfo, pos2, vec2};

use super::actions::{Action, Actions};
use super::model::Model;
use super::state::{Item, Progress};
use super::theme;

const ROW: f32 = 60.0;
const THUMB: f32 = 44.0;

/// What the list needs of its surroundings.
pub struct Gallery<'a> {
    /// All patches.
    pub items: &'a mut [Item],
    /// Chosen one.
    pub selected: Option<usize>,
    /// For names and colours of classes.
    pub model: Option<&'a Model>,
    /// Scroll so that the chosen row is seen (set when it was chosen by key).
    pub reveal: bool,
}

impl Gallery<'_> {
    /// Lays the list out.
    pub fn show(self, ui: &mut Ui, actions: &mut Actions) {
        heading(ui, self.items, actions);
        ui.spacing_mut().item_spacing.y = 2.0;
        let Self { items, selected, model, reveal } = self;
        let mut area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("patches");
        if let Some(index) = selected.filter(|_| reveal) {
            area = area.vertical_scroll_offset(centred(index, ui.available_height()));
        }
        let count = items.len();
        let seen = area.show_rows(ui, ROW, count, |ui, rows| {
            for index in rows.clone() {
                let Some(item) = items.get_mut(index) else { continue };
                if row(ui, item, model, selected == Some(index)) {
                    actions.push(Action::Select(index));
                }
            }
            rows
        });
        forget_unseen(items, &seen.inner);
    }
}

/// Scroll offset that puts a row into the middle.
fn centred(index: usize, height: f32) -> f32 {
    (index as f32 * (ROW + 2.0) - (height - ROW) / 2.0).max(0.0)
}

/// Textures of rows far from the visible ones go; the pixels stay.
fn forget_unseen(items: &mut [Item], seen: &std::ops::Range<usize>) {
    const MARGIN: usize = 64;
    if items.len() > 4 * MARGIN {
        let near = seen.start.saturating_sub(MARGIN)..seen.end + MARGIN;
        items.iter_mut().enumerate().filter(|(i, _)| !near.contains(i)).for_each(|(_, item)| item.texture = None);
    }
}

fn heading(ui: &mut Ui, items: &[Item], actions: &mut Actions) {
    let waiting = items.iter().filter(|i| matches!(i.progress, Progress::Queued | Progress::Working)).count();
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new("Patches").strong());
        ui.label(theme::number(format!("{}", items.len())).color(theme::WEAK));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if !items.is_empty() && ui.small_button("Clear").on_hover_text("Take every patch out of the list").clicked() {
                actions.push(Action::ClearPatches);
            }
        });
    });
    let done = items.len() - waiting;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 3.0), Sense::hover());
    if waiting > 0 {
        let share = done as f32 / items.len() as f32;
        let full = Rect::from_min_size(rect.min, vec2(rect.width() * share, rect.height()));
        ui.painter().rect_filled(rect, CornerRadius::same(1), theme::RAISED);
        ui.painter().rect_filled(full, CornerRadius::same(1), theme::ACCENT);
        response
            .widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, format!("{done} of {} analysed", items.len())));
    }
    ui.add_space(4.0);
}

/// One row; true when it was clicked.
fn row(ui: &mut Ui, item: &mut Item, model: Option<&Model>, selected: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let label = spoken(item, model);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, selected, &label));
    if ui.is_rect_visible(rect) {
        ground(ui, rect, selected, response.hovered(), response.has_focus());
        let thumb = Rect::from_center_size(pos2(rect.left() + 10.0 + THUMB / 2.0, rect.center().y), vec2(THUMB, THUMB));
        picture(ui, item, thumb);
        let left = thumb.right() + 10.0;
        let right = rect.right() - 10.0;
        name(ui, item, pos2(left, rect.top() + 12.0), right - left);
        below(ui, item, model, pos2(left, rect.bottom() - 21.0), right);
    }
    let clicked = response.clicked();
    response.on_hover_ui(|ui| {
        ui.set_max_width(360.0);
        ui.label(&item.name);
        if let Progress::Failed(reason) = &item.progress {
            ui.colored_label(theme::ERROR, reason);
        }
    });
    clicked
}

/// The row in words, for screen readers and tests.
fn spoken(item: &Item, model: Option<&Model>) -> String {
    let result = match (&item.progress, &item.summary, model) {
        (Progress::Failed(reason), ..) => reason.clone(),
        (_, Some(s), Some(m)) => {
            let p = s.probabilities.get(usize::from(s.predicted)).copied().unwrap_or_default();
            format!("{} {p:.2}", m.name(s.predicted.into()))
        }
        (Progress::Working, ..) => "being analysed".into(),
        _ => "queued".into(),
    };
    format!("{}: {result}", item.name)
}

fn ground(ui: &Ui, rect: Rect, selected: bool, hovered: bool, focused: bool) {
    let painter = ui.painter();
    match (selected, hovered) {
        (true, _) => painter.rect_filled(rect, CornerRadius::same(5), Color32::from_gray(52)),
        (false, true) => painter.rect_filled(rect, CornerRadius::same(5), theme::RAISED),
        _ => return focus_ring(ui, rect, focused),
    };
    if selected {
        let bar = Rect::from_min_size(rect.min + vec2(0.0, 8.0), vec2(3.0, rect.height() - 16.0));
        painter.rect_filled(bar, CornerRadius::same(1), theme::ACCENT);
    }
    focus_ring(ui, rect, focused);
}

fn focus_ring(ui: &Ui, rect: Rect, focused: bool) {
    if focused {
        ui.painter().rect_stroke(rect, CornerRadius::same(5), (1.0, theme::ACCENT), egui::StrokeKind::Inside);
    }
}

fn picture(ui: &Ui, item: &mut Item, rect: Rect) {
    let Some(thumb) = &item.thumb else {
        ui.painter().rect_filled(rect, CornerRadius::same(4), theme::RAISED);
        return;
    };
    let texture = item.texture.get_or_insert_with(|| {
        let image = egui::ColorImage::from_rgb(thumb.size, &thumb.rgb);
        ui.ctx().load_texture(format!("thumb {}", item.id), image, TextureOptions::LINEAR)
    });
    let [w, h] = thumb.size.map(|n| n as f32);
    let scale = rect.width() / w.max(h);
    let shown = Rect::from_center_size(rect.center(), vec2(w, h) * scale);
    let mesh = egui::epaint::RectShape::filled(shown, CornerRadius::same(3), Color32::WHITE)
        .with_texture(texture.id(), Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)));
    ui.painter().add(mesh);
}

fn name(ui: &Ui, item: &Item, at: Pos2, width: f32) {
    let mut job = egui::text::LayoutJob::simple_singleline(item.name.clone(), theme::words(12.5), theme::TEXT);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(at, galley, theme::TEXT);
}

/// Second line: class chip and probability, or what the patch waits for.
fn below(ui: &Ui, item: &Item, model: Option<&Model>, at: Pos2, right: f32) {
    let middle = at + vec2(0.0, 5.0);
    let quiet = |text: &str, color| {
        ui.painter().text(middle, Align2::LEFT_CENTER, text, theme::words(theme::SMALL), color);
    };
    match (&item.progress, &item.summary, model) {
        (Progress::Failed(_), ..) => quiet("not analysed", theme::ERROR),
        (_, Some(summary), Some(model)) => {
            let class = usize::from(summary.predicted);
            let fill = model.color(class);
            let size = theme::pill(ui.painter(), middle, Align2::LEFT_CENTER, model.name(class), fill, theme::ink_on(fill));
            let p = summary.probabilities.get(class).copied().unwrap_or_default();
            let at = middle + vec2(size.x + 7.0, 0.0);
            let p = ui.painter().text(at, Align2::LEFT_CENTER, format!("{p:.2}"), theme::digits(11.5), theme::TEXT);
            let note = match (item.synthetic, summary.tiles) {
                (true, _) => "drawing".to_owned(),
                (_, tiles) if tiles > 1 => format!("{tiles} tiles"),
                _ => return,
            };
            if p.right() + 60.0 < right {
                ui.painter().text(pos2(right, middle.y), Align2::RIGHT_CENTER, note, theme::words(theme::SMALL), theme::WEAK);
            }
        }
        (Progress::Working, ..) => {
            let ring = Rect::from_center_size(middle + vec2(7.0, 0.0), vec2(12.0, 12.0));
            egui::Spinner::new().size(12.0).color(theme::ACCENT).paint_at(ui, ring);
            ui.painter().text(
                middle + vec2(20.0, 0.0),
                Align2::LEFT_CENTER,
                "analysing",
                theme::words(theme::SMALL),
                theme::WEAK,
            );
        }
        _ => quiet("queued", theme::WEAK),
    }
}
