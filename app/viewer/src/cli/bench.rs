//! `fovea bench`: how fast this machine is.

use super::analyze::adapter;
use super::{Outcome, bench_step, parse, print, print_json, random};
use crate::analysis::Settings;
use anyhow::bail;
use fovea_engine::{Device, Input, Preference, Runner};
use fovea_student::file::Student;
use fovea_student::graph::{Graph, Op, ValueId};
use serde_json::{Map, Value, json};
use std::time::Instant;

/// Arguments of `fovea bench`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Also the full VGG16 on a software adapter (minutes)
    #[arg(long)]
    all: bool,
    /// Time training steps instead
    #[arg(long, conflicts_with_all = ["all", "px"])]
    train: bool,
    /// Only networks at this input size
    #[arg(long, value_name = "PX")]
    px: Option<usize>,
    /// Only this device: gpu or cpu [default: both]
    #[arg(long, default_value = "auto", value_parser = parse::preference)]
    device: Preference,
}

/// A network: name, width divisor, input px.
type Network = (&'static str, usize, usize);

/// Those that are measured.
const NETWORKS: [Network; 3] = [("thin VGG16 (÷ 8)", 8, 128), ("full VGG16", 1, 224), ("full VGG16", 1, 512)];

/// Trainings: width divisor, input px, batch.
const TRAININGS: [(usize, usize, usize); 3] = [(8, 64, 16), (8, 128, 16), (2, 128, 4)];

/// What is measured of each.
const PARTS: [&str; 2] = ["forward", "forward_and_attention"];

/// Repeats stop after this many, or this many seconds.
const REPEATS: usize = 9;
const SECONDS: f64 = 8.0;

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    if args.train {
        return training(args);
    }
    let networks = networks(args.px)?;
    let mut devices = vec![];
    if args.device != Preference::Gpu {
        devices.push(Device::cpu("chosen"));
    }
    match (args.device, pollster::block_on(Device::open(Preference::Gpu))) {
        (Preference::Cpu, _) | (Preference::Auto, Err(_)) => {}
        (_, found) => devices.push(found?),
    }
    let mut rows = vec![];
    for (name, divisor, px) in networks {
        let student = random::vgg16(divisor, 4, px, 1)?;
        for device in &devices {
            let slow = device.is_gpu() && device.adapter().software && divisor == 1;
            if slow && !args.all {
                eprintln!("left out (--all includes it): {name} at {px} px on {}", device.describe());
                continue;
            }
            let row = measure(name, px, &student, device);
            if !args.json {
                print(&line(&row))?;
            }
            rows.push(row);
        }
    }
    if args.json {
        print_json(&json!({ "program": super::analyze::program(), "rows": rows }))?;
    }
    Ok(if rows.iter().any(failed) { Outcome::SomeFailed } else { Outcome::AllFine })
}

/// Those at a size, or all.
fn networks(px: Option<usize>) -> anyhow::Result<Vec<Network>> {
    let chosen: Vec<Network> = NETWORKS.into_iter().filter(|n| px.is_none_or(|px| px == n.2)).collect();
    match px {
        Some(px) if chosen.is_empty() => {
            let sizes = NETWORKS.map(|n| n.2.to_string()).join(", ");
            bail!("no network is measured at {px} px; --px takes one of {sizes}")
        }
        _ => Ok(chosen),
    }
}

/// Whether a part of a row could not be measured.
fn failed(row: &Value) -> bool {
    PARTS.iter().any(|part| !row[*part]["error"].is_null())
}

fn training(args: &Args) -> anyhow::Result<Outcome> {
    let mut rows = vec![];
    for (divisor, px, batch) in TRAININGS {
        let row = bench_step::measure(px, divisor, batch, args.device)?;
        if !args.json {
            print(&bench_step::line(&row))?;
        }
        rows.push(row);
    }
    if args.json {
        print_json(&json!({ "program": super::analyze::program(), "training": rows }))?;
    }
    Ok(Outcome::AllFine)
}

