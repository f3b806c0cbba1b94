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
fn parts_without_one_to_train_on_are_no_classes() {
    let dir = tempfile::tempdir().unwrap();
    put_images(dir.path(), &["val/NC/1.png", "val/G3/2.png", "Test/NC/3.png", "Test/G3/4.png"]);
    let found = message(plain(dir.path()));
    assert!(found.contains("Test/ and val/ without train/"), "{found}");
    // One beside classes is no class either; an empty one does no harm.
    let dir = tempfile::tempdir().unwrap();
    put_images(dir.path(), &["NC/1.png", "NC/2.png", "NC/3.png", "G3/1.png", "G3/2.png", "G3/3.png"]);
    put(dir.path(), "test/readme.txt", b"no image");
    assert_eq!(plain(dir.path()).unwrap().classes, ["G3", "NC"]);
    put_images(dir.path(), &["test/NC/1.png"]);
    assert!(message(plain(dir.path())).contains("test/ without train/"));
}

#[test]
fn the_same_file_name_in_two_parts_is_no_shared_slide() {
    let dir = tempfile::tempdir().unwrap();
    put_images(dir.path(), &["train/NC/1.png", "train/G3/1.png", "val/NC/1.png", "val/G3/1.png"]);
    let notes = plain(dir.path()).unwrap().notes;
    assert!(!notes.iter().any(|n| n.contains("more than one part")), "{notes:?}");
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
