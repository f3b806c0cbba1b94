//! Colours, type and spacing. Everything around a patch is a neutral grey, so that stains read true; one accent.

use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, RichText, Stroke, TextStyle, Vec2, vec2};

/// Behind bars and lists.
pub const PANEL: Color32 = Color32::from_gray(29);
/// Under groups of figures.
pub const GROUND: Color32 = Color32::from_gray(21);
/// Rows under the pointer, input fields, cards.
pub const RAISED: Color32 = Color32::from_gray(40);
/// Buttons at rest.
pub const BUTTON: Color32 = Color32::from_gray(50);
/// Around the patch: the mid grey that lets H&E colours read true.
pub const CANVAS: Color32 = Color32::from_gray(66);
/// Hairlines.
pub const LINE: Color32 = Color32::from_gray(54);
/// Text.
pub const TEXT: Color32 = Color32::from_gray(226);
/// Secondary text; 6:1 on [`PANEL`].
pub const WEAK: Color32 = Color32::from_gray(160);
/// The one accent: selection, focus, progress.
pub const ACCENT: Color32 = Color32::from_rgb(108, 166, 250);
/// Something failed.
pub const ERROR: Color32 = Color32::from_rgb(250, 128, 114);
/// Something deserves a look.
pub const WARN: Color32 = Color32::from_rgb(240, 190, 96);

/// All is well.
pub const FINE: Color32 = Color32::from_rgb(102, 187, 130);

/// Colour of class `index` where no model card says another: the one that cards are written with.
pub fn class_color(index: usize) -> Color32 {
    let all = fovea_student::card::class_colours(index + 1);
    all.last().map_or(WEAK, |&[r, g, b]| Color32::from_rgb(r, g, b))
}

/// Text size of labels and captions.
pub const SMALL: f32 = 11.5;
/// Text size of everything else.
pub const BODY: f32 = 13.0;

/// Numbers in running text.
pub fn number(text: impl Into<String>) -> RichText {
    RichText::new(text).font(digits(12.0))
}

/// Font of numbers: the figures of the proportional font all have one width, so columns do not dance.
pub fn digits(size: f32) -> FontId {
    words(size + 0.5)
}

/// Font of words.
pub fn words(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// A quiet caption.
pub fn caption(text: impl Into<String>) -> RichText {
    RichText::new(text).size(SMALL).color(WEAK)
}

/// Heading of a section of the inspector.
pub fn section(ui: &mut egui::Ui, text: &str) {
    ui.add_space(14.0);
    ui.label(RichText::new(text).size(BODY).strong().color(TEXT));
    ui.add_space(4.0);
}

/// Black or white, whichever reads better on `fill`.
pub fn ink_on(fill: Color32) -> Color32 {
    let luminance = 0.299 * f32::from(fill.r()) + 0.587 * f32::from(fill.g()) + 0.114 * f32::from(fill.b());
    if luminance > 120.0 { Color32::from_gray(16) } else { Color32::WHITE }
}

/// Dresses the context; once.
pub fn apply(ctx: &egui::Context) {
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, words(SMALL)),
            (TextStyle::Body, words(BODY)),
            (TextStyle::Button, words(BODY)),
            (TextStyle::Heading, words(17.0)),
            (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
        ]
        .into();
        style.drag_value_text_style = TextStyle::Body;
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.35;
        spacing(&mut style.spacing);
        visuals(&mut style.visuals);
    });
}

fn spacing(s: &mut egui::style::Spacing) {
    s.item_spacing = vec2(8.0, 6.0);
    s.button_padding = vec2(10.0, 4.0);
    s.interact_size = vec2(32.0, 24.0);
    s.slider_rail_height = 4.0;
    s.slider_width = 130.0;
    s.window_margin = Margin::same(16);
    s.menu_margin = Margin::same(6);
    s.combo_width = 120.0;
}

fn visuals(v: &mut egui::Visuals) {
    *v = egui::Visuals::dark();
    v.panel_fill = PANEL;
    v.window_fill = Color32::from_gray(34);
    v.window_stroke = Stroke::new(1.0, Color32::from_gray(62));
    v.window_corner_radius = CornerRadius::same(8);
    v.extreme_bg_color = Color32::from_gray(20);
    v.faint_bg_color = Color32::from_gray(34);
    v.override_text_color = None;
    v.weak_text_color = Some(WEAK);
    v.hyperlink_color = ACCENT;
    v.error_fg_color = ERROR;
    v.warn_fg_color = WARN;
    v.selection.bg_fill = Color32::from_rgb(44, 74, 118);
    v.selection.stroke = Stroke::new(1.0, Color32::from_gray(245));
    v.slider_trailing_fill = true;
    v.widgets.noninteractive.fg_stroke = Stroke::new(1.0, TEXT);
    v.widgets.noninteractive.bg_stroke = Stroke::new(1.0, LINE);
    v.widgets.noninteractive.bg_fill = PANEL;
    v.widgets.inactive.weak_bg_fill = BUTTON;
    v.widgets.inactive.bg_fill = Color32::from_gray(62);
    v.widgets.inactive.fg_stroke = Stroke::new(1.0, TEXT);
    v.widgets.hovered.weak_bg_fill = Color32::from_gray(60);
    v.widgets.hovered.bg_stroke = Stroke::new(1.0, Color32::from_gray(92));
    v.widgets.active.bg_stroke = Stroke::new(1.0, ACCENT);
    for w in [&mut v.widgets.inactive, &mut v.widgets.hovered, &mut v.widgets.active, &mut v.widgets.open] {
        w.corner_radius = CornerRadius::same(5);
        w.expansion = 0.0;
    }
}

/// A panel's frame with even margins.
pub fn panel(margin: impl Into<Margin>) -> egui::Frame {
    egui::Frame::new().fill(PANEL).inner_margin(margin)
}

/// A label on a filled, rounded ground; returns its size.
pub fn pill(painter: &egui::Painter, at: egui::Pos2, anchor: egui::Align2, text: &str, fill: Color32, ink: Color32) -> Vec2 {
    let galley = painter.layout_no_wrap(text.to_owned(), words(SMALL), ink);
    let size = galley.size() + vec2(12.0, 5.0);
    let rect = anchor.anchor_size(at, size);
    painter.rect_filled(rect, CornerRadius::same(4), fill);
    painter.galley(rect.min + vec2(6.0, 2.5), galley, ink);
    size
}
