//! One frame, laid out.

use egui::{Margin, Panel, Ui};

use super::actions::{Action, Actions};
use super::compare_view::CompareView;
use super::gallery::Gallery;
use super::inspector::Inspector;
use super::model_form::Answer;
use super::pages::Pages;
use super::patch_view::PatchView;
use super::state::{Page, Progress};
use super::status::Status;
use super::{App, canvas_marks, error, keys, ladder, network, screens, theme, topbar};

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
        self.frame += 1;
        let dropped = ctx.input(|i| i.raw.dropped_files.clone());
        if !dropped.is_empty() {
            match self.page {
                Page::Analyse => self.inbox.dropped(dropped),
                Page::Distil => self.distil.dropped(dropped),
            }
        }
        self.work(ctx);
        self.distil.work(self.model.as_ref().map(|m| &m.student));
        self.watch_device(ctx);
        #[cfg(target_arch = "wasm32")]
        self.publish();
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        let mut actions = vec![];
        let ctx = ui.ctx().clone();
        let classes = self.model.as_ref().map_or(0, |m| m.names().len());
        if self.form.is_none() && self.export.is_none() {
            keys::pages(&ctx, self.page, &mut actions);
            // Where there is nothing to put away, the key closes lists and leaves fields.
            if !self.problems.is_empty() || self.saved.is_some() {
                keys::dismiss(&ctx, &mut actions);
            }
            if self.page == Page::Analyse {
                keys::read(&ctx, &mut self.display, classes, &mut actions);
            }
        }
        self.panels(ui, &mut actions);
        self.dialogs(&ctx);
        let hovering = ctx.input(|i| i.raw.hovered_files.len());
        if hovering > 0 {
            screens::hovering(&ctx, hovering);
        }
        self.carry_out(actions);
    }

    fn clear_color(&self, _: &egui::Visuals) -> [f32; 4] {
        theme::PANEL.to_normalized_gamma_f32()
    }

    #[cfg(target_arch = "wasm32")]
    fn as_any_mut(&mut self) -> Option<&mut dyn std::any::Any> {
        Some(&mut *self)
    }
}

impl App {
    fn panels(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let exportable = self.items.iter().any(|i| i.summary.is_some());
        Panel::top("top").exact_size(44.0).frame(theme::panel(Margin::symmetric(14, 0))).show(ui, |ui| {
            let pages = Pages { shown: self.page, training: self.distil.training() };
            topbar::show(ui, pages, &mut self.display, self.model.as_ref(), exportable, actions);
        });
        Panel::bottom("status").exact_size(28.0).frame(theme::panel(Margin::symmetric(14, 0))).show(ui, |ui| {
            let look = self.open.as_ref().and_then(|o| o.look.as_deref());
            let (executor, memory) = (&self.executor.text, self.executor.memory);
            Status { executor, gpu: self.executor.gpu, look, memory }.show(ui);
        });
        if self.page == Page::Distil {
            return self.distil_page(ui, actions);
        }
        let gallery = Panel::left("gallery").default_size(232.0).size_range(168.0..=420.0);
        gallery.frame(theme::panel(Margin { left: 10, right: 6, top: 10, bottom: 6 })).show(ui, |ui| {
            let (model, reveal) = (self.model.as_ref(), std::mem::take(&mut self.reveal));
            Gallery { items: &mut self.items, selected: self.selected, model, reveal }.show(ui, actions);
        });
        let inspector = Panel::right("inspector").default_size(292.0).size_range(248.0..=420.0);
        inspector.frame(theme::panel(Margin { left: 14, right: 8, top: 12, bottom: 6 })).show(ui, |ui| {
            let class = self.class();
            let (model, open) = (self.model.as_ref(), self.open.as_ref());
            Inspector { model, open, display: &mut self.display, attention: &self.attention, class }.show(ui, actions);
        });
        error::show(ui, &self.problems, actions);
        if self.display.ladder {
            let height = ladder::HEIGHT.min(ui.available_height() * 0.6);
            Panel::bottom("ladder").exact_size(height).frame(theme::panel(Margin::symmetric(12, 10))).show(ui, |ui| {
                ladder::show(ui, self.ladder.as_ref(), self.model.as_ref(), &self.display, self.class());
            });
        }
        if self.display.network {
            let drawer = Panel::right("network").default_size(330.0).size_range(240.0..=560.0);
            drawer.frame(theme::panel(Margin { left: 12, right: 8, top: 12, bottom: 6 })).show(ui, |ui| {
                if network::show(ui, self.model.as_ref(), &self.attention, actions) {
                    self.display.network = false;
                }
            });
        }
        egui::CentralPanel::no_frame().show(ui, |ui| self.canvas(ui, actions));
    }

    fn distil_page(&mut self, ui: &mut Ui, actions: &mut Actions) {
        error::show(ui, &self.problems, actions);
        let page = ui.available_rect_before_wrap();
        let wishes = self.distil.show(ui, self.model.as_ref().map(|m| &m.student));
        actions.extend(wishes.into_iter().map(Action::Distil));
        // At the lower end: a run's progress and buttons are at the upper one.
        self.say_saved(ui, page.with_min_y(page.bottom() - 64.0));
    }

    /// Says where results were written.
    fn say_saved(&self, ui: &Ui, place: egui::Rect) {
        if let Some(saved) = &self.saved {
            canvas_marks::banner(ui.painter(), place, &format!("Exported: {saved}   (Esc)"));
        }
    }

    fn canvas(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let canvas = ui.available_rect_before_wrap();
        let class = self.class();
        let chosen = self.selected_item();
        let failure =
            chosen.and_then(|i| if let Progress::Failed(why) = &i.progress { Some((i.name.clone(), why.clone())) } else { None });
        let opened = self.open.as_ref().map(|o| o.id);
        match (&self.open, failure) {
            _ if self.items.is_empty() => screens::empty(ui, actions),
            (_, Some((name, why))) if opened.is_none() || opened != self.selected_item().map(|i| i.id) => {
                screens::failed(ui, &name, &why, actions);
            }
            (None, _) => screens::waiting(ui, "Opening the patch"),
            _ if self.gfx.is_none() => screens::no_graphics(ui),
            (Some(open), _) => match (&self.model, self.display.compare) {
                (Some(model), true) => {
                    CompareView { open, model, display: &self.display, class }.show(ui, &mut self.compare);
                }
                (model, _) => {
                    let (camera, model) = (&mut self.camera, model.as_ref());
                    PatchView { camera, open, display: &self.display, model, class, running: self.running }.show(ui);
                }
            },
        }
        self.say_saved(ui, canvas);
    }

    fn dialogs(&mut self, ctx: &egui::Context) {
        if let Some(form) = &mut self.form {
            match form.show(ctx) {
                Answer::Open => {}
                Answer::Cancelled => self.form = None,
                Answer::Submit(facts) => self.inbox.make(form.checkpoint(), *facts),
                Answer::FromFile => self.inbox.pick_card(),
            }
        }
        let patch = self.open.as_ref().filter(|o| o.look.is_some()).map(|o| o.patch.name.clone());
        let analysed = self.items.iter().filter(|i| i.summary.is_some()).count();
        match self.export.as_mut().and_then(|choice| choice.show(ctx, patch.as_deref(), analysed)) {
            Some(true) => self.ask_export(),
            Some(false) => self.export = None,
            None => {}
        }
    }
}
