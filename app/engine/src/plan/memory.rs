//! Buffers by lifetime: values that are never needed at the same time share one.

use super::{Place, Plan, Step};

/// Maps each value's buffer to a reused one. Buffers alive in the same step stay distinct, so that no call reads and writes
/// one buffer.
pub(super) fn reuse(mut plan: Plan) -> Plan {
    let last = last_uses(&plan);
    let mut physical: Vec<usize> = vec![];
    let mut free: Vec<usize> = vec![];
    let mut of: Vec<Option<usize>> = vec![None; plan.slots.len()];
    let mut take = |slot: usize, of: &mut Vec<Option<usize>>, free: &mut Vec<usize>| {
        if of[slot].is_none() {
            of[slot] = Some(allocate(plan.slots[slot], &mut physical, free));
        }
    };
    // Inputs are written before the first step.
    plan.pixels.iter().for_each(|&p| take(p, &mut of, &mut free));
    take(plan.input, &mut of, &mut free);
    for (i, step) in plan.steps.iter().enumerate() {
        take(step.output, &mut of, &mut free);
        let done = slots_of(step).filter(|&s| last[s] == Some(i)).collect::<std::collections::BTreeSet<_>>();
        free.extend(done.into_iter().filter_map(|s| of[s]));
    }
    let at = |slot: usize| of[slot].unwrap_or_default();
    let place = |p: &mut Place| {
        if let Place::Slot(s) = p {
            *s = at(*s);
        }
    };
    for step in &mut plan.steps {
        step.inputs.iter_mut().for_each(place);
        step.output = at(step.output);
    }
    plan.outputs.iter_mut().for_each(|o| place(&mut o.place));
    plan.input = at(plan.input);
    plan.pixels = plan.pixels.map(at);
    plan.slots = physical;
    plan
}

/// Best fit among the free buffers; where none is long enough, the longest one grows.
fn allocate(len: usize, physical: &mut Vec<usize>, free: &mut Vec<usize>) -> usize {
    let fits = (0..free.len()).filter(|&i| physical[free[i]] >= len).min_by_key(|&i| physical[free[i]]);
    let longest = || (0..free.len()).max_by_key(|&i| physical[free[i]]);
    match fits.or_else(longest) {
        Some(i) => {
            let at = free.swap_remove(i);
            physical[at] = physical[at].max(len);
            at
        }
        None => {
            physical.push(len);
            physical.len() - 1
        }
    }
}

fn slots_of(step: &Step) -> impl Iterator<Item = usize> + '_ {
    let read = step.inputs.iter().filter_map(|p| if let Place::Slot(s) = p { Some(*s) } else { None });
    read.chain([step.output])
}

/// Index of the step that uses each buffer last; `None` for results, which stay.
fn last_uses(plan: &Plan) -> Vec<Option<usize>> {
    let mut last = vec![None; plan.slots.len()];
    for (i, step) in plan.steps.iter().enumerate() {
        slots_of(step).for_each(|s| last[s] = Some(i));
    }
    for o in &plan.outputs {
        if let Place::Slot(s) = o.place {
            last[s] = None;
        }
    }
    last
}
