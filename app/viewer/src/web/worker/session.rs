//! What the Worker keeps between jobs: the Student, the device, and networks compiled for the last settings.

use super::wire::{Answer, Job};
use crate::analysis::{Analyzer, Settings, self_check};
use fovea_engine::{Device, Preference};
use fovea_patch::{Limits, Patch, decode};
use fovea_student::file::Student;
use std::sync::Arc;

/// Compiled networks above this are not all kept, bytes: a Worker has 4 GB at most.
const KEPT: u64 = 512 << 20;

/// Tiles done, of how many; false stops.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// State of the Worker.
#[derive(Default)]
pub struct Session {
    student: Option<Arc<Student>>,
    device: Option<(Preference, Device)>,
    /// Compiled networks, the one used last at the end.
    analyzers: Vec<Analyzer>,
}

impl Session {
    /// Does one job.
    pub async fn run(&mut self, job: Job, progress: Progress<'_>) -> Result<Answer, String> {
        match job {
            Job::Student { student, settings } => self.take(student, settings.preference).await,
            Job::Decode { name, bytes, max_pixels } => {
                let limits = Limits { max_pixels, ..Limits::default() };
                decode(&bytes, &name, &limits).map(Answer::Patch).map_err(|e| e.to_string())
            }
            Job::Analyze { patch, settings } => self.analyze(&patch, settings, progress).await,
        }
    }

    async fn take(&mut self, student: Arc<Student>, preference: Preference) -> Result<Answer, String> {
        self.analyzers.clear();
        self.student = Some(student.clone());
        let device = self.device(preference).await?;
        self_check(&device, &student).await.map_err(|e| e.to_string())?;
        Ok(Answer::Student { executor: device.describe() })
    }

    async fn analyze(&mut self, patch: &Patch, settings: Settings, progress: Progress<'_>) -> Result<Answer, String> {
        let mut analyzer = match self.analyzers.iter().position(|a| *a.settings() == settings) {
            Some(at) => self.analyzers.remove(at),
            None => {
                let (device, student) = (self.device(settings.preference).await?, self.student()?);
                Analyzer::new(&device, &student, settings).map_err(|e| e.to_string())?
            }
        };
        let outcome = analyzer.analyze_with(patch, progress).await;
        let executor = analyzer.device().describe();
        self.keep(analyzer);
        Ok(Answer::Result { result: outcome.map_err(|e| e.to_string())?, executor })
    }

    /// A ladder needs a network per step; more than fit are compiled again when they are used again.
    fn keep(&mut self, analyzer: Analyzer) {
        self.analyzers.push(analyzer);
        while self.analyzers.len() > 1 && self.analyzers.iter().map(Analyzer::memory_bytes).sum::<u64>() > KEPT {
            self.analyzers.remove(0);
        }
    }

    fn student(&self) -> Result<Arc<Student>, String> {
        self.student.clone().ok_or_else(|| "no model is loaded".into())
    }

    async fn device(&mut self, preference: Preference) -> Result<Device, String> {
        if let Some((made, device)) = &self.device
            && *made == preference
        {
            return Ok(device.clone());
        }
        let device = Device::open(preference).await.map_err(|e| e.to_string())?;
        self.device = Some((preference, device.clone()));
        Ok(device)
    }
}
