use super::*;
use crate::data::{Sample, Source};

const NAMES: [&str; 6] = ["a.png", "b.png", "c.png", "d.png", "e.png", "f.png"];

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    put_images(&dir.path().join("images"), &NAMES);
    dir
}

#[test]
fn labels_by_name_with_parts() {
    let dir = folder();
    let text = "\u{feff}file;Grade;split\na;tumour;train\nb.png;benign;train\n\nc.png; tumour ;val\nd.png;benign;val\ne.png;tumour;test\n";
    put(dir.path(), "labels.csv", text.as_bytes());
    put(dir.path(), "masks/a.png", &png(4, 4, [255; 3]));
    let splits = plain(dir.path()).unwrap();
    assert_eq!(splits.classes, ["benign", "tumour"]);
    assert_eq!(summary(&splits), ["train: a=1 b.png=0", "validation: c.png=1 d.png=0", "test: e.png=1"]);
    let masks = [&splits.train[0], &splits.train[1]].map(|s| s.mask.is_some());
    assert_eq!(masks, [true, false]);
    assert!(matches!(&splits.train[0].source, Source::File(path) if path.ends_with("images/a.png")));
    let notes = splits.notes.join("\n");
    assert!(notes.contains("1 image without a label") && notes.contains("no test patch of benign"), "{notes}");
    // The same by the table's own path.
    assert_eq!(summary(&plain(&dir.path().join("labels.csv")).unwrap()), summary(&splits));
}

#[test]
fn two_rows_that_lead_to_one_file_are_refused() {
    let dir = folder();
    put(dir.path(), "t.csv", b"file,label,split\na,x,train\nb,y,train\na.png,x,test\n");
    let found = message(plain(&dir.path().join("t.csv")));
    assert!(found.contains("'a' and 'a.png' (train and test) are one and the same picture"), "{found}");
    assert!(found.ends_with("a.png"), "{found}");
}

#[test]
fn a_dot_in_a_name_is_no_ending_when_masks_are_looked_for() {
    let dir = folder();
    put_images(dir.path(), &["images/PAT-1.2.png", "images/PAT-1.3.png", "masks/PAT-1.png", "masks/PAT-1.2.png"]);
    put(dir.path(), "t.csv", b"file,label,split\nPAT-1.2,x,train\nPAT-1.3,y,train\nc.png,x,validation\n");
    let splits = plain(&dir.path().join("t.csv")).unwrap();
    assert!(matches!(&splits.train[0].mask, Some(Source::File(mask)) if mask.ends_with("masks/PAT-1.2.png")));
    assert!(splits.train[1].mask.is_none(), "PAT-1 is another patch");
}

#[test]
fn equal_names_in_two_folders_have_masks_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    put_images(
        dir.path(),
        &["images/NC/1.png", "images/G4/1.png", "images/G4/2.png", "masks/G4/1.png", "masks/1.png", "masks/2.png"],
    );
    put(dir.path(), "t.csv", b"file,label,split\nNC/1.png,x,train\nG4/1.png,y,train\nimages/G4/2.png,x,validation\n");
    let splits = plain(&dir.path().join("t.csv")).unwrap();
    let mask = |sample: &Sample| match &sample.mask {
        Some(Source::File(mask)) => Some(mask.strip_prefix(dir.path()).unwrap().to_path_buf()),
        _ => None,
    };
    // masks/1.png could be either's, so it is nobody's.
    let found = [&splits.train[0], &splits.train[1], &splits.validation[0]].map(mask);
    assert_eq!(found, [None, Some("masks/G4/1.png".into()), Some("masks/2.png".into())]);
}

#[test]
fn one_column_a_class() {
    let dir = folder();
    let rows: &[&[&str]] = &[
        &["image_name", "NC", "G4", "G4C", "split"],
        &["a.png", "1", "0", "0", "train"],
        &["b.png", "0", "1", "1", "train"],
        &["c.png", "0", "0", "1", "validation"],
        &["d.png", "1.0", "0", "0", "validation"],
        &["e.png", "0", "1", "0", "test"],
    ];
    put(dir.path(), "labels.xlsx", &xlsx(rows));
    let splits = plain(dir.path()).unwrap();
    assert_eq!(splits.classes, ["NC", "G4"]);
    assert_eq!(summary(&splits), ["train: a.png=0 b.png=1", "validation: c.png=1 d.png=0", "test: e.png=1"]);
    // The caller's order of classes.
    let options = DataOptions { classes: Some(["G5", "G4", "NC"].map(String::from).to_vec()), ..DataOptions::default() };
    let splits = open(dir.path(), &options).unwrap();
    assert_eq!(splits.train.iter().map(|s| s.label).collect::<Vec<_>>(), [2, 1]);
    assert!(splits.notes.iter().any(|n| n == "no train patch of G5"), "{:?}", splits.notes);
}

