//! What outlives a lost graphics device: the window is opened again with it, and computes on the CPU.

use std::sync::{Arc, Mutex, PoisonError};

use fovea_student::file::Student;

use super::App;
use super::distil::Left;
use super::drop::Incoming;
use super::model::Model;
use super::setup::Setup;
use super::state::{Attention, Display, Page};

/// The state worth keeping.
#[derive(Default)]
pub struct Kept {
    /// Patches; true for drawings.
    items: Vec<(Incoming, bool)>,
    selected: Option<usize>,
    display: Display,
    attention: Option<Attention>,
    student: Option<Arc<Student>>,
    page: Page,
    distil: Option<Left>,
    reason: String,
}

/// Where a dying window leaves its state for the next one.
#[derive(Clone, Default)]
pub struct Keeper(Arc<Mutex<Option<Kept>>>);

impl Keeper {
    /// What a window left, once.
    pub fn take(&self) -> Option<Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, kept: Kept) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}

impl App {
    /// A window with what another one left.
    pub(super) fn resumed(cc: &eframe::CreationContext<'_>, kept: Kept, keeper: Keeper) -> Self {
        let Kept { items, selected, display, attention, student, page, distil, reason } = kept;
        let why = format!("the GPU failed: {reason}");
        let preference = fovea_engine::Preference::Cpu;
        let mut app = Self::bare(cc, Setup { samples: false, preference, reason: Some(why), keeper: Some(keeper) });
        for (file, synthetic) in items {
            app.add(vec![file], synthetic);
        }
        app.display = display;
        match student {
            Some(student) => app.set_model(Model::new(student)),
            None => app.inbox.embedded_model(),
        }
        if let Some(attention) = attention {
            app.set_attention(attention);
        }
        if let Some(selected) = selected {
            app.select(selected);
        }
        app.page = page;
        let stopped = distil.and_then(|left| app.distil.take_over(left, app.model.as_ref().map(|m| &m.student)));
        app.problems.add("Graphics", format!("{reason}; the window was opened again, and the CPU computes"));
        if let Some(folder) = stopped {
            let text =
                format!("training was stopped with the window; on the Distil page it can be resumed from its folder: {folder}");
            app.problems.add("Distil", text);
        }
        app
    }

    /// Leaves the state to the next window and closes this one; false when nobody would open it again.
    pub(super) fn leave(&mut self, ctx: &egui::Context, reason: &str) -> bool {
        let Some(keeper) = self.keeper.take() else { return false };
        log::error!("{reason}: the window is opened again");
        keeper.put(Kept {
            items: self.items.drain(..).map(|i| (Incoming { name: i.name, source: i.source }, i.synthetic)).collect(),
            selected: self.selected.take(),
            display: self.display.clone(),
            attention: Some(self.attention.clone()),
            student: self.model.as_ref().map(|m| m.student.clone()),
            page: self.page,
            distil: Some(self.distil.leave()),
            reason: reason.to_owned(),
        });
        ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        true
    }
}
