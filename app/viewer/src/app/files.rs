//! Files in and out: dialogs, drops, saving results. Everything that may wait ends in the inbox.

use std::future::Future;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use fovea_student::Checkpoint;

use super::drop::Incoming;
use super::facts::Facts;
use super::post::{Arrival, Post};
use super::state::{Problem, Source};
use crate::analysis::embedded;

/// Both ends of the way in.
pub struct Inbox {
    post: Post,
    receiver: Receiver<Arrival>,
}

impl Inbox {
    /// An empty one.
    pub fn new(ctx: &egui::Context) -> Self {
        let (sender, receiver) = channel();
        Self { post: Post::new(sender, ctx), receiver }
    }

    /// An end for background work.
    pub fn post(&self) -> Post {
        self.post.clone()
    }

    /// What has come in since the last frame.
    pub fn take(&self) -> Vec<Arrival> {
        self.receiver.try_iter().collect()
    }

    /// Reads the embedded model.
    pub fn embedded_model(&self) {
        let file = Incoming { name: embedded::STUDENT_NAME.into(), source: Source::Embedded(embedded::STUDENT) };
        let post = self.post();
        spawn(async move { post.model(file, vec![]) });
    }

    /// Makes a model of a checkpoint and facts; a large one takes seconds.
    pub fn make(&self, checkpoint: Checkpoint, facts: Facts) {
        let post = self.post();
        spawn(async move { post.send(Arrival::Made(facts.make(checkpoint).map(Box::new))) });
    }

    /// Asks for a card.json or config.json.
    pub fn pick_card(&self) {
        let dialog = rfd::AsyncFileDialog::new().set_title("Fill from a card").add_filter("JSON", &["json"]);
        let (chosen, post) = (dialog.pick_file(), self.post());
        spawn(async move {
            if let Some(handle) = chosen.await {
                post.files(vec![incoming_of(handle).await]);
            }
        });
    }

    /// Files that were dropped on the window.
    pub fn dropped(&self, files: Vec<egui::DroppedFileHandle>) {
        let post = self.post();
        spawn(async move {
            let mut incoming = vec![];
            for file in files {
                match accept(&file, &post).await {
                    Ok(files) => incoming.extend(files),
                    Err(problem) => post.send(Arrival::Problem(problem)),
                }
            }
            post.files(incoming);
        });
    }

    /// Asks for files.
    pub fn pick_files(&self, models_only: bool) {
        const MODELS: [&str; 6] = ["safetensors", "pth", "pt", "onnx", "data", "json"];
        const PATCHES: [&str; 6] = ["png", "jpg", "jpeg", "tif", "tiff", "svs"];
        let dialog = rfd::AsyncFileDialog::new();
        let dialog = match models_only {
            true => dialog.set_title("Load a model").add_filter("Models", &MODELS),
            false => {
                let all: Vec<&str> = PATCHES.into_iter().chain(MODELS).collect();
                dialog.set_title("Open patches or a model").add_filter("Patches and models", &all)
            }
        };
        // The dialog begins on this thread, as some systems ask for; only its answer is awaited elsewhere.
        let (chosen, post) = (dialog.pick_files(), self.post());
        spawn(async move {
            let mut incoming = vec![];
            for handle in chosen.await.unwrap_or_default() {
                incoming.push(incoming_of(handle).await);
            }
            post.files(incoming);
        });
    }

