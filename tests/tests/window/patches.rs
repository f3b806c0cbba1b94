//! Patches: the first screen, keys, drops, the ladder, problems, exports.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use fovea::analysis::embedded;
use fovea::app::Setup;

use crate::harness::*;

#[test]
fn the_first_screen_is_analysed_with_its_overlay() {
    let mut harness = window();
    let now = settled(&mut harness);
    assert_eq!(now.patches.len(), embedded::SAMPLES.len());
    assert!(now.patches.iter().all(|p| p.predicted.is_some() && p.probabilities.len() == 4), "{now:?}");
    assert_eq!((now.selected, now.heatmap, &now.error), (Some(0), true, &None));
    assert!(!now.executor.is_empty());
    for sentence in ["Files never leave this device", "Research use only; a heatmap shows model evidence, not tumour"] {
        harness.get_by_label(sentence);
    }
    let with = picture(&mut harness, "first_screen");
    press(&mut harness, Key::H);
    let without = picture(&mut harness, "heatmap_off");
    assert!(difference(&with, &without) > 0.05, "the overlay changed {} of the patch", difference(&with, &without));
    harness.check_accessibility();
}

#[test]
fn keys_choose_what_is_shown() {
    let mut harness = window();
    settled(&mut harness);
    let predicted = harness.state().published().class;
    let other = (predicted + 1) % 4;
    let digits = [Key::Num1, Key::Num2, Key::Num3, Key::Num4];
    assert_eq!(press(&mut harness, digits[other]).class, other);
    picture(&mut harness, "other_class");
    assert_eq!(press(&mut harness, Key::Num0).class, predicted);
    // A class the model does not have.
    assert_eq!(press(&mut harness, Key::Num9).class, predicted);
    let opacity = harness.state().published().opacity;
    assert!(press(&mut harness, Key::CloseBracket).opacity > opacity);
    assert!((press(&mut harness, Key::OpenBracket).opacity - opacity).abs() < 1e-6);
    assert!(!press(&mut harness, Key::H).heatmap);
    assert!(press(&mut harness, Key::H).heatmap);
    assert_eq!(press(&mut harness, Key::ArrowDown).selected, Some(1));
    assert_eq!(press(&mut harness, Key::ArrowRight).selected, Some(2));
    assert_eq!(press(&mut harness, Key::ArrowUp).selected, Some(1));
    let now = until(&mut harness, "the second patch", |p| p.shown);
    assert_eq!(now.selected, Some(1));
    press(&mut harness, Key::C);
    picture(&mut harness, "contour");
}

#[test]
fn the_ladder_shows_every_magnification() {
    let mut harness = window();
    settled(&mut harness);
    assert!(press(&mut harness, Key::L).ladder);
    let now = until(&mut harness, "four rungs", |p| p.rungs.len() == 4);
    assert_eq!(now.rungs.iter().map(|r| r.0).collect::<Vec<_>>(), [1, 2, 4, 8]);
    let predicted = now.patches[0].predicted.clone().unwrap();
    assert_eq!(now.rungs[2], (4, predicted), "the embedded Student's own magnification is 2.5×");
    picture(&mut harness, "ladder");
    assert!(!press(&mut harness, Key::L).ladder);
}

#[test]
fn dropped_patches_are_analysed_and_shown() {
    let mut harness = window();
    settled(&mut harness);
    drop_file(&mut harness, "dropped.png", &png(128, 128));
    let now = until(&mut harness, "the dropped patch", |p| p.patches.len() == 9 && p.ready && p.shown);
    assert_eq!((now.selected, now.patches[8].name.as_str()), (Some(8), "dropped.png"));
    assert!(now.patches[8].predicted.is_some());
    picture(&mut harness, "after_drop");
}

#[test]
fn a_wide_patch_is_tiled() {
    let mut harness = window();
    settled(&mut harness);
    // A real patch where there is one, so that the screenshot shows what users see.
    let real = fovea_tests::shared_dir().and_then(|d| std::fs::read(d.join("real/he_1.png")).ok());
    drop_file(&mut harness, "wide.png", &real.unwrap_or_else(|| png(584, 438)));
    until(&mut harness, "the wide patch", |p| p.patches.len() == 9 && p.ready && p.shown);
    let with = picture(&mut harness, "tiled");
    press(&mut harness, Key::H);
    assert!(difference(&with, &harness.render().unwrap()) > 0.02);
}

