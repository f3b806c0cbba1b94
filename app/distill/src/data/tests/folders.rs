use super::*;
use crate::data::Layout;

#[test]
fn parts_with_classes_at_any_depth() {
    let dir = tempfile::tempdir().unwrap();
    put_images(
        dir.path(),
        &["train/NC/1/x.png", "train/NC/2/x.png", "train/G3/y.JPG", "val/G3/z.png", "test/NC/deep/er/w.tif", "other/q.png"],
    );
    put(dir.path(), "train/NC/._x.png", b"left by an archiver");
    put(dir.path(), "train/NC/readme.txt", b"no image");
    let splits = plain(dir.path()).unwrap();
    assert_eq!(splits.classes, ["G3", "NC"]);
    assert_eq!(
        summary(&splits),
        [
            "train: train/G3/y.JPG=0 train/NC/1/x.png=1 train/NC/2/x.png=1",
            "validation: val/G3/z.png=0",
            "test: test/NC/deep/er/w.tif=1"
        ]
    );
    assert!(splits.notes.iter().any(|n| n.contains("1 other folder beside train")), "{:?}", splits.notes);
}

#[test]
fn class_folders_alone_are_split_by_seed() {
    let dir = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..40).map(|i| format!("{}/p{i}.png", if i % 4 == 0 { "rare" } else { "common" })).collect();
    put_images(dir.path(), &names.iter().map(String::as_str).collect::<Vec<_>>());
    let splits = plain(dir.path()).unwrap();
    assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (32, 8, 0));
    assert_eq!(splits.validation.iter().filter(|s| s.label == 1).count(), 2, "classes keep their shares");
    let with = |split_seed| summary(&open(dir.path(), &DataOptions { split_seed, ..DataOptions::default() }).unwrap());
    assert_eq!(with(0), summary(&splits));
    assert_ne!(with(1), with(0));
}

#[test]
fn folders_that_hold_no_set() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a/readme.txt", b"no image");
    let options = DataOptions { layout: Layout::Folders, ..DataOptions::default() };
    assert!(message(open(dir.path(), &options)).contains("no class folder"));
    put_images(dir.path(), &["a/1.png", "a/2.png", "a/3.png"]);
    assert!(message(open(dir.path(), &options)).contains("of one class, a"));
}