#[test]
fn faulty_tables_are_refused_with_row_and_file() {
    let dir = folder();
    let path = dir.path().join("t.csv");
    for (text, words) in [
        ("", "it is empty"),
        ("file,label", "no patch to train on"),
        ("picture,label\na.png,x", "no column image_name"),
        ("file,notes\na.png,x", "fewer than two class columns"),
        ("file,NC,G3\na.png,1,0\nb.png,0,0", "row 3: no class is marked"),
        ("file,NC,G3\na.png,1,1", "row 2: 2 classes are marked (NC, G3)"),
        ("file,NC,G3\na.png,1,yes", "row 2: 'yes' under G3 is neither 0 nor 1"),
        ("file,label\na.png,", "row 2: no class is named"),
        ("file,label\n,x", "row 2: no image is named"),
        ("file,label,split\na.png,x,later", "row 2: 'later' is no part"),
        ("file,label,split\na.png,x,train\nb.png,y,", "row 3: no part is named"),
        ("file,label\na.png,x,y", "row 2 is longer"),
        ("file,label\na.png,x\na.png,y", "named twice (train): a.png"),
        ("file,label,split\na.png,x,train\na.png,x,test", "named twice (train and test): a.png"),
        ("file,label\na.png,x\nb.png,x\nc.png,x", "all patches to train on are of one class, x"),
        ("file,label\na.png,x\ng.png,x\nh.png,y", "2 of 3 labelled images are missing (g.png, h.png)"),
        ("file,label,split\na.png,x,test\nb.png,y,test", "no patch to train on"),
    ] {
        put(dir.path(), "t.csv", text.as_bytes());
        let found = message(plain(&path));
        assert!(found.contains(words), "{text:?} gave: {found}");
        let last = if words.contains("named twice") { "a.png" } else { "t.csv" };
        assert!(found.ends_with(last), "{found}");
    }
}

#[test]
fn other_classes_name_both_sides() {
    let dir = folder();
    put(dir.path(), "t.csv", b"file,label\na.png,x\nb.png,y\nc.png,x\nd.png,y");
    let options = |classes: &[&str]| DataOptions {
        classes: Some(classes.iter().map(|c| (*c).to_owned()).collect()),
        ..DataOptions::default()
    };
    let found = message(open(dir.path(), &options(&["x", "z"])));
    assert!(found.contains("the classes are x, y, wanted are x, z: "), "{found}");
    assert!(message(open(dir.path(), &options(&["x", "x"]))).contains("two or more different names"));
}

#[test]
fn damaged_and_hostile_files() {
    let dir = folder();
    for (name, bytes, words) in [
        ("t.xlsx", b"PK\x03\x04 this is no archive".to_vec(), "unreadable table"),
        ("t.xlsx", vec![], "unreadable table"),
        ("t.csv", b"file,label\na.png,\xff\xfe".to_vec(), "unreadable table"),
        ("t.xlsx", xlsx(&[]), "it is empty"),
        ("t.txt", b"file,label".to_vec(), "CSV, TSV and XLSX files are read"),
    ] {
        put(dir.path(), name, &bytes);
        let found = message(plain(&dir.path().join(name)));
        assert!(found.contains(words) && found.ends_with(name), "{found}");
        std::fs::remove_file(dir.path().join(name)).unwrap();
    }
    // Every cut of a good file ends in an answer.
    let good = xlsx(&[&["file", "label"], &["a.png", "x"], &["b.png", "y"]]);
    for len in (0..good.len()).step_by(97) {
        put(dir.path(), "t.xlsx", &good[..len]);
        assert!(plain(&dir.path().join("t.xlsx")).is_err(), "{len}");
    }
}

#[test]
fn a_far_cell_costs_nothing() {
    let dir = folder();
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "file").unwrap();
    sheet.write_string(1_048_575, 16_383, "far").unwrap();
    put(dir.path(), "t.xlsx", &book.save_to_buffer().unwrap());
    let found = message(plain(&dir.path().join("t.xlsx")));
    assert!(found.contains("more than 256 columns"), "{found}");
}

#[test]
fn a_folder_without_a_set_says_what_was_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    assert!(message(plain(dir.path())).contains("neither partition/"));
    assert!(message(plain(&dir.path().join("nothing"))).contains("cannot be read"));
    put(dir.path(), "a.csv", b"file,label");
    put(dir.path(), "b.csv", b"file,label");
    assert!(message(plain(dir.path())).contains("2 tables"));
}
