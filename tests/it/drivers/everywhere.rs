//! Every driver on larger networks: C++ on this machine and as the board's processor runs it, Rust, Python.
//!
//! `make test-drivers` installs what they need and names it in the environment: `SEIGO_RUN_ARM` (the folder with
//! seigo-run, cross-compiled), `SEIGO_PYTHON` (with numpy).

use std::fs;
use std::path::Path;
use std::process::Command;

use seigo::compile::Compiled;
use seigo::device::description::Tensor;
use seigo::device::{Driver, Options};
use seigo::emit::bundle;
use seigo::verify::cosim::Verifier;
use seigo::vision::scenes::{self, DETECTION};
use seigo::vision::task::{PredictionReport, Task, TaskSpec};

use super::{Device, ROOT, compiled, ends};
use crate::support::command::Bench;
use crate::support::shared;

fn named(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run make test-drivers"))
}

/// The drivers that are commands of their own: a name, and the command up to the bundle.
fn commands() -> Vec<(&'static str, Command)> {
    let arm = |qemu: &str, machine: &str| {
        let mut command = Command::new(qemu);
        command.arg(Path::new(&named("SEIGO_RUN_ARM")).join(machine).join("seigo-run"));
        command
    };
    let mut python = Command::new(named("SEIGO_PYTHON"));
    python.env("PYTHONPATH", Path::new(ROOT).join("drivers/python"));
    python.env("PYTHONDONTWRITEBYTECODE", "1").args(["-m", "seigo"]);
    vec![
        ("cpp", Command::new(compiled().join("seigo-run"))),
        ("aarch64", arm("qemu-aarch64", "aarch64-linux-gnu")),
        ("arm", arm("qemu-arm", "arm-linux-gnueabihf")),
        ("python", python),
    ]
}

/// The check vectors of a bundle in every driver.
fn check(bench: &Bench) {
    let device = Device::new(bench, "");
    for (name, mut command) in commands() {
        command.args(["bundle", "--simulated", "device.socket", "--check"]);
        let seconds = if name == "python" { "120" } else { "120000" };
        let output = command.args(["--timeout", seconds]).current_dir(bench.path("")).output();
        let text = ends(&output.unwrap(), 0);
        assert!(text.contains("PASS"), "{name}: {text}");
        println!("{name}:\n{text}");
    }
    let folder = bench.path("bundle");
    let options = Options { timeout: std::time::Duration::from_secs(120) };
    let mut driver = Driver::open(&folder, device.open(), options).unwrap();
    assert_eq!(driver.check(&folder).unwrap(), None);
}

