//! Results as files: what is offered, and the files themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Color32, Margin, RichText, Ui};
use fovea_patch::export::{self, Caption, ModelRecord, Placement, Row, RunRecord, TileFeature};
use fovea_patch::{Colormap, Patch, overlay};

use super::look::Look;
use super::model::Model;
use super::state::{Attention, Display, Item};
use super::theme;

/// What is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Overlay with colour bar and notice.
    pub figure: bool,
    /// Raw maps of all classes.
    pub raw: bool,
    /// Table of this patch's tiles.
    pub tiles: bool,
    /// Tiles for QuPath.
    pub geojson: bool,
    /// Table of all analysed patches.
    pub table: bool,
}

impl Default for Choice {
    fn default() -> Self {
        Self { figure: true, raw: true, tiles: true, geojson: true, table: true }
    }
}

impl Choice {
    fn any(&self) -> bool {
        self.figure || self.raw || self.tiles || self.geojson || self.table
    }

    /// Lays the dialog out; `Some(true)` exports, `Some(false)` closes.
    pub fn show(&mut self, ctx: &egui::Context, patch: Option<&str>, analysed: usize) -> Option<bool> {
        let mut answer = None;
        let frame = egui::Frame::window(&ctx.global_style()).inner_margin(Margin::same(22));
        let modal = egui::Modal::new(egui::Id::unique("export")).frame(frame).backdrop_color(Color32::from_black_alpha(150));
        let response = modal.show(ctx, |ui| {
            ui.set_width(400.0);
            ui.label(RichText::new("Export").heading());
            ui.add_space(8.0);
            if let Some(name) = patch {
                ui.add(egui::Label::new(theme::caption(name)).truncate());
                self.patch_part(ui);
                ui.add_space(8.0);
            }
            ui.label(theme::caption(format!("All analysed patches: {analysed}")));
            ui.checkbox(&mut self.table, "Table, CSV");
            ui.add_space(10.0);
            ui.add(
                egui::Label::new(theme::caption("run.json with settings, hashes and versions is written beside them.")).wrap(),
            );
            ui.add_space(12.0);
            answer = buttons(ui, self.any());
        });
        answer.or_else(|| response.should_close().then_some(false))
    }

    fn patch_part(&mut self, ui: &mut Ui) {
        ui.checkbox(&mut self.figure, "Overlay with colour bar, PNG");
        ui.checkbox(&mut self.raw, "Raw evidence of all classes, NumPy");
        ui.checkbox(&mut self.tiles, "Table of its tiles, CSV");
        ui.checkbox(&mut self.geojson, "Tiles for QuPath, GeoJSON");
    }
}

fn buttons(ui: &mut Ui, any: bool) -> Option<bool> {
    let mut answer = None;
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let text = if cfg!(target_arch = "wasm32") { "Download" } else { "Choose a folder…" };
        let export = egui::Button::new(RichText::new(text).color(Color32::from_gray(14)).strong()).fill(theme::ACCENT);
        if ui.add_enabled(any, export).clicked() {
            answer = Some(true);
        }
        if ui.button("Cancel").clicked() {
            answer = Some(false);
        }
    });
    answer
}

/// What is on screen while the export is asked for.
pub struct Seen<'a> {
    /// The model.
    pub model: &'a Model,
    /// The patch on the canvas with its result.
    pub patch: Option<(Arc<Patch>, Arc<Look>)>,
    /// All patches.
    pub items: &'a [Item],
    /// How maps are shown.
    pub display: &'a Display,
    /// What maps are.
    pub attention: &'a Attention,
    /// Chosen class.
    pub class: usize,
    /// What computed.
    pub executor: &'a str,
}

/// Everything the files are made of; it can go to another thread.
pub struct Export {
    choice: Choice,
    classes: Vec<String>,
    colours: Vec<[u8; 3]>,
    patch: Option<(Arc<Patch>, Arc<Look>)>,
    class: usize,
    display: Display,
    rows: Vec<Row>,
    record: RunRecord,
}

