//! In which order patches are trained on: a function of the seed and the epoch alone.

use crate::views::live_key;
use fovea_student::random::Draws;

/// Keeps the orders apart from what views and augmentations draw for the same seed.
const ORDER: u64 = 0x4f52_4445_5200_0000;

/// Indices of one epoch, every class drawn with replacement count · round(max / own) times, shuffled; cut to ⌊N / batch⌋ batches, N the
/// number of patches (kd_resolution's balancing). Labels at or past `classes` are left out.
pub fn balanced(labels: &[usize], classes: usize, batch: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let members: Vec<Vec<usize>> =
        (0..classes).map(|class| (0..labels.len()).filter(|&i| labels[i] == class).collect()).collect();
    let most = members.iter().map(Vec::len).max().unwrap_or(0);
    let mut draws = Draws::new(live_key(seed ^ ORDER, epoch as u64, 0));
    let mut order = vec![];
    for own in members.iter().filter(|m| !m.is_empty()) {
        order.extend((0..own.len() * times(most, own.len())).map(|_| own[below(&mut draws, own.len())]));
    }
    shuffle(&mut order, &mut draws);
    order.truncate(labels.len() / batch.max(1) * batch);
    order
}

/// most / own to the nearest whole number, halves to the even one, as Python's `round` has it.
fn times(most: usize, own: usize) -> usize {
    (most as f64 / own as f64).round_ties_even() as usize
}

/// Every patch once, shuffled; cut to whole batches.
pub fn shuffled(len: usize, batch: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    shuffle(&mut order, &mut Draws::new(live_key(seed ^ ORDER, epoch as u64, 1)));
    order.truncate(len / batch.max(1) * batch);
    order
}

/// Fisher and Yates.
pub(crate) fn shuffle<T>(order: &mut [T], draws: &mut Draws) {
    for last in (1..order.len()).rev() {
        order.swap(last, below(draws, last + 1));
    }
}

/// A whole number below `n`; 0 where `n` is 0.
pub(crate) fn below(draws: &mut Draws, n: usize) -> usize {
    ((draws.unit() * n as f64) as usize).min(n.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_classes_come_as_often_as_common_ones() {
        let labels: Vec<usize> = (0..1000).map(|i| usize::from(i % 10 == 0)).collect();
        let order = balanced(&labels, 2, 10, 3, 0);
        assert_eq!(order.len(), 1000, "as long as the unbalanced set");
        let rare = order.iter().filter(|&&i| labels[i] == 1).count();
        assert!((430..570).contains(&rare), "{rare}");
        assert_eq!(order, balanced(&labels, 2, 10, 3, 0));
        assert_ne!(order, balanced(&labels, 2, 10, 3, 1));
        assert_ne!(order, balanced(&labels, 2, 10, 4, 0));
    }

    #[test]
    fn halves_go_to_the_even_number_as_in_python() {
        let pairs = [(5, 2), (7, 2), (3, 2), (9, 2), (5, 3), (4, 4), (26, 10)];
        assert_eq!(pairs.map(|(most, own)| times(most, own)), [2, 4, 2, 4, 2, 1, 3]);
    }

    #[test]
    fn a_shuffle_holds_everything_once() {
        let mut order = shuffled(103, 1, 5, 2);
        assert_ne!(order, (0..103).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..103).collect::<Vec<_>>());
        assert_eq!(shuffled(103, 25, 5, 2).len(), 100, "whole batches");
    }
}