/// Boxes of a picture from the C++ driver, here and on the boards' processors, beside those of the software.
fn boxes(bench: &Bench, png: &str, ppm: &str) {
    let command = format!("detect model.ceras --image {png} --format json");
    let expected: PredictionReport = serde_json::from_str(&bench.done(&command).0).unwrap();
    let _device = Device::new(bench, "");
    for (name, mut command) in commands() {
        if name == "python" {
            continue;
        }
        command.args(["bundle", "--simulated", "device.socket", "--timeout", "120000", "--boxes"]);
        let output = command.arg(ppm).current_dir(bench.path("")).output().unwrap();
        ends(&output, 0);
        let found: PredictionReport = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found, expected, "{name}");
        println!("{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Numbers as a .npy file has them behind its head.
fn bytes(tensor: &Tensor, numbers: &[i64]) -> Vec<u8> {
    let own = tensor.bits as usize / 8;
    numbers.iter().flat_map(|number| number.to_le_bytes()[..own].to_vec()).collect()
}

/// A scene: as a PPM file, as image buffer, and the reference's outputs.
struct Frame {
    ppm: Vec<u8>,
    image: Vec<u8>,
    outputs: Vec<Vec<i64>>,
}

fn frames(compiled: &Compiled, count: u64) -> Vec<Frame> {
    let spec = TaskSpec::beside(&Path::new(ROOT).join("models/shapes/shapes.onnx")).unwrap();
    let graph = compiled.graph();
    let task = Task::new(spec, &graph.value(graph.inputs[0]).shape).unwrap();
    let verifier = Verifier::new(compiled);
    (0..count)
        .map(|index| {
            let scene = scenes::draw(&DETECTION, 101, index);
            let values = verifier.values(&[task.preprocess(&scene.image).unwrap().0]).unwrap();
            let outputs = compiled.schedule().leaving.iter();
            let outputs = outputs.map(|own| values.integers[&own.value].clone()).collect();
            let (width, height) = (scene.image.width(), scene.image.height());
            let mut ppm = format!("P6 {width} {height} 255\n").into_bytes();
            ppm.extend(scene.image.pixels());
            Frame { ppm, image: verifier.image(&values).unwrap(), outputs }
        })
        .collect()
}

#[test]
#[ignore = "needs a cross compiler, QEMU and numpy; make test-drivers runs it"]
fn every_driver_gives_the_reference_s_outputs_on_twenty_images() {
    let bench = Bench::new();
    let model = format!("{ROOT}/models/shapes/shapes.onnx");
    bench.done(&format!("quantize {model} --calib {ROOT}/models/shapes/samples -o model.ceras"));
    bench.done("build model.ceras --target zynq7020 -o bundle");
    check(&bench);
    let compiled = bundle::open(&bench.path("bundle")).unwrap();
    let frames = frames(&compiled, 20);
    let names: Vec<String> =
        (0..frames.len()).map(|index| format!("frame{index:02}.ppm")).collect();
    for (name, frame) in names.iter().zip(&frames) {
        bench.write(name, &frame.ppm);
    }
    let device = Device::new(&bench, "");
    let folder = bench.path("bundle");
    let mut driver = Driver::open(&folder, device.open(), Options::default()).unwrap();
    let tensors = driver.description().outputs.clone();
    for (index, Frame { image, outputs, .. }) in frames.iter().enumerate() {
        let mut none = |_: &_, _: Vec<Vec<i32>>| panic!("no layer is the processor's");
        let frame = driver.frame(image, &mut none).unwrap();
        for (found, expected) in frame.outputs.iter().zip(outputs) {
            assert!(found.iter().map(|&q| i64::from(q)).eq(expected.iter().copied()), "{index}");
        }
    }
    drop(driver);
    for (driver, mut command) in commands() {
        fs::create_dir(bench.path(driver)).unwrap();
        command.args(["bundle", "--simulated", "device.socket", "--output", driver]);
        ends(&command.args(&names).current_dir(bench.path("")).output().unwrap(), 0);
        for (name, Frame { outputs, .. }) in names.iter().zip(&frames) {
            for (tensor, numbers) in tensors.iter().zip(outputs) {
                let file = format!("{driver}/{name}.{}.npy", tensor.name.replace('/', "_"));
                assert!(bench.read(&file).ends_with(&bytes(tensor, numbers)), "{file}");
            }
        }
        println!("{driver}: {} frames equal to the reference", names.len());
    }
    drop(device);
    let scene = scenes::draw(&DETECTION, 101, 0).image;
    let (width, height) = (scene.width(), scene.height());
    let scene = image::RgbImage::from_raw(width, height, scene.into_pixels()).unwrap();
    scene.save(bench.path("frame00.png")).unwrap();
    boxes(&bench, "frame00.png", &names[0]);
}

#[test]
#[ignore = "needs a cross compiler, QEMU and numpy; make test-drivers runs it"]
fn every_driver_does_the_processor_s_steps() {
    let bench = Bench::new();
    bench.done("quantize detector.onnx --calib images --float-layers pool -o model.ceras");
    bench.done("build model.ceras --target zynq7020 -o bundle");
    let text = String::from_utf8(bench.read("bundle/device.json")).unwrap();
    assert!(!text.contains("\"steps\":[]"), "{text}");
    check(&bench);
    // The layers computed, not taken from the check vectors.
    let _device = Device::new(&bench, "");
    let detect = |engine: &str| {
        bench
            .done(&format!("detect model.ceras --image images/squares.png {engine} --format json"))
            .0
    };
    let found = detect("--engine device --device device.socket --target zynq7020");
    assert_eq!(found, detect(""));
}

#[test]
#[ignore = "needs a cross compiler, QEMU, numpy and the shared models; make test-drivers runs it"]
fn every_driver_runs_yolox_nano() {
    let Some(shared) = shared::folder() else { return };
    let (bench, shared) = (Bench::new(), shared.display());
    let model = format!("{shared}/models/yolox_nano.onnx --task yolox-coco");
    bench.done(&format!("quantize {model} --calib {shared}/coco/calib -o model.ceras"));
    bench.done("build model.ceras --target kv260 -o bundle");
    check(&bench);
}

#[test]
#[ignore = "needs numpy; make test-drivers runs it"]
fn the_python_driver_is_bit_exact_and_tells_what_is_wrong() {
    let bench = super::bench();
    let _device = Device::new(&bench, "");
    let mut test = Command::new(named("SEIGO_PYTHON"));
    test.arg(Path::new(ROOT).join("drivers/python/test/driver_test.py"));
    ends(&test.args(["bundle", "device.socket"]).current_dir(bench.path("")).output().unwrap(), 0);
}
