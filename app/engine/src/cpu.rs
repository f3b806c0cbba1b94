//! The plan on the CPU twins.

use crate::error::EngineError;
use crate::plan::{Place, Plan, Stage};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use web_time::Instant;

/// Working memory of a plan on the CPU.
pub(crate) struct CpuRun {
    plan: Arc<Plan>,
    slots: Vec<Vec<f32>>,
}

impl CpuRun {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        // Buffers come to life with the first run: a compiled network that is never run costs nothing.
        Self { slots: vec![vec![]; plan.slots.len()], plan }
    }

    /// The buffer of a slot, to be filled with input.
    pub(crate) fn slot_mut(&mut self, slot: usize) -> &mut [f32] {
        let len = self.plan.slots[slot];
        let buffer = &mut self.slots[slot];
        buffer.resize(len, 0.0);
        buffer
    }

    /// Runs the steps from `first`; milliseconds are added per stage.
    pub(crate) fn run(&mut self, first: usize, cancel: &AtomicBool, ms: &mut BTreeMap<Stage, f64>) -> Result<(), EngineError> {
        let plan = self.plan.clone();
        for step in &plan.steps[first..] {
            if cancel.load(Ordering::Relaxed) {
                return Err(EngineError::Cancelled);
            }
            let start = Instant::now();
            let mut out = std::mem::take(&mut self.slots[step.output]);
            out.resize(plan.slots[step.output], 0.0);
            let inputs: Vec<&[f32]> = step.inputs.iter().map(|p| self.place(*p)).collect();
            let done = step.call.run_cpu(&inputs, &mut out);
            self.slots[step.output] = out;
            done.map_err(|e| EngineError::Unsupported { what: e.to_string(), node: step.label.clone() })?;
            *ms.entry(step.stage).or_default() += start.elapsed().as_secs_f64() * 1e3;
        }
        Ok(())
    }

    /// Elements of a place.
    pub(crate) fn place(&self, place: Place) -> &[f32] {
        match place {
            Place::Slot(s) => &self.slots[s],
            Place::Constant(c) => &self.plan.constants[c].data,
            Place::Absent => &[],
        }
    }
}
