//! `seigo-run` from pictures to boxes: the processor's layers by the C++ runtime, beside the simulated device.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use image::RgbImage;
use seigo::frontend::ops::Op;
use seigo::frontend::ops::activation::Activation;
use seigo::model::ceras::Model;
use seigo::model::qgraph::{Format, Layer, Operand, QGraph, QOp, QValue, QValueId};
use seigo::vision::task::{Prediction, PredictionReport};
use serde_json::Value;

use super::{Device, bench, compiled, ends, seigo_run};
use crate::support::command::Bench;

fn ppm(picture: &RgbImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let mut bytes = format!("P6\n{width} {height}\n255\n").into_bytes();
    bytes.extend(picture.as_raw());
    bytes
}

/// Pictures of sizes other than the network's, as PNG and as PPM: parts of one with objects.
fn pictures(bench: &Bench) -> Vec<(String, RgbImage)> {
    let whole = image::open(bench.path("images/squares.png")).unwrap().to_rgb8();
    let (width, height) = whole.dimensions();
    let parts =
        [(0, 0, width, height), (5, 3, width - 5, height - 10), (0, 8, width / 2, height - 8)];
    let parts = parts.into_iter().enumerate().map(|(index, (x, y, width, height))| {
        let own = image::imageops::crop_imm(&whole, x, y, width, height).to_image();
        let name = format!("part{index}");
        own.save(bench.path(&format!("{name}.png"))).unwrap();
        bench.write(&format!("{name}.ppm"), ppm(&own));
        (name, own)
    });
    parts.collect()
}

/// The lines of JSON that it printed: name of the frame, prediction.
fn lines(output: &Output) -> Vec<(String, PredictionReport)> {
    ends(output, 0);
    let text = String::from_utf8_lossy(&output.stdout);
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{text}"));
        let name = line["frame"].as_str().unwrap().to_owned();
        (name, serde_json::from_value(line).unwrap())
    };
    text.lines().map(read).collect()
}

/// What `seigo detect` says of a picture.
fn detect(bench: &Bench, name: &str, engine: &str) -> PredictionReport {
    let command = format!("detect model.ceras --image {name}.png {engine} --format json");
    serde_json::from_str(&bench.done(&command).0).unwrap()
}

fn found(report: &PredictionReport) -> usize {
    match &report.prediction {
        Prediction::Detections(all) => all.len(),
        Prediction::Classes(all) => all.len(),
    }
}

#[test]
fn pictures_of_any_size_give_the_boxes_of_the_software() {
    let bench = bench();
    let pictures = pictures(&bench);
    let _device = Device::new(&bench, "");
    let output = seigo_run(&bench, "part0.ppm part1.ppm part2.ppm --boxes --draw . --repeat 2");
    let all = lines(&output);
    assert_eq!(all.len(), 6);
    let mut count = 0;
    for (index, (frame, report)) in all.iter().enumerate() {
        let (name, _) = &pictures[index % 3];
        assert_eq!(frame, &format!("{name}.ppm"));
        assert_eq!(report, &detect(&bench, name, ""), "{name}");
        count += found(report);
    }
    assert!(count > 2, "{count} boxes");
    let engine = "--engine device --device device.socket --target zynq7020";
    assert_eq!(all[1].1, detect(&bench, "part1", engine));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"name\":\""));
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(report.contains("6 frames in") && report.contains("plane engine"), "{report}");
    for (name, picture) in &pictures {
        let drawn = bench.read(&format!("{name}.ppm.boxes.ppm"));
        let own = ppm(picture);
        assert_eq!(drawn.len(), own.len());
        let boxes = found(&detect(&bench, name, ""));
        assert_eq!(drawn != own, boxes > 0, "{name} with {boxes} boxes");
    }
}

/// Raw pictures come in by a pipe, as from a camera.
#[test]
fn frames_from_the_standard_input_give_boxes() {
    let bench = bench();
    let pictures = pictures(&bench);
    let _device = Device::new(&bench, "");
    let (_, picture) = &pictures[0];
    let (width, height) = picture.dimensions();
    let stream = |bytes: &[u8], size: &str| {
        let mut command = Command::new(compiled().join("seigo-run"));
        command.args(["bundle", "--simulated", "device.socket", "--boxes", "--frames", "-"]);
        command.args(["--size", size]).current_dir(bench.path(""));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may end before it has read everything.
        let _ = child.stdin.take().unwrap().write_all(bytes);
        child.wait_with_output().unwrap()
    };
    let mirrored = image::imageops::flip_horizontal(picture);
    let bytes = [picture.as_raw().as_slice(), mirrored.as_raw(), picture.as_raw()].concat();
    let all = lines(&stream(&bytes, &format!("{width}x{height}")));
    let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["frame0", "frame1", "frame2"]);
    mirrored.save(bench.path("mirrored.png")).unwrap();
    let expected = [&detect(&bench, "part0", ""), &detect(&bench, "mirrored", "")];
    assert_eq!([&all[0].1, &all[1].1], expected);
    assert_eq!(all[2].1, all[0].1);
    let text = ends(&stream(&bytes, &format!("{}x{height}", width + 1)), 2);
    assert!(text.contains("of the stream has") && text.contains("--size"), "{text}");
    for (arguments, word) in [
        ("--boxes", "check vectors are no pictures"),
        ("--frames -", "--frames and --size go together"),
        ("--check --boxes", "--check compares integers"),
        ("part0.ppm --frames - --size 3x3", "frames are given and --frames"),
        ("--frames - --size 3", "give width and height"),
        ("--frames absent --size 3x3", "cannot read absent"),
    ] {
        let text = ends(&seigo_run(&bench, arguments), 2);
        assert!(text.contains(word), "{arguments}: {text}");
    }
}

