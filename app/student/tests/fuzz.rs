//! Damaged files: truncations, bit flips, splices. Reading them ends in a result or a reason, never in a panic, and within a
//! bound on memory that a counting allocator watches.
#![allow(clippy::unwrap_used, clippy::expect_used, unsafe_code)]

mod common;

use common::{Random, bare, golden, torch_file};
use fovea_student::{BareInfo, Loaded, load};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts what is allocated, so that a test can see the peak.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system's allocator unchanged; only numbers are kept.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Loads and builds; returns whether a network came out.
fn survive(bytes: &[u8], context: &str) -> bool {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let info = BareInfo { input_px: Some(64), ..BareInfo::default() };
    let ok = match load(bytes, "fuzzed") {
        Ok(Loaded::Bare(c)) => c.into_student(&info).is_ok(),
        Ok(Loaded::Ready(_)) => true,
        Err(e) => {
            assert!(e.to_string().ends_with("(fuzzed)"));
            false
        }
    };
    let used = PEAK.load(Relaxed).saturating_sub(before);
    let bound = bytes.len() * 4 + (8 << 20);
    assert!(used <= bound, "{context}: {used} bytes for a file of {}", bytes.len());
    ok
}

fn files() -> Vec<(String, Vec<u8>)> {
    let teacher = golden("teacher.pth");
    let info = BareInfo { input_px: Some(64), ..BareInfo::default() };
    let student = bare(&teacher, "teacher.pth").into_student(&info).unwrap();
    let mut files = vec![("student".to_string(), fovea_student::file::write(&student).unwrap()), ("teacher.pth".into(), teacher)];
    for name in ["teacher_state_dict.pt", "teacher_state_dict_legacy.pt", "teacher.safetensors"] {
        files.push((name.into(), golden(name)));
    }
    for name in ["odd_module.pth", "odd_module_legacy.pth", "odd_tensors.pt", "odd_tensors_legacy.pt", "odd_tensors_protocol5.pt"]
    {
        files.push((name.into(), torch_file(name)));
    }
    files
}

/// A place to damage: half of the time in the structure (front and back), where it hurts most.
fn place(random: &mut Random, len: usize) -> usize {
    match random.below(4) {
        0 => random.below(len.min(16 << 10)),
        1 => len - 1 - random.below(len.min(8 << 10)),
        _ => random.below(len),
    }
}

// One test: the allocator counts for the whole process.
#[test]
fn damaged_files_end_in_a_result_or_a_reason() {
    let files = files();
    for (name, bytes) in &files {
        if !name.contains("odd_") {
            assert!(survive(bytes, name), "{name} is whole");
        }
        truncations(name, bytes);
        flips(name, bytes);
        splices(name, bytes, &files);
    }
}

fn truncations(name: &str, bytes: &[u8]) {
    let mut random = Random(1);
    let odd = (0..150).map(|_| place(&mut random, bytes.len()));
    for n in (0..40).chain(odd) {
        assert!(!survive(&bytes[..n.min(bytes.len() - 1)], name), "{name} cut at {n} is no whole file");
    }
}

fn flips(name: &str, bytes: &[u8]) {
    let mut random = Random(2);
    let mut damaged = bytes.to_vec();
    for round in 0..1500 {
        let changes: Vec<(usize, u8)> =
            (0..1 + random.below(4)).map(|_| (place(&mut random, bytes.len()), 1 << random.below(8))).collect();
        changes.iter().for_each(|(at, bit)| damaged[*at] ^= bit);
        survive(&damaged, &format!("{name}, flips {round}"));
        changes.iter().for_each(|(at, bit)| damaged[*at] ^= bit);
    }
    assert_eq!(damaged, bytes);
}

fn splices(name: &str, bytes: &[u8], files: &[(String, Vec<u8>)]) {
    let mut random = Random(3);
    for round in 0..150 {
        let other = &files[random.below(files.len())].1;
        let from = random.below(other.len());
        let piece = &other[from..(from + 1 + random.below(300)).min(other.len())];
        let at = place(&mut random, bytes.len());
        let over = if random.below(2) == 0 { 0 } else { piece.len().min(bytes.len() - at) };
        let spliced = [&bytes[..at], piece, &bytes[at + over..]].concat();
        survive(&spliced, &format!("{name}, splice {round}"));
    }
}
