use super::*;
use crate::data::{ImageStore, PictureMemory, Sample, Source};

fn store(bytes: &[Vec<u8>], memory: u64) -> ImageStore {
    sharing(bytes, &PictureMemory::new(memory))
}

fn sharing(bytes: &[Vec<u8>], memory: &PictureMemory) -> ImageStore {
    let sample = |(i, bytes): (usize, &Vec<u8>)| Sample {
        name: format!("{i}.png"),
        source: Source::Memory(bytes.clone().into()),
        label: 0,
        mask: None,
    };
    ImageStore::sharing(bytes.iter().enumerate().map(sample).collect(), 8, memory)
}

#[test]
fn pictures_come_at_the_students_size_with_their_files_hash() {
    let file = png(16, 16, [10, 20, 30]);
    let store = store(std::slice::from_ref(&file), 1 << 20);
    let picture = store.get(0).unwrap();
    assert_eq!(picture.rgb, [10, 20, 30].repeat(64));
    assert_eq!(picture.sha256, fovea_patch::decode::sha256_hex(&file));
    assert!(std::sync::Arc::ptr_eq(&picture, &store.get(0).unwrap()), "decoded once");
}

#[test]
fn past_the_budget_pictures_are_decoded_again() {
    let files = [png(8, 8, [1; 3]), png(8, 8, [2; 3])];
    // One picture is 192 bytes.
    let store = store(&files, 200);
    let (first, second) = (store.get(0).unwrap(), store.get(1).unwrap());
    assert!(std::sync::Arc::ptr_eq(&first, &store.get(0).unwrap()));
    let again = store.get(1).unwrap();
    assert!(!std::sync::Arc::ptr_eq(&second, &again) && again.rgb == second.rgb);
}

#[test]
fn stores_that_share_memory_keep_no_more_together() {
    let file = [png(8, 8, [1; 3])];
    let memory = PictureMemory::new(200);
    let kept = |store: &ImageStore| std::sync::Arc::ptr_eq(&store.get(0).unwrap(), &store.get(0).unwrap());
    let (first, second) = (sharing(&file, &memory), sharing(&file, &memory));
    assert!(kept(&first) && !kept(&second), "one picture is 192 of 200 bytes");
    drop(first);
    assert!(kept(&second), "what a store held is free once it is gone");
}

#[test]
fn what_cannot_be_used_is_named() {
    let store = store(&[png(8, 9, [1; 3]), b"no image".to_vec()], 0);
    let told = |i: usize| store.get(i).unwrap_err().to_string();
    assert!(told(0).contains("8 × 9 px") && told(0).ends_with("0.png"), "{}", told(0));
    assert!(told(1).contains("not an image") && told(1).ends_with("1.png"), "{}", told(1));
    assert!(told(2).contains("no patch 2; the set has 2"));
}
