//! What a map is: layers, methods, smoothing, and the network's nodes.

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::harness::*;

#[test]
fn layers_are_found_by_name_and_size_and_the_default_is_the_last_before_pooling() {
    let mut harness = window();
    settled(&mut harness);
    let first = load_densenet(&mut harness);
    let default = first.map.clone().unwrap();
    assert_eq!((default.height, default.width), (3, 3));
    assert!(first.layers.len() > 20 && first.layers.contains(&first.layer), "{:?}", first.layers);
    harness.get_by_label("Layer").click();
    harness.run_steps(3);
    picture(&mut harness, "layer_list");
    harness.get_by_label("Search layers").type_text("6x6 cat");
    harness.run_steps(3);
    picture(&mut harness, "layer_search");
    harness.key_press(Key::Enter);
    let now = until(&mut harness, "another layer", |p| p.layer != first.layer && p.ready && p.shown);
    assert!(now.layer.starts_with("cat"), "{}", now.layer);
    let map = now.map.unwrap();
    assert_eq!((map.height, map.width, &map.layer), (6, 6, &now.layer));
    assert_eq!(now.patches, first.patches, "predictions stand");
    // A name that does not exist chooses nothing.
    harness.get_by_label("Layer").click();
    harness.run_steps(3);
    harness.get_by_label("Search layers").type_text("no such layer");
    harness.run_steps(2);
    harness.get_by_label("No layer has such a name or size");
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().published().layer, now.layer);
}

#[test]
fn the_network_is_a_list_of_nodes_where_layers_can_be_chosen() {
    let mut harness = window();
    settled(&mut harness);
    let first = load_densenet(&mut harness);
    press(&mut harness, Key::N);
    harness.run_steps(3);
    picture(&mut harness, "network");
    let row = harness
        .get_all_by_label_contains("Conv2d")
        .find(|node| node.accesskit_node().role() == egui::accesskit::Role::ListBoxOption);
    row.unwrap().click();
    let now = until(&mut harness, "an early layer", |p| p.layer != first.layer && p.shown);
    assert!(now.map.is_none_or(|m| m.height > 3));
    picture(&mut harness, "network_layer");
    press(&mut harness, Key::N);
    assert!(harness.query_by_label("Network").is_some(), "the button stays");
}

#[test]
fn aug_smooth_changes_the_map_and_not_the_prediction() {
    let mut harness = window();
    let first = settled(&mut harness);
    let plain = first.map.clone().unwrap();
    harness.get_by_label("Aug-smooth").click();
    let now = until(&mut harness, "the smooth map", |p| p.shown && p.map.as_ref().is_some_and(|m| m.values != plain.values));
    assert_eq!(now.patches, first.patches);
    let smooth = now.map.unwrap();
    assert_eq!((smooth.height, smooth.width, &smooth.layer), (plain.height, plain.width, &plain.layer));
    picture(&mut harness, "aug_smooth");
    harness.get_by_label("Aug-smooth").click();
    let back = until(&mut harness, "the map as it was", |p| p.shown && p.map.is_some());
    assert_eq!(back.map.unwrap(), plain);
}

#[test]
fn the_scale_of_the_model_can_be_said_later() {
    let mut harness = window();
    settled(&mut harness);
    let field = "Micrometres per px of the model's input";
    harness.get_by_label(field).focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(1);
    harness.get_by_label(field).type_text("4");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    settled(&mut harness);
    press(&mut harness, Key::L);
    until(&mut harness, "four rungs", |p| p.rungs.len() == 4);
    // 4 µm/px is 2.5×.
    harness.get_by_label_contains("at 2.5×");
}

/// The older exporter's names are paths, and class names may be sentences: everything is cut where its room ends.
#[test]
fn long_names_are_cut_where_their_room_ends() {
    let Some(shared) = fovea_tests::shared_dir() else { return };
    let mut harness = window();
    settled(&mut harness);
    drop_path(&mut harness, &shared.join("golden/cam/mobilenet_v2/model.onnx"));
    until(&mut harness, "the form", |p| p.form.is_some());
    let classes = [
        "Adenocarcinoma of the prostate with cribriform glands and comedonecrosis",
        "Benign tissue",
        "High-grade prostatic intraepithelial neoplasia without invasion",
        "Artefact",
    ];
    harness.get_by_label("Class names (optional)").focus();
    harness.run_steps(2);
    harness.get_by_label("Class names (optional)").type_text(&classes.join(", "));
    harness.run_steps(2);
    harness.get_by_label("Load the model").click();
    let now = until(&mut harness, "the network", |p| p.form.is_none() && p.ready && p.shown);
    assert!(now.patches.iter().all(|p| classes.contains(&p.predicted.as_deref().unwrap())), "{now:?}");
    harness.get_by_label("Layer").click();
    harness.run_steps(3);
    picture(&mut harness, "long_names");
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    press(&mut harness, Key::M);
    let now = until(&mut harness, "maps side by side", |p| p.compared.len() == 4);
    assert!(now.compared.iter().all(|m| m.layer.starts_with('/')), "{:?}", now.compared);
    picture(&mut harness, "long_names_compared");
}