#[test]
fn a_bad_file_is_named_and_the_rest_goes_on() {
    let mut harness = window();
    settled(&mut harness);
    drop_file(&mut harness, "notes.png", b"this is no picture");
    until(&mut harness, "the first problem", |p| p.patches.len() == 9 && p.ready);
    drop_file(&mut harness, "broken.pth", b"nor is this a model");
    drop_file(&mut harness, "good.png", &png(128, 128));
    let now = until(&mut harness, "all three", |p| p.ready && p.patches.len() == 10 && p.shown);
    assert_eq!(now.patches[8].error.as_deref().map(|e| e.contains("no PNG, JPEG or TIFF")), Some(true), "{now:?}");
    assert!(now.patches[9].predicted.is_some() && now.patches[0].predicted.is_some());
    harness.get_by_label("notes.png");
    harness.get_by_label("broken.pth");
    picture(&mut harness, "problems");
    // The broken patch itself: a screen of its own.
    press(&mut harness, Key::ArrowUp);
    harness.run_steps(4);
    harness.get_by_label("This file cannot be shown");
    picture(&mut harness, "failed_patch");
    press(&mut harness, Key::Escape);
    assert_eq!(harness.state().published().error, None);
}

/// Another model looks at everything again, also at what could not be shown.
#[test]
fn a_bad_file_on_the_canvas_is_said_to_be_one_under_another_model_too() {
    let mut harness = window();
    settled(&mut harness);
    drop_file(&mut harness, "notes.png", b"this is no picture");
    until(&mut harness, "the problem", |p| p.patches.len() == 9 && p.ready);
    harness.get_by_label("This file cannot be shown");
    drop_file(&mut harness, "again.safetensors", embedded::STUDENT);
    until(&mut harness, "the model", |p| !p.ready);
    let now = until(&mut harness, "every patch", |p| p.ready);
    assert!(now.patches[8].error.is_some() && now.patches[..8].iter().all(|p| p.predicted.is_some()), "{now:?}");
    harness.get_by_label("This file cannot be shown");
    press(&mut harness, Key::ArrowUp);
    until(&mut harness, "a good patch", |p| p.shown && p.selected == Some(7));
}

/// The window's own device, software or not, computes what is on the canvas in slices between frames.
#[test]
fn the_windows_gpu_computes_what_the_cpu_computes() {
    if fovea_tests::gpu_or_skip().is_none() {
        return;
    }
    let mut cpu = window();
    let on_cpu = settled(&mut cpu);
    let setup = Setup { preference: fovea_engine::Preference::Gpu, ..Setup::default() };
    let mut gpu = with(SIZE, setup);
    let on_gpu = settled(&mut gpu);
    assert!(!on_gpu.executor.starts_with("CPU"), "{}", on_gpu.executor);
    for (a, b) in on_cpu.patches.iter().zip(&on_gpu.patches) {
        let close = a.probabilities.iter().zip(&b.probabilities).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(close && a.predicted == b.predicted, "{a:?} and {b:?}");
    }
    let (a, b) = (picture(&mut cpu, "on_cpu"), picture(&mut gpu, "on_gpu"));
    let far = |a: &image::Rgba<u8>, b: &image::Rgba<u8>| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 2);
    let canvas = (240..1060).flat_map(|x| (60..780).map(move |y| (x, y)));
    let differing = canvas.filter(|&(x, y)| far(a.get_pixel(x, y), b.get_pixel(x, y))).count();
    assert!(differing < 400, "{differing} pixels of the two overlays differ");
    press(&mut gpu, Key::L);
    until(&mut gpu, "four rungs", |p| p.rungs.len() == 4);
    drop_file(&mut gpu, "wide.png", &png(300, 200));
    until(&mut gpu, "tiles on the GPU", |p| p.patches.len() == 9 && p.ready && p.shown);
}

#[test]
fn empty_hovering_and_export_screens() {
    let mut harness = window();
    settled(&mut harness);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::E);
    harness.run_steps(3);
    harness.get_by_label("Raw evidence of all classes, NumPy");
    picture(&mut harness, "export");
    harness.get_by_label("Cancel").click();
    harness.run_steps(2);
    harness.input_mut().hovered_files.push(egui::HoveredFile::default());
    harness.run_steps(2);
    picture(&mut harness, "hovering");
    harness.input_mut().hovered_files.clear();
    harness.get_by_label("Clear").click();
    harness.run_steps(3);
    assert!(harness.state().published().patches.is_empty());
    harness.get_by_label("Drop patches here");
    picture(&mut harness, "empty");
    harness.get_by_label("Show the sample drawings").click();
    settled(&mut harness);
}

#[test]
fn a_small_window_still_holds_everything() {
    let mut harness = sized([900.0, 600.0]);
    settled(&mut harness);
    press(&mut harness, Key::L);
    until(&mut harness, "four rungs", |p| p.rungs.len() == 4);
    picture(&mut harness, "small");
}
