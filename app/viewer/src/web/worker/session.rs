//! What the Worker keeps between jobs: the Student, the device, and networks compiled for the last settings.

use super::wire::{Answer, Job};
use crate::analysis::{Analyzer, Ladder, Settings, self_check};
use fovea_engine::{Device, Preference};
use fovea_patch::{Limits, Patch, decode};
use fovea_student::file::Student;
use std::sync::Arc;

/// Tiles done, of how many; false stops.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// State of the Worker.
#[derive(Default)]
pub struct Session {
    student: Option<Arc<Student>>,
    device: Option<(Preference, Device)>,
    analyzer: Option<Analyzer>,
    ladder: Option<(Settings, Ladder)>,
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
            Job::Rung { patch, settings, index } => self.climb(&patch, settings, index).await,
        }
    }

    async fn take(&mut self, student: Arc<Student>, preference: Preference) -> Result<Answer, String> {
        (self.analyzer, self.ladder) = (None, None);
        self.student = Some(student.clone());
        let device = self.device(preference).await?;
        self_check(&device, &student).await.map_err(|e| e.to_string())?;
        Ok(Answer::Student { executor: device.describe() })
    }

    async fn analyze(&mut self, patch: &Patch, settings: Settings, progress: Progress<'_>) -> Result<Answer, String> {
        if self.analyzer.as_ref().is_none_or(|a| *a.settings() != settings) {
            let (device, student) = (self.device(settings.preference).await?, self.student()?);
            self.analyzer = Some(Analyzer::new(&device, &student, settings).map_err(|e| e.to_string())?);
        }
        let analyzer = self.analyzer.as_mut().ok_or("there is no compiled network")?;
        let result = analyzer.analyze_with(patch, progress).await.map_err(|e| e.to_string())?;
        Ok(Answer::Result { result, executor: analyzer.device().describe() })
    }

    async fn climb(&mut self, patch: &Patch, settings: Settings, index: usize) -> Result<Answer, String> {
        let device = self.device(settings.preference).await?;
        if self.ladder.as_ref().is_none_or(|(made, _)| *made != settings) {
            let ladder = Ladder::new(&device, self.student()?.as_ref(), settings.clone());
            self.ladder = Some((settings, ladder));
        }
        let ladder = self.ladder.as_mut().map(|(_, ladder)| ladder).ok_or("there is no ladder")?;
        let rung = ladder.step(index, patch).await.ok_or_else(|| format!("the ladder has no step {index}"))?;
        Ok(Answer::Rung { rung, executor: device.describe() })
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
