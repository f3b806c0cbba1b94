use super::*;

const TITLES: &[&str] = &["image_name", "NC", "G3", "G4", "G5", "G4C"];

fn name(slide: usize, patch: usize) -> String {
    format!("16B{slide:07}_Block_Region_0_0_{patch}_xini_{}_yini_2048.png", 2048 * patch)
}

fn table(root: &Path, file: &str, patches: &[(usize, usize, usize)]) {
    let rows: Vec<Vec<String>> = patches
        .iter()
        .map(|(slide, patch, label)| {
            let mut row = vec![name(*slide, *patch)];
            row.extend((0..4).map(|class| usize::from(class == *label).to_string()));
            row.push(usize::from(*label == 2).to_string());
            row
        })
        .collect();
    let cells: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let mut all: Vec<&[&str]> = vec![TITLES];
    all.extend(cells.iter().map(Vec::as_slice));
    put(root, file, &xlsx(&all));
}

/// Slides 1–3 to train on, 4 to validate on, 5 to test on.
fn set() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let fold: Vec<_> = (0..12).map(|i| (1 + i / 4, i % 4, i % 4)).collect();
    let validation: Vec<_> = (0..4).map(|i| (4, i, i)).collect();
    let test: Vec<_> = (0..4).map(|i| (5, i, i)).collect();
    table(root, "partition/Test/Train.xlsx", &[fold.clone(), validation.clone()].concat());
    table(root, "partition/Test/Test.xlsx", &test);
    table(root, "partition/Validation/Val1/Train.xlsx", &fold);
    table(root, "partition/Validation/Val1/Test.xlsx", &validation);
    let names: Vec<String> = (1..=5).flat_map(|s| (0..4).map(move |p| format!("images/{}", name(s, p)))).collect();
    put_images(root, &names.iter().map(String::as_str).collect::<Vec<_>>());
    dir
}

#[test]
fn a_fold_is_read() {
    let dir = set();
    let splits = plain(dir.path()).unwrap();
    assert_eq!(splits.classes, ["NC", "G3", "G4", "G5"]);
    assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (12, 4, 4));
    assert_eq!(splits.train.iter().map(|s| s.label).collect::<Vec<_>>(), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
    assert!(splits.notes.is_empty(), "{:?}", splits.notes);
    let options = DataOptions { fold: 2, ..DataOptions::default() };
    assert!(message(open(dir.path(), &options)).ends_with("Val2"));
}

#[test]
fn without_folds_whole_slides_are_set_aside() {
    let dir = set();
    std::fs::remove_dir_all(dir.path().join("partition/Validation")).unwrap();
    let options = DataOptions { validation_share: 0.25, ..DataOptions::default() };
    let splits = open(dir.path(), &options).unwrap();
    assert_eq!((splits.train.len(), splits.validation.len()), (12, 4));
    assert!(!splits.notes.iter().any(|n| n.contains("more than one part")), "{:?}", splits.notes);
}

#[test]
fn a_slide_in_two_parts_is_told() {
    let dir = set();
    table(dir.path(), "partition/Test/Test.xlsx", &[(5, 0, 0), (5, 1, 1), (1, 9, 2)]);
    put_images(dir.path(), &[&format!("images/{}", name(1, 9))]);
    let splits = plain(dir.path()).unwrap();
    assert!(splits.notes.iter().any(|n| n == "1 slide with patches in more than one part"), "{:?}", splits.notes);
    table(dir.path(), "partition/Test/Test.xlsx", &[(1, 0, 0)]);
    assert!(message(plain(dir.path())).contains("named twice (train and test)"));
}

#[test]
fn the_drawn_set_is_read_back() {
    use crate::synth::{Counts, PictureFormat, SynthSettings, WriteOptions, write};
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("set");
    let settings = SynthSettings { px: 64, ..SynthSettings::default() };
    let counts = Counts { train: 8, validation: 4, test: 4 };
    let options = WriteOptions { settings, counts, size_level0: 2048, format: PictureFormat::Jpg };
    write(&root, &options, &|| {}).unwrap();
    let splits = plain(&root).unwrap();
    assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (8, 4, 4));
    assert!(splits.notes.is_empty(), "{:?}", splits.notes);
    assert!(splits.test.iter().all(|s| s.mask.is_some()));
    assert!(write(&root, &options, &|| {}).unwrap_err().to_string().contains("not empty"));
}
