//! What comes in for the page: chosen in dialogues or dropped on it, read where no frame waits for it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use fovea_distill::data::{self, DataOptions};
use fovea_distill::targets::{TargetsError, TargetsFile};
use fovea_student::load::{BareInfo, Loaded, load};

use super::data::Set;
use super::form::{Description, TeacherFacts};
use crate::app::drop::Incoming;
use crate::app::files::{name_of, spawn};
#[cfg(not(target_arch = "wasm32"))]
use crate::app::state::Source;

/// What came in.
pub enum Arrival {
    /// The user's own data was chosen.
    Place(Place),
    /// It was read; the number says which.
    Read(u32, Result<Set, String>),
    /// The Teacher's file was chosen.
    Teacher(Incoming),
    /// It was read; the number says which. With what it was told, where it says nothing about itself.
    Facts(u32, Result<TeacherFacts, String>, Option<BareInfo>),
    /// A folder for runs was chosen.
    #[cfg(not(target_arch = "wasm32"))]
    Folder(String),
    /// A file with settings.
    Settings(Result<Box<Description>, String>),
    /// Something was of no use here: file and reason.
    Refused(String, String),
}

/// Where the user's own data is: a folder or a table.
#[cfg(not(target_arch = "wasm32"))]
pub type Place = std::path::PathBuf;
/// Where the user's own data is: pictures with a table.
#[cfg(target_arch = "wasm32")]
pub type Place = Vec<Incoming>;

/// The way in.
pub struct Inbox {
    post: Post,
    receiver: Receiver<Arrival>,
}

/// The end that background work holds.
#[derive(Clone)]
pub struct Post {
    sender: Sender<Arrival>,
    ctx: egui::Context,
}

impl Post {
    fn send(&self, arrival: Arrival) {
        if self.sender.send(arrival).is_ok() {
            self.ctx.request_repaint();
        }
    }
}

impl Inbox {
    /// An empty one.
    pub fn new(ctx: &egui::Context) -> Self {
        let (sender, receiver) = channel();
        Self { post: Post { sender, ctx: ctx.clone() }, receiver }
    }

    /// What has come in since the last frame.
    pub fn take(&self) -> Vec<Arrival> {
        self.receiver.try_iter().collect()
    }

    /// Reads the user's own data.
    pub fn read(&self, number: u32, place: Place) {
        let post = self.post.clone();
        spawn(async move { post.send(Arrival::Read(number, read(place))) });
    }

    /// Reads the Teacher's file. A bare checkpoint is taken for a network with the Student's classes and input.
    pub fn facts(&self, number: u32, file: Incoming, bare: BareInfo) {
        let post = self.post.clone();
        spawn(async move {
            let mut told = false;
            let outcome = facts(&file, &bare, &mut told);
            post.send(Arrival::Facts(number, outcome, told.then_some(bare)));
        });
    }

    /// Asks for a data set: a folder.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn pick_data_folder(&self) {
        let chosen = rfd::AsyncFileDialog::new().set_title("Folder of the data set").pick_folder();
        let post = self.post.clone();
        spawn(async move {
            if let Some(folder) = chosen.await {
                post.send(Arrival::Place(folder.path().to_owned()));
            }
        });
    }

    /// Asks for a data set: its table; in a browser also the pictures.
    pub fn pick_data_files(&self) {
        let tables = ["csv", "xlsx"];
        let post = self.post.clone();
        #[cfg(not(target_arch = "wasm32"))]
        {
            let chosen = rfd::AsyncFileDialog::new().set_title("Table of the data set").add_filter("Tables", &tables).pick_file();
            spawn(async move {
                if let Some(file) = chosen.await {
                    post.send(Arrival::Place(file.path().to_owned()));
                }
            });
        }
        #[cfg(target_arch = "wasm32")]
        {
            let all: Vec<&str> = tables.into_iter().chain(["png", "jpg", "jpeg", "tif", "tiff"]).collect();
            let chosen = rfd::AsyncFileDialog::new().add_filter("Patches and their table", &all).pick_files();
            spawn(async move {
                let mut files = vec![];
                for handle in chosen.await.unwrap_or_default() {
                    files.push(Incoming::bytes(handle.file_name(), handle.read().await));
                }
                if !files.is_empty() {
                    post.send(Arrival::Place(files));
                }
            });
        }
    }

    /// Asks for the Teacher.
    pub fn pick_teacher(&self) {
        let kinds = ["safetensors", "pth", "pt", "onnx"];
        let chosen = rfd::AsyncFileDialog::new().set_title("The Teacher's targets or network").add_filter("Teacher", &kinds);
        let (chosen, post) = (chosen.pick_file(), self.post.clone());
        spawn(async move {
            if let Some(handle) = chosen.await {
                #[cfg(not(target_arch = "wasm32"))]
                post.send(Arrival::Teacher(Incoming::path(handle.path().to_owned())));
                #[cfg(target_arch = "wasm32")]
                post.send(Arrival::Teacher(Incoming::bytes(handle.file_name(), handle.read().await)));
            }
        });
    }

    /// Asks for a folder for the run.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn pick_out(&self) {
        let chosen = rfd::AsyncFileDialog::new().set_title("Folder of the run").pick_folder();
        let post = self.post.clone();
        spawn(async move {
            if let Some(folder) = chosen.await {
                post.send(Arrival::Folder(folder.path().display().to_string()));
            }
        });
    }

    /// Files that were dropped on the page.
    pub fn dropped(&self, files: Vec<egui::DroppedFileHandle>) {
        let post = self.post.clone();
        spawn(async move {
            let mut incoming = vec![];
            for file in files {
                match accept(&file).await {
                    Ok(file) => incoming.push(file),
                    Err(reason) => post.send(Arrival::Refused(name_of(file.path()), reason)),
                }
            }
            sort(incoming, &post);
        });
    }
}