/// Forward alone, and forward with the maps of all classes.
fn measure(name: &str, px: usize, student: &Student, device: &Device) -> Value {
    let gflop = multiply_adds(&student.graph) as f64 * 2e-9;
    let forward = timed(&student.graph, student, device);
    let settings = Settings::default();
    let attention =
        settings.explained(student).map_err(anyhow::Error::from).and_then(|(graph, _)| timed(&graph, student, device));
    let part = |timing: &anyhow::Result<Timing>| match timing {
        Ok(t) => json!({
            "ms": t.median,
            "stages": t.stages,
            "gflops": gflop / t.median * 1e3,
            "repeats": t.repeats,
            "memory_mb": t.memory as f64 / 1e6,
        }),
        Err(e) => json!({ "error": super::words(e) }),
    };
    json!({
        "network": name,
        "input_px": px,
        "device": device.describe(),
        "executor": if device.is_gpu() { "gpu" } else { "cpu" },
        "adapter": adapter(device),
        "gflop": gflop,
        "forward": part(&forward),
        "forward_and_attention": part(&attention),
    })
}

struct Timing {
    median: f64,
    stages: Map<String, Value>,
    repeats: usize,
    memory: u64,
}

fn timed(graph: &Graph, student: &Student, device: &Device) -> anyhow::Result<Timing> {
    let mut runner = Runner::new(device, graph, &student.weights, 1)?;
    let px = student.card.input_px;
    let rgb: Vec<u8> = (0..3 * px * px).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    // The first run compiles pipelines and touches memory.
    pollster::block_on(runner.run(Input::Rgb8(&rgb)))?;
    let start = Instant::now();
    let mut runs = vec![];
    while runs.len() < REPEATS && (runs.is_empty() || start.elapsed().as_secs_f64() < SECONDS) {
        let one = Instant::now();
        let run = pollster::block_on(runner.run(Input::Rgb8(&rgb)))?;
        runs.push((one.elapsed().as_secs_f64() * 1e3, run.stages));
    }
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let repeats = runs.len();
    let (median, stages) = runs.swap_remove(repeats / 2);
    let stages = stages.into_iter().map(|(s, ms)| (s.to_string(), json!(ms))).collect();
    Ok(Timing { median, stages, repeats, memory: runner.memory_bytes() })
}

/// Multiply-adds of convolutions and linear layers.
fn multiply_adds(graph: &Graph) -> u64 {
    let len = |id: ValueId| graph.value(id).len() as u64;
    let of = |n: &fovea_student::graph::Node| match (&n.op, n.inputs.get(1)) {
        (Op::Conv2d(_), Some(w)) => len(n.output) * len(*w) / graph.value(*w).shape.first().map_or(1, |c| *c as u64).max(1),
        (Op::Linear { .. }, Some(w)) => len(*w),
        _ => 0,
    };
    graph.nodes.iter().map(of).sum()
}

fn line(row: &Value) -> String {
    let part = |key: &str| match row[key]["ms"].as_f64() {
        Some(ms) => format!("{ms:.1} ms ({:.0} GFLOP/s)", row[key]["gflops"].as_f64().unwrap_or(0.0)),
        None => row[key]["error"].as_str().unwrap_or("failed").to_string(),
    };
    let (network, px) = (row["network"].as_str().unwrap_or(""), &row["input_px"]);
    let device = row["device"].as_str().unwrap_or("");
    format!("{network} at {px} px on {device}: forward {}, with attention {}", part("forward"), part("forward_and_attention"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn arithmetic_of_vgg16_is_counted() {
        let student = random::vgg16(1, 4, 128, 1).unwrap();
        // Its 13 convolutions take 5 billion multiply-adds at 128 px.
        let n = multiply_adds(&student.graph);
        assert!((4_900_000_000..5_100_000_000).contains(&n), "{n}");
    }

    #[test]
    fn a_size_without_a_network_and_a_part_that_failed_are_told() {
        assert_eq!(networks(None).unwrap().len(), 3);
        assert_eq!(networks(Some(512)).unwrap(), [("full VGG16", 1, 512)]);
        assert!(networks(Some(256)).unwrap_err().to_string().contains("128, 224, 512"));
        let row = |second: Value| json!({ "forward": { "ms": 1.0 }, "forward_and_attention": second });
        assert!(!failed(&row(json!({ "ms": 2.0 }))) && failed(&row(json!({ "error": "lost" }))));
    }
}
