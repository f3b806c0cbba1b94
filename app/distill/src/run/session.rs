//! A run in a folder: opened, resumed where a checkpoint is there, written down as it goes.

use super::{DataPlace, RunFile, StartFrom, StudentStart, TeacherPlace, describe};
use crate::data::{self, DataError, ImageStore, PictureMemory, Sample, Splits};
use crate::files::write_whole;
use crate::record::Progress;
use crate::targets::{TargetsError, TargetsFile};
use crate::train::{self, FileTeacher, Knowledge, Material, Set, TrainError, Trained, Trainer};
use burn::tensor::Device;
use fovea_student::fresh::{self, Fresh, FreshError};
use fovea_student::{BareInfo, LoadError, Loaded, Student, load};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// File name of the checkpoint in a run's folder.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// File name of the record: history and settings as JSON.
pub const RECORD: &str = "record.json";
/// Largest model file or checkpoint that is read, in bytes.
const LARGEST: u64 = 16 << 30;

/// Why a run cannot be opened or written down.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Training itself.
    #[error(transparent)]
    Train(#[from] Box<TrainError>),
    /// The data set.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The targets file.
    #[error(transparent)]
    Targets(#[from] TargetsError),
    /// A model file.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A fresh network.
    #[error(transparent)]
    Fresh(#[from] FreshError),
    /// The description contradicts itself.
    #[error("{0}")]
    Description(String),
    /// A file of the run.
    #[error("cannot {what}: {source}: {}", file.display())]
    File {
        /// `read` or `write`.
        what: &'static str,
        /// Why.
        source: std::io::Error,
        /// Which.
        file: PathBuf,
    },
    /// A checkpoint that does not fit, with its place.
    #[error("{source}: {}", file.display())]
    Resume {
        /// Why.
        source: Box<TrainError>,
        /// Which.
        file: PathBuf,
    },
}

impl From<TrainError> for RunError {
    fn from(e: TrainError) -> Self {
        Self::Train(Box::new(e))
    }
}

/// A run that can be advanced.
pub struct Session {
    trainer: Trainer,
    out: PathBuf,
    every: usize,
    since: usize,
}

/// A run that has just been opened.
pub struct Opened {
    /// The run.
    pub session: Session,
    /// Its data.
    pub splits: Splits,
    /// Whether it goes on from a checkpoint.
    pub resumed: bool,
}

impl Session {
    /// Opens a run; relative paths start at `base`. With `fresh` a checkpoint that is there is passed over (and written over later).
    ///
    /// # Errors
    /// Whatever keeps it from starting, with the file it is about.
    pub fn open(run: &RunFile, base: &Path, device: &Device, fresh: bool) -> Result<Opened, RunError> {
        // Without the `.` that a run file in its own folder has.
        let out: PathBuf = base.join(&run.out).components().collect();
        std::fs::create_dir_all(&out).map_err(|source| RunError::File { what: "make", source, file: out.clone() })?;
        let splits = data::open(&base.join(&run.data.path), &run.data.options)?;
        let mut student = open_student(&run.student, &splits.classes, base)?;
        let material = material(run, &splits, student.card.input_px);
        if let StartFrom::Random { settle: true, .. } = run.student.from {
            train::settle(&mut student, &material.train, device)?;
        }
        let knowledge = knowledge(run, base, &student, device)?;
        let file = out.join(CHECKPOINT);
        let resumed = !fresh && file.is_file();
        let settings = run.train.clone();
        let trainer = match resumed {
            true => {
                let bytes = read(&file)?;
                let trainer = Trainer::resume(&bytes, student, settings, material, knowledge, device);
                trainer.map_err(|e| RunError::Resume { source: e.into(), file: file.clone() })?
            }
            false => Trainer::new(student, settings, material, knowledge, device)?,
        };
        let session = Self { trainer, out, every: run.checkpoint_steps.max(1), since: 0 };
        Ok(Opened { session, splits, resumed })
    }

    /// The run itself.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// The run itself.
    pub fn trainer_mut(&mut self) -> &mut Trainer {
        &mut self.trainer
    }

    /// The run's folder.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Does the next unit of work, and writes a checkpoint where one is due.
    ///
    /// # Errors
    /// As [`Trainer::advance`], and when the folder cannot be written to: the checkpoint before is then still there.
    pub fn advance(&mut self) -> Result<Progress, RunError> {
        let progress = self.trainer.advance()?;
        match &progress {
            Progress::Step { .. } => self.since += 1,
            // Owed, also when writing it fails the first time.
            Progress::Epoch { .. } => self.since = self.every,
            Progress::Validating { .. } | Progress::Finished { .. } => {}
        }
        if self.since >= self.every {
            self.save()?;
        }
        Ok(progress)
    }

    /// Writes checkpoint and record now.
    ///
    /// # Errors
    /// When the folder cannot be written to; the files before are then still there.
    pub fn save(&mut self) -> Result<(), RunError> {
        self.write(CHECKPOINT, &self.trainer.checkpoint()?)?;
        let history = serde_json::to_vec(self.trainer.history()).unwrap_or_default();
        self.write(RECORD, &history)?;
        self.since = 0;
        Ok(())
    }

    /// Writes a file of the run.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        let file = self.out.join(name);
        write_whole(&file, bytes).map_err(|source| RunError::File { what: "write", source, file })
    }

    /// The Student as trained so far.
    ///
    /// # Errors
    /// When the device does not return the weights.
    pub fn trained(&self) -> Result<Trained, RunError> {
        Ok(self.trainer.trained()?)
    }
}

fn material(run: &RunFile, splits: &Splits, px: usize) -> Material {
    let memory = PictureMemory::new(run.train.picture_memory);
    let set = |samples: &[Sample]| Set {
        labels: samples.iter().map(|sample| sample.label).collect(),
        store: Arc::new(ImageStore::sharing(samples.to_vec(), px, &memory)),
    };
    Material {
        train: set(&splits.train),
        validation: set(&splits.validation),
        classes: splits.classes.clone(),
        origin: origin(&run.data),
    }
}

/// The folder's own name: records keep the user's other folders out.
fn origin(data: &DataPlace) -> String {
    data.path.file_name().map_or_else(|| "data".into(), |name| name.to_string_lossy().into_owned())
}

/// The test patches of a set at a size. They are looked at once: none is kept in memory.
pub fn testset(splits: &Splits, px: usize) -> Set {
    Set::new(splits.test.clone(), px, 0)
}

fn knowledge(run: &RunFile, base: &Path, student: &Student, device: &Device) -> Result<Knowledge, RunError> {
    match &run.teacher {
        None => Ok(Knowledge::None),
        Some(TeacherPlace::Live(file)) => {
            let card = &student.card;
            let (classes, input_px) = (Some(card.class_names.clone()), Some(card.input_px));
            let teacher = ready(&base.join(file), &BareInfo { classes, input_px, ..BareInfo::default() })?;
            Ok(Knowledge::live(&teacher, &run.train.terms, device)?)
        }
        Some(TeacherPlace::Targets(file)) => {
            let file = base.join(file);
            let teacher = FileTeacher::new(TargetsFile::open(&file)?, &run.train.terms)?;
            Ok(Knowledge::File(Box::new(teacher)))
        }
    }
}

/// The Student a run starts from, for these classes.
///
/// # Errors
/// A file that cannot be read or does not fit; facts that are missing.
pub fn open_student(start: &StudentStart, classes: &[String], base: &Path) -> Result<Student, RunError> {
    let missing = || RunError::Description("'student.input_px' is missing: a fresh network does not know its input".into());
    let fresh = |divisor, seed| {
        let input_px = start.input_px.ok_or_else(missing)?;
        Ok::<_, RunError>(Fresh { divisor, classes: classes.to_vec(), input_px, seed })
    };
    let mut student = match &start.from {
        StartFrom::Random { divisor, seed, .. } => fresh::random_vgg16(&fresh(*divisor, *seed)?)?,
        StartFrom::Torchvision { file, seed } => {
            let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let path = base.join(file);
            match load(&read(&path)?, &path.display().to_string())? {
                Loaded::Bare(bare) => fresh::from_torchvision(&bare.weights, &fresh(1, *seed)?, &name)?,
                Loaded::Ready(_) => {
                    let text = format!("this is a Student file, not a state dict: {}", path.display());
                    return Err(RunError::Description(text));
                }
            }
        }
        StartFrom::File(file) => {
            let info = BareInfo { classes: Some(classes.to_vec()), input_px: start.input_px, ..BareInfo::default() };
            ready(&base.join(file), &info)?
        }
    };
    describe(start, &mut student).map_err(RunError::Description)?;
    Ok(student)
}

fn ready(path: &Path, info: &BareInfo) -> Result<Student, RunError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let sibling = |name: &str| std::fs::read(folder.join(name)).ok().map(Cow::Owned);
    match fovea_student::load_with(&read(path)?, &path.display().to_string(), &sibling)? {
        Loaded::Ready(student) => Ok(*student),
        Loaded::Bare(bare) => Ok(bare.into_student(info)?),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, RunError> {
    let failed = |source| RunError::File { what: "read", source, file: file.to_path_buf() };
    let length = std::fs::metadata(file).map_err(failed)?.len();
    if length > LARGEST {
        return Err(failed(std::io::Error::other(format!("it has {length} bytes; at most {LARGEST} are read"))));
    }
    std::fs::read(file).map_err(failed)
}
