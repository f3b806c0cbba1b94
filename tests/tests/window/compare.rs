//! Several layers or methods side by side.

use egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use fovea::app::{App, Published, PublishedMap, Setup};

use crate::harness::*;

fn compared(harness: &mut Harness<'_, App>, count: usize) -> Published {
    until(harness, "the maps side by side", |p| p.compared.len() == count)
}

/// Largest difference of two maps by the largest value.
fn apart(a: &PublishedMap, b: &PublishedMap) -> f32 {
    assert_eq!((&a.layer, &a.method, a.height, a.width), (&b.layer, &b.method, b.height, b.width));
    let scale = b.values.iter().fold(1e-12f32, |m, v| m.max(v.abs()));
    a.values.iter().zip(&b.values).fold(0f32, |m, (a, b)| m.max((a - b).abs())) / scale
}

#[test]
fn maps_of_several_layers_and_methods_are_shown_side_by_side() {
    let mut harness = window();
    let first = settled(&mut harness);
    press(&mut harness, Key::M);
    let now = compared(&mut harness, 4);
    assert_eq!(now.compared[0], first.map.unwrap(), "the first is the map of the canvas");
    let sides: Vec<usize> = now.compared.iter().map(|m| m.width).collect();
    assert!(sides.windows(2).all(|w| w[0] <= w[1]) && sides[0] < sides[3], "deepest first: {sides:?}");
    picture(&mut harness, "compare");
    harness.get_by_label("Add a map").click();
    let now = compared(&mut harness, 5);
    assert_ne!(now.compared[4].method, now.compared[3].method);
    picture(&mut harness, "compare_five");
    harness.get_by_label("Take map 1 away").click();
    let now = compared(&mut harness, 4);
    harness.get_by_label("Method of map 1").click();
    harness.run_steps(3);
    harness.get_by_label("LayerCAM").click();
    let other = until(&mut harness, "the other method", |p| p.compared.first().is_some_and(|m| m.method == "LayerCAM"));
    assert_eq!((&other.compared[0].layer, other.compared.len()), (&now.compared[0].layer, 4));
    // Another patch brings its own maps.
    press(&mut harness, Key::ArrowDown);
    let next = until(&mut harness, "the next patch", |p| p.shown && p.selected == Some(1) && p.compared.len() == 4);
    assert_ne!(next.compared[0].values, other.compared[0].values);
    press(&mut harness, Key::M);
    assert!(harness.state().published().compared.is_empty());
}

#[test]
fn an_imported_network_is_compared_too() {
    let mut harness = sized([1100.0, 760.0]);
    settled(&mut harness);
    load_densenet(&mut harness);
    press(&mut harness, Key::M);
    let now = compared(&mut harness, 4);
    let sides: Vec<usize> = now.compared.iter().map(|m| m.width).collect();
    assert_eq!(sides, [3, 6, 12, 24]);
    picture(&mut harness, "compare_onnx");
}

/// The window's own device makes all maps of a comparison in one run, and the turned images of a smooth one in eight.
#[test]
fn the_windows_gpu_compares_and_smooths_as_the_cpu_does() {
    if fovea_tests::gpu_or_skip().is_none() {
        return;
    }
    let run = |preference| {
        let mut harness = with(SIZE, Setup { preference, ..Setup::default() });
        settled(&mut harness);
        press(&mut harness, Key::M);
        let plain = compared(&mut harness, 4);
        harness.get_by_label("Aug-smooth").click();
        let smooth = until(&mut harness, "smooth maps", |p| p.compared.len() == 4 && p.compared[0] != plain.compared[0]);
        (plain, smooth)
    };
    let (cpu, gpu) = (run(fovea_engine::Preference::Cpu), run(fovea_engine::Preference::Gpu));
    assert!(cpu.0.executor.starts_with("CPU") && !gpu.0.executor.starts_with("CPU"), "{} {}", cpu.0.executor, gpu.0.executor);
    for (a, b) in [(&cpu.0, &gpu.0), (&cpu.1, &gpu.1)] {
        for (a, b) in a.compared.iter().zip(&b.compared) {
            assert!(apart(b, a) < 1e-3, "{}: {}", a.layer, apart(b, a));
        }
    }
}