impl Export {
    /// Gathers it.
    pub fn new(choice: &Choice, seen: Seen<'_>) -> Self {
        let Seen { model, patch, items, display, attention, class, executor } = seen;
        let card = &model.student.card;
        let named =
            ModelRecord { name: model.title.clone(), sha256: card.weights_sha256.clone(), classes: card.class_names.clone() };
        let settings = serde_json::json!({
            "layer": attention.layer, "method": attention.method, "relu": attention.relu, "aug_smooth": attention.smooth,
            "class": model.name(class), "colormap": display.colormap, "opacity": display.opacity,
        });
        let program = concat!("fovea ", env!("CARGO_PKG_VERSION"));
        let mut record = RunRecord::new(program, &super::clock::now(), executor, named, settings);
        record.versions = BTreeMap::from([("fovea".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
        record.files = items.iter().map(super::export_rows::file_record).collect();
        let rows = items.iter().filter_map(|i| super::export_rows::item_row(i, model)).collect();
        Self {
            choice: choice.clone(),
            classes: card.class_names.clone(),
            colours: card.class_colours.clone(),
            patch,
            class,
            display: display.clone(),
            rows,
            record,
        }
    }

    /// Makes the files; each is a name and bytes, or what went wrong.
    pub fn files(self) -> Vec<Result<(String, Vec<u8>), String>> {
        let mut files = vec![];
        let mut add = |name: String, bytes: Result<Vec<u8>, fovea_patch::PatchError>| {
            files.push(bytes.map(|b| (name.clone(), b)).map_err(|e| format!("{e}: {name}")));
        };
        if let Some((patch, look)) = &self.patch {
            let stem = stem(&patch.name);
            let class = self.classes.get(self.class).map_or("class", String::as_str);
            if self.choice.figure {
                add(format!("{stem}.{}.png", stem_of_class(class)), self.figure(patch, look, class));
            }
            if self.choice.raw {
                let maps = &look.maps;
                add(format!("{stem}.npy"), export::npy_f32(&[maps.classes, maps.h, maps.w], &maps.data));
            }
            if self.choice.tiles {
                let rows = super::export_rows::tile_rows(patch, look, &self.classes, &self.record.model.sha256);
                add(format!("{stem}.csv"), export::csv_table(&self.classes, &rows));
            }
            if self.choice.geojson {
                let placement = Placement { origin: patch.position.unwrap_or_default(), scale: 1.0 };
                add(format!("{stem}.geojson"), export::geojson(&self.features(patch, look), placement));
            }
        }
        if self.choice.table {
            add("patches.csv".into(), export::csv_table(&self.classes, &self.rows));
        }
        add("run.json".into(), self.record.to_json());
        files
    }

    fn figure(&self, patch: &Patch, look: &Look, class: &str) -> Result<Vec<u8>, fovea_patch::PatchError> {
        let shown = look.maps.shown(self.class, self.display.range, self.display.fixed);
        let style = self.display.style((shown.lo, shown.hi));
        let overlay = overlay::render(patch, look.maps.class(self.class), look.maps.w, look.maps.h, &style)?;
        let caption = Caption { class, file: &patch.name, colormap: Colormap::clone(&self.display.colormap) };
        export::figure_png(&overlay, &caption)
    }

    fn features(&self, patch: &Patch, look: &Look) -> Vec<TileFeature> {
        let feature = |t: &crate::analysis::TileResult| {
            let named = self.classes.iter().zip(&t.probabilities);
            TileFeature {
                tile: t.tile.clipped(patch.width, patch.height),
                class: self.classes.get(t.predicted).cloned().unwrap_or_default(),
                color: self.colours.get(t.predicted).copied().unwrap_or([128; 3]),
                measurements: named.map(|(n, p)| (format!("prob_{n}"), f64::from(*p))).collect(),
            }
        };
        look.result.tiles.iter().map(feature).collect()
    }
}

/// A file name without folders and extension.
fn stem(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    base.rsplit_once('.').map_or(base, |(stem, _)| stem).to_owned()
}

/// A class name as part of a file name.
fn stem_of_class(class: &str) -> String {
    class.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '+' | '_') { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn file_names_stay_inside_the_folder() {
        assert_eq!(super::stem("a/b/c.d.png"), "c.d");
        assert_eq!(super::stem("..\\x.png"), "x");
        assert_eq!(super::stem_of_class("G4/../x"), "G4____x");
    }
}