    /// Asks for a folder of patches.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn pick_folder(&self) {
        let chosen = rfd::AsyncFileDialog::new().set_title("Open a folder of patches").pick_folder();
        let post = self.post();
        spawn(async move {
            if let Some(folder) = chosen.await {
                match expand(folder.path(), &post) {
                    Ok(files) => post.files(files),
                    Err(problem) => post.send(Arrival::Problem(problem)),
                }
            }
        });
    }

    /// Browsers hand out no folders.
    #[cfg(target_arch = "wasm32")]
    pub fn pick_folder(&self) {}

    /// Writes result files: into a folder that is asked for, or as downloads.
    pub fn save(&self, make: impl FnOnce() -> Vec<Result<(String, Vec<u8>), String>> + Send + 'static) {
        let post = self.post();
        #[cfg(not(target_arch = "wasm32"))]
        {
            let chosen = rfd::AsyncFileDialog::new().set_title("Export into a folder").pick_folder();
            spawn(async move {
                if let Some(folder) = chosen.await {
                    write_all(folder.path(), make(), &post);
                }
            });
        }
        #[cfg(target_arch = "wasm32")]
        {
            let mut count = 0;
            for file in make() {
                match file {
                    Ok((name, bytes)) => match crate::web::download(&name, &bytes) {
                        Ok(()) => count += 1,
                        Err(_) => post.problem(name, "the browser refused the download"),
                    },
                    Err(reason) => post.problem("Export", reason),
                }
            }
            post.send(Arrival::Saved(format!("{count} files downloaded")));
        }
    }
}

/// Writes files into a folder; what fails is said, the rest is written.
#[cfg(not(target_arch = "wasm32"))]
pub fn write_all(folder: &Path, files: Vec<Result<(String, Vec<u8>), String>>, post: &Post) {
    let mut count = 0;
    for file in files {
        match file {
            Err(reason) => post.problem("Export", reason),
            Ok((name, bytes)) => match std::fs::write(folder.join(&name), bytes) {
                Ok(()) => count += 1,
                Err(e) => post.problem(name, format!("cannot be written: {e}")),
            },
        }
    }
    let folder = folder.file_name().map_or_else(|| folder.display().to_string(), |n| n.to_string_lossy().into_owned());
    post.send(Arrival::Saved(format!("{count} files in {folder}")));
}

#[cfg(not(target_arch = "wasm32"))]
async fn accept(file: &egui::DroppedFileHandle, post: &Post) -> Result<Vec<Incoming>, Problem> {
    let path = file.path();
    if path.is_absolute() && path.exists() {
        return expand(path, post);
    }
    let name = name_of(path);
    let bytes = file.bytes().map_err(|reason| Problem { subject: name.clone(), reason })?;
    Ok(vec![Incoming::bytes(name, bytes)])
}

#[cfg(target_arch = "wasm32")]
async fn accept(file: &egui::DroppedFileHandle, _: &Post) -> Result<Vec<Incoming>, Problem> {
    let name = name_of(file.path());
    // Browsers give a folder as a file that cannot be read.
    let bytes = file.bytes_async().await.map_err(|reason| Problem { subject: name.clone(), reason })?;
    Ok(vec![Incoming::bytes(name, bytes)])
}

#[cfg(not(target_arch = "wasm32"))]
async fn incoming_of(handle: rfd::FileHandle) -> Incoming {
    Incoming::path(handle.path().to_owned())
}

#[cfg(target_arch = "wasm32")]
async fn incoming_of(handle: rfd::FileHandle) -> Incoming {
    Incoming::bytes(handle.file_name(), handle.read().await)
}

/// File name without its folders, for messages.
pub fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| "unnamed".into(), |n| n.to_string_lossy().into_owned())
}

/// A file, or the patches of a folder.
#[cfg(not(target_arch = "wasm32"))]
fn expand(path: &Path, post: &Post) -> Result<Vec<Incoming>, Problem> {
    if !path.is_dir() {
        return Ok(vec![Incoming::path(path.to_owned())]);
    }
    let problem = |reason: String| Problem { subject: name_of(path), reason };
    let (found, cut) = super::drop::walk(path).map_err(problem)?;
    match found.is_empty() {
        true => Err(problem("the folder holds no PNG, JPEG or TIFF files".into())),
        false if cut => {
            post.problem(name_of(path), format!("only the first {} patches are taken", super::drop::MOST_FILES));
            Ok(found)
        }
        false => Ok(found),
    }
}

/// Runs something that may wait: on a thread of its own, or on the browser's event loop.
#[cfg(not(target_arch = "wasm32"))]
pub fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    std::thread::spawn(move || pollster::block_on(work));
}

/// Runs something that may wait, on the browser's event loop.
#[cfg(target_arch = "wasm32")]
pub fn spawn(work: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(work);
}
