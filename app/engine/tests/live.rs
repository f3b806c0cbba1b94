//! Interactive runs: sliced, polled, latest request wins, and the same numbers as a batch run.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use fovea_engine::{Device, Input, LiveResult, LiveRun, LiveStatus, Runner};
use fovea_student::explain::{Explain, Method, Request, explain};
use std::time::{Duration, Instant};

fn finish(live: &mut LiveRun) -> Box<LiveResult> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(120) {
        if let LiveStatus::Done(result) = live.poll().unwrap() {
            return result;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("an interactive run never ended");
}

fn pixels(seed: u64, px: usize) -> Vec<u8> {
    Random(seed).vec(px * px * 3).iter().map(|v| (127.0 + 127.0 * v) as u8).collect()
}

#[test]
fn the_latest_request_wins_and_matches_a_batch_run() {
    let Some(device) = gpu() else { return };
    let Device::Gpu(gpu) = &device else { panic!("a GPU was asked for") };
    let (graph, weights) = vgg(96, 4, 7);
    let request = |layer: &str, method| Request { layer: layer.into(), method, relu: false };
    let requests = vec![request("-2", Method::Positive), request("-1", Method::GradCam)];
    let graph = explain(&graph, &Explain { requests, ..Explain::one("-2", Method::Positive) }).unwrap();
    let mut live = LiveRun::new(gpu.clone(), &graph, &weights).unwrap();
    assert!(matches!(live.poll().unwrap(), LiveStatus::Idle));
    live.start(&pixels(1, 96), 1).unwrap();
    assert!(matches!(live.poll().unwrap(), LiveStatus::Running { .. }));
    let wanted = pixels(2, 96);
    live.start(&wanted, 2).unwrap();
    let result = finish(&mut live);
    assert_eq!(result.ticket, 2);
    assert!(matches!(live.poll().unwrap(), LiveStatus::Idle));
    let mut runner = Runner::new(&cpu(), &graph, &weights, 1).unwrap();
    let run = pollster::block_on(runner.run(Input::Rgb8(&wanted))).unwrap();
    assert!(relative(&result.logits, &run.get("logits").unwrap().data) < 1e-4);
    assert_eq!(result.maps.len(), 2);
    for (i, map) in result.maps.iter().enumerate() {
        let wanted = run.get(&format!("map.{i}")).unwrap();
        assert!(relative(&map.data, &wanted.data) < 2e-4, "map {i}");
        let texture = map.texture.as_ref().unwrap();
        assert_eq!([1, texture.classes, texture.h, texture.w], wanted.shape[..]);
        assert_eq!(texels(gpu, &texture.texture), map.data);
    }
}

#[test]
fn pixels_of_the_wrong_size_are_refused() {
    let Some(Device::Gpu(gpu)) = gpu() else { return };
    let (graph, weights) = vgg(32, 4, 7);
    let mut live = LiveRun::new(gpu, &graph, &weights).unwrap();
    assert!(live.start(&[0; 30], 1).is_err());
    live.start(&pixels(1, 32), 3).unwrap();
    let result = finish(&mut live);
    assert!(result.maps.is_empty() && result.logits.len() == 4);
}

/// Reads an r32float texture back, row by row without padding.
fn texels(gpu: &fovea_engine::Gpu, texture: &wgpu::Texture) -> Vec<f32> {
    let row = (4 * texture.width()).next_multiple_of(256);
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(row * texture.height()),
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: None };
    let to = wgpu::TexelCopyBufferInfo { buffer: &buffer, layout };
    let mut from = texture.as_image_copy();
    from.aspect = wgpu::TextureAspect::All;
    encoder.copy_texture_to_buffer(from, to, texture.size());
    gpu.queue.submit([encoder.finish()]);
    buffer.map_async(wgpu::MapMode::Read, .., |r| r.unwrap());
    gpu.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    let view = buffer.get_mapped_range(..).unwrap();
    let bytes: Vec<u8> = view.iter().copied().collect();
    let width = 4 * texture.width() as usize;
    bytes.chunks(row as usize).flat_map(|r| r[..width].chunks(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))).collect()
}
