//! Data sets that other people made, read as they are.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use fovea_distill::data::{DataOptions, ImageStore, open};

#[test]
fn mini_sicap_is_read() {
    let Some(shared) = fovea_tests::shared_dir() else { return };
    let splits = open(&shared.join("mini_sicap"), &DataOptions::default()).unwrap();
    assert_eq!(splits.classes, ["NC", "G3", "G4", "G5"]);
    let count =
        |samples: &[fovea_distill::data::Sample]| (0..4).map(|c| samples.iter().filter(|s| s.label == c).count()).collect();
    let counts: [Vec<usize>; 3] = [&splits.train, &splits.validation, &splits.test].map(|part| count(part));
    assert_eq!(counts, [vec![10; 4], vec![2; 4], vec![4; 4]]);
    assert_eq!(splits.train[0].name, "16B0001800_Block_Region_0_0_0_xini_6803_yini_59786.jpg");
    let store = ImageStore::new(splits.train, 128, 1 << 20);
    let picture = store.get(0).unwrap();
    assert_eq!(picture.rgb.len(), 3 * 128 * 128);
    assert_eq!(picture.sha256.len(), 64);
}