/// Settings, Teacher, and what is left is data.
fn sort(files: Vec<Incoming>, post: &Post) {
    let mut data = vec![];
    for file in files {
        let name = file.name.to_lowercase();
        if name.ends_with(".json") || name.ends_with(".toml") {
            let bytes = file.source.read();
            post.send(Arrival::Settings(bytes.and_then(|bytes| Description::read(&name, &bytes)).map(Box::new)));
        } else if crate::app::drop::is_model(&name) {
            post.send(Arrival::Teacher(file));
        } else {
            data.push(file);
        }
    }
    #[cfg(target_arch = "wasm32")]
    if !data.is_empty() {
        post.send(Arrival::Place(data));
    }
    #[cfg(not(target_arch = "wasm32"))]
    for file in data {
        match file.source {
            Source::Path(path) if path.is_dir() || is_table(&file.name) => post.send(Arrival::Place(path)),
            _ => post.send(Arrival::Refused(file.name, "a data set is a folder, or a table that names its pictures".into())),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn is_table(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with(".csv") || name.ends_with(".xlsx")
}

#[cfg(not(target_arch = "wasm32"))]
async fn accept(file: &egui::DroppedFileHandle) -> Result<Incoming, String> {
    let path = file.path();
    match path.is_absolute() && path.exists() {
        true => Ok(Incoming::path(path.to_owned())),
        false => Ok(Incoming::bytes(name_of(path), file.bytes()?)),
    }
}

#[cfg(target_arch = "wasm32")]
async fn accept(file: &egui::DroppedFileHandle) -> Result<Incoming, String> {
    Ok(Incoming::bytes(name_of(file.path()), file.bytes_async().await?))
}

#[cfg(not(target_arch = "wasm32"))]
fn read(place: Place) -> Result<Set, String> {
    let splits = data::open(&place, &DataOptions::default()).map_err(|e| e.to_string())?;
    Ok(Set::of(splits, &name_of(&place)))
}

#[cfg(target_arch = "wasm32")]
fn read(place: Place) -> Result<Set, String> {
    let mut files = vec![];
    for file in place {
        files.push((file.name, file.source.read()?));
    }
    let splits = data::open_files(files, &DataOptions::default()).map_err(|e| e.to_string())?;
    Ok(Set::of(splits, "chosen files"))
}

/// `told` becomes true where the file had to be told what is in it.
fn facts(file: &Incoming, bare: &BareInfo, told: &mut bool) -> Result<TeacherFacts, String> {
    let bytes = file.source.read()?;
    if file.name.to_lowercase().ends_with(".safetensors") {
        match TargetsFile::read(bytes.to_vec(), &file.name) {
            Ok(targets) => return Ok(TeacherFacts::Targets(Box::new(targets.metadata().clone()), targets.images())),
            // A model, then.
            Err(TargetsError::Kind { .. }) => {}
            Err(e) => return Err(e.to_string()),
        }
    }
    match load(&bytes, &file.name).map_err(|e| e.to_string())? {
        Loaded::Ready(student) => Ok(TeacherFacts::Live(Arc::new(*student))),
        Loaded::Bare(checkpoint) => {
            *told = true;
            Ok(TeacherFacts::Live(Arc::new(checkpoint.into_student(bare).map_err(|e| e.to_string())?)))
        }
    }
}
