//! The reference steps in double precision: the algorithm.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::golden::check;
use fovea_distill::Device;

/// Flex has one precision per process: this binary's is double. `tests/single.rs` runs the same cases in single.
fn double() -> Device {
    fovea_distill::device::double_precision().unwrap()
}

#[test]
fn cross_entropy_alone() {
    check("ce_only", double(), true);
}

#[test]
fn all_terms_at_the_last_level() {
    check("all_terms_l1", double(), true);
}

#[test]
fn all_terms_one_level_deeper() {
    check("all_terms_l2", double(), true);
}