/// A frame with a score near a decision is computed again, by the processor in float.
#[test]
fn uncertain_frames_are_computed_again_in_float() {
    let bench = bench();
    pictures(&bench);
    let _device = Device::new(&bench, "");
    for margin in ["0.001", "1"] {
        let output = seigo_run(&bench, &format!("part0.ppm part1.ppm --boxes --margin {margin}"));
        for (frame, report) in lines(&output) {
            let name = frame.strip_suffix(".ppm").unwrap();
            let policy = format!("--policy margin:{margin}");
            assert_eq!(report, detect(&bench, name, &policy), "{name}, {margin}");
        }
        let report = String::from_utf8_lossy(&output.stderr).into_owned();
        let again =
            if margin == "1" { "2 frames computed again" } else { "0 frames computed again" };
        assert!(report.contains(again), "{report}");
    }
    let text = ends(&seigo_run(&bench, "part0.ppm --margin 0.5"), 2);
    assert!(text.contains("--margin is for boxes"), "{text}");
    let text = ends(&seigo_run(&bench, "part0.ppm --boxes --margin 2"), 2);
    assert!(text.contains("above 0, up to 1"), "{text}");
    // A bundle of a model with one form only.
    bench.done("quantize detector.onnx --calib images -o model.ceras");
    bench.done("build model.ceras --target zynq7020 -o bundle --force");
    let text = ends(&seigo_run(&bench, "part0.ppm --boxes --margin 0.5"), 2);
    assert!(text.contains("SG0604") && text.contains("--both"), "{text}");
}

/// The model file has to be that of the bundle, and has to have a task.
#[test]
fn boxes_need_the_model_of_the_bundle() {
    let bench = bench();
    pictures(&bench);
    let _device = Device::new(&bench, "");
    let mut model = bench.read("bundle/model.ceras");
    *model.last_mut().unwrap() ^= 1;
    bench.write("bundle/model.ceras", &model);
    let text = ends(&seigo_run(&bench, "part0.ppm --boxes"), 2);
    assert!(text.contains("model.ceras is not the one of the bundle"), "{text}");
    std::fs::remove_file(bench.path("bundle/model.ceras")).unwrap();
    let text = ends(&seigo_run(&bench, "part0.ppm --boxes"), 2);
    assert!(text.contains("cannot read bundle/model.ceras"), "{text}");
    // Integers of check vectors need no model file.
    ends(&seigo_run(&bench, "--check"), 0);
}

/// Puts two layers in float behind another one, with a value in float between them.
fn float_layers_behind(graph: &mut QGraph, name: &str) {
    let at = graph.layers.iter().position(|layer| layer.name == name).unwrap();
    let from = graph.layers[at].outputs[0];
    let own = graph.value(from).clone();
    let [middle, to] = [0, 1].map(|index| QValueId(graph.values.len() + index));
    graph.values.push(QValue { name: "middle".into(), format: Format::Float, ..own.clone() });
    graph.values.push(QValue { name: "rectified".into(), ..own });
    for operand in graph.layers.iter_mut().flat_map(|layer| layer.inputs.iter_mut().flatten()) {
        if operand.value() == Some(from) {
            *operand = Operand::Value(to);
        }
    }
    let layer = |name: &str, op, from, to| Layer {
        name: name.into(),
        op: QOp::Float(Op::Activation(op).into()),
        inputs: vec![Some(Operand::Value(from))],
        outputs: vec![to],
        sources: vec![name.into()],
    };
    let layers =
        [layer("abs", Activation::Abs, from, middle), layer("relu", Activation::Relu, middle, to)];
    graph.layers.splice(at + 1..at + 1, layers);
}

/// Layers of the processor in the middle of a frame are computed, not taken from check vectors.
#[test]
fn steps_in_the_middle_of_a_frame_are_computed() {
    let bench = Bench::new();
    bench.done("quantize detector.onnx --calib images -o model.ceras");
    let mut model = Model::load(&bench.path("model.ceras")).unwrap();
    float_layers_behind(&mut model.graph, "stem");
    model.save(&bench.path("model.ceras")).unwrap();
    bench.done("build model.ceras --target zynq7020 -o bundle");
    let text = String::from_utf8(bench.read("bundle/device.json")).unwrap();
    assert!(!text.contains("\"steps\":[]"), "{text}");
    let pictures = pictures(&bench);
    let _device = Device::new(&bench, "");
    let all = lines(&seigo_run(&bench, "part0.ppm part1.ppm part2.ppm --boxes"));
    for ((frame, report), (name, _)) in all.iter().zip(&pictures) {
        assert_eq!(frame, &format!("{name}.ppm"));
        assert_eq!(report, &detect(&bench, name, ""), "{name}");
    }
    assert!(all.iter().map(|(_, report)| found(report)).sum::<usize>() > 1);
    let engine = "--engine device --device device.socket --target zynq7020";
    assert_eq!(all[0].1, detect(&bench, "part0", engine));
    ends(&seigo_run(&bench, "--check"), 0);
}
