//! Drivers on the simulated device: the C++ one (built here) and the Rust one, bit-exact, and what they say when
//! something is wrong.
//!
//! The design is that of `commands`, which the user's cache keeps.

mod boxes;
mod everywhere;
mod files;

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use seigo::device::description::Description;
use seigo::device::{Driver, Options, Simulated, Transport, vectors};
use seigo::emit::bundle;
use seigo::verify::cosim::Verifier;
use seigo::vision::task::{self, Task, TaskSpec};
use seigo::{Error, base::json};

use crate::support::command::Bench;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Fixtures with the detector of `commands` as a bundle, its layers in both forms.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.done("quantize detector.onnx --calib images --both * -o model.ceras");
    bench.done("build model.ceras --target zynq7020 -o bundle");
    bench
}

/// A simulated device in its own process, which ends with the test.
struct Device(Child, PathBuf);

impl Device {
    fn new(bench: &Bench, arguments: &str) -> Self {
        let socket = bench.path("device.socket");
        let mut seigo = Command::new(env!("CARGO_BIN_EXE_seigo"));
        seigo.args(["device", "bundle", "--socket", "device.socket"]);
        seigo.args(arguments.split_whitespace()).current_dir(bench.path(""));
        let mut child = seigo.stderr(Stdio::null()).spawn().unwrap();
        // A compilation of the design, where the cache has none, takes its time.
        let end = Instant::now() + Duration::from_secs(600);
        while UnixStream::connect(&socket).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "the device has ended");
            assert!(Instant::now() < end, "the device does not come");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self(child, socket)
    }

    fn open(&self) -> Simulated {
        Simulated::open(&self.1).unwrap()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The folder with the C++ driver, compiled once for all tests, without optimization.
fn compiled() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("drivers");
        let mut make = Command::new("make");
        make.args(["-s", "-j2", "-C"]).arg(Path::new(ROOT).join("drivers/linux"));
        make.arg(format!("BUILD={}", folder.display())).arg("CXXFLAGS=-O0");
        make.args(["all".into(), folder.join("driver-test")]);
        let output = make.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder
    })
}

fn seigo_run(bench: &Bench, arguments: &str) -> Output {
    let mut command = Command::new(compiled().join("seigo-run"));
    command.args(["bundle", "--simulated", "device.socket"]);
    command.args(arguments.split_whitespace()).current_dir(bench.path("")).output().unwrap()
}

/// What it printed on stdout and stderr; it must end with this status.
fn ends(output: &Output, status: i32) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let text = text.concat();
    assert_eq!(output.status.code(), Some(status), "{text}");
    text
}

#[test]
fn the_parts_of_the_cpp_driver_work_without_an_accelerator() {
    let bench = bench();
    std::fs::create_dir(bench.path("files")).unwrap();
    let mut test = Command::new(compiled().join("driver-test"));
    let output = test.args([bench.path("bundle"), bench.path("files")]).output().unwrap();
    ends(&output, 0);
}

#[test]
fn the_check_vectors_are_those_of_the_reference() {
    let bench = bench();
    let compiled = bundle::open(&bench.path("bundle")).unwrap();
    let text = String::from_utf8(bench.read("bundle/device.json")).unwrap();
    let description: Description = json::parse(&text).unwrap();
    assert_eq!(description, bundle::describe(&compiled).unwrap());
    let all = vectors::parse(&bench.read("bundle/check.bin"), &description).unwrap();
    assert_eq!(all.len(), 4);
    assert_ne!(all[0].image, all[1].image);
    let verifier = Verifier::new(&compiled);
    for vector in &all {
        let numbers = description.inputs[0].unpack(&vector.image).unwrap();
        let (_, scales) = compiled.graph().value(compiled.graph().inputs[0]).integer().unwrap();
        let pixels = description.inputs[0].height * description.inputs[0].width;
        let floats = numbers.iter().enumerate().map(|(index, q)| {
            let scale = scales[index / pixels];
            (*q - i32::from(scale.zero)) as f32 * f32::from(scale.exponent).exp2()
        });
        let shape = &compiled.graph().value(compiled.graph().inputs[0]).shape;
        let input = seigo::base::tensor::Tensor::new(shape, floats.collect::<Vec<f32>>()).unwrap();
        let values = verifier.values(&[input]).unwrap();
        assert_eq!(verifier.image(&values).unwrap(), vector.image);
        for (leaving, found) in compiled.schedule().leaving.iter().zip(&vector.outputs) {
            let expected = &values.integers[&leaving.value];
            assert!(found.iter().map(|&q| i64::from(q)).eq(expected.iter().copied()));
        }
    }
}

#[test]
fn the_cpp_driver_is_bit_exact_and_shows_cycles() {
    let bench = bench();
    let _device = Device::new(&bench, "");
    let text = ends(&seigo_run(&bench, "--check --repeat 2"), 0);
    assert!(text.contains("PASS: 0 of 8 frames differ"), "{text}");
    assert!(text.contains("weights") && text.contains("plane engine"), "{text}");
    // Vectors of which one number is wrong are found, in the right frame.
    let mut vectors = bench.read("bundle/check.bin");
    *vectors.last_mut().unwrap() ^= 1;
    bench.write("bundle/check.bin", vectors);
    let text = ends(&seigo_run(&bench, "--check"), 1);
    assert!(text.contains("frame 3: ") && text.contains("FAIL: 1 of 4 frames differ"), "{text}");
    // A frame from a file, its outputs to a file.
    let text = String::from_utf8(bench.read("bundle/device.json")).unwrap();
    let description: Description = json::parse(&text).unwrap();
    let all = vectors::parse(&bench.read("bundle/check.bin"), &description).unwrap();
    bench.write("first.bin", &all[0].image);
    ends(&seigo_run(&bench, "first.bin --output ."), 0);
    let output = &description.outputs[0];
    let array = bench.read(&format!("first.bin.{}.npy", output.name));
    let bytes = output.bits as usize / 8;
    let numbers = all[0].outputs[0].iter();
    let expected: Vec<u8> =
        numbers.flat_map(|number| number.to_le_bytes()[..bytes].to_vec()).collect();
    assert_eq!(array[128..], expected);
    ends(&seigo_run(&bench, "bundle/device.json"), 2);
    // A power monitor of 2.5 W.
    let monitor = bench.path("board/sys/class/hwmon/hwmon0");
    std::fs::create_dir_all(&monitor).unwrap();
    std::fs::write(monitor.join("power1_input"), "2500000\n").unwrap();
    let text = ends(&seigo_run(&bench, "--root board"), 0);
    assert!(text.contains("power: 2.50 W on average"), "{text}");
}

/// A picture goes through the tables of the bundle as through the task's pre-processing.
#[test]
fn the_cpp_driver_takes_pictures() {
    let bench = bench();
    let _device = Device::new(&bench, "");
    // A part of the size that the network takes.
    let pixels = image::open(bench.path("images/squares.png")).unwrap().to_rgb8();
    let pixels = image::imageops::crop_imm(&pixels, 8, 8, 32, 32).to_image();
    let path = bench.path("part.png");
    pixels.save(&path).unwrap();
    let (width, height) = pixels.dimensions();
    let mut ppm = format!("P6\n# squares\n{width} {height}\n255\n").into_bytes();
    ppm.extend(pixels.as_raw());
    bench.write("squares.ppm", &ppm);
    ends(&seigo_run(&bench, "squares.ppm --output ."), 0);
    let compiled = bundle::open(&bench.path("bundle")).unwrap();
    let graph = compiled.graph();
    let spec = TaskSpec::beside(&bench.path("detector.onnx")).unwrap();
    let task = Task::new(spec, &graph.value(graph.inputs[0]).shape).unwrap();
    let (input, _) = task.preprocess(&task::image::read(&path).unwrap()).unwrap();
    let values = Verifier::new(&compiled).values(&[input]).unwrap();
    let description = bundle::describe(&compiled).unwrap();
    for (own, tensor) in compiled.schedule().leaving.iter().zip(&description.outputs) {
        let array = bench.read(&format!("squares.ppm.{}.npy", tensor.name));
        let bytes = tensor.bits as usize / 8;
        let numbers = values.integers[&own.value].iter();
        let expected: Vec<u8> =
            numbers.flat_map(|number| number.to_le_bytes()[..bytes].to_vec()).collect();
        assert_eq!(array[128..], expected);
    }
    let cut = ppm[..ppm.len() - 1].to_vec();
    bench.write("squares.ppm", cut);
    assert!(ends(&seigo_run(&bench, "squares.ppm"), 2).contains("cut off"));
    bench.write("squares.ppm", b"P6 8 8 65535\n");
    assert!(ends(&seigo_run(&bench, "squares.ppm"), 2).contains("not of 8 bits"));
}

#[test]
fn the_rust_driver_is_bit_exact_and_keeps_the_accelerator_busy() {
    let bench = bench();
    let device = Device::new(&bench, "");
    let folder = bench.path("bundle");
    let mut driver = Driver::open(&folder, device.open(), Options::default()).unwrap();
    assert_eq!(driver.check(&folder).unwrap(), None);
    let all = vectors::parse(&bench.read("bundle/check.bin"), driver.description()).unwrap();
    // Two frames under way: the cycles from first start to last end are those that the counters tell.
    let mut none = |_: &_, _: Vec<Vec<i32>>| panic!("no layer is the processor's");
    let single = driver.frame(&all[0].image, &mut none).unwrap().counters.cycles;
    let before = driver.transport().cycles().unwrap();
    driver.submit(&all[0].image).unwrap();
    for frame in 0..20 {
        driver.submit(&all[(frame + 1) % 4].image).unwrap();
        assert_eq!(driver.collect(&mut none).unwrap().outputs, all[frame % 4].outputs, "{frame}");
    }
    driver.collect(&mut none).unwrap();
    let each = (driver.transport().cycles().unwrap() - before) / 21;
    println!("{single} cycles alone, {each} each of 21 in a row");
    // A simulated frame is looked at every 512 cycles, and every access to a register takes some.
    assert!(each < u64::from(single) + 1500, "{each} cycles each, {single} alone");
    assert!(driver.submit(&all[0].image[1..]).is_err());
    assert_eq!(driver.transport().memory().bytes, 64 << 20);
}

/// The device counts hardly more cycles from the first frame to the last than the frames take. Simulated time stands still
/// between frames but for accesses to registers; that no memory is moved there is tested in `driver_test.cpp`.
#[test]
fn the_cpp_driver_keeps_the_accelerator_busy() {
    let bench = bench();
    let device = Device::new(&bench, "");
    let run = |repeat: u64| {
        let before = device.open().cycles().unwrap();
        let text = ends(&seigo_run(&bench, &format!("--check --repeat {repeat}")), 0);
        let line = text.lines().find(|line| line.starts_with("of a frame")).unwrap();
        let counted: u64 = line.split_whitespace().nth(3).unwrap().parse().unwrap();
        (device.open().cycles().unwrap() - before, counted)
    };
    // What opening costs is in both.
    let ((few, single), (many, _)) = (run(1), run(11));
    let each = (many - few) / 40;
    println!("{single} cycles alone, {each} each of 40 in a row");
    assert!(each < single + 1500, "{each} cycles each, {single} alone");
}

/// The device as an engine: the processor's layers and the boxes beside it, as from the software engine.
#[test]
fn boxes_from_the_device_are_those_of_the_software() {
    let bench = bench();
    let _device = Device::new(&bench, "");
    let engine = "--engine device --device device.socket --target zynq7020";
    let detect = |engine: &str| {
        bench
            .done(&format!("detect model.ceras --image images/squares.png {engine} --format json"))
            .0
    };
    let found = detect(engine);
    assert!(found.contains("\"score\""), "{found}");
    assert_eq!(found, detect(""));
    bench.refused(&format!("detect model.ceras --image images/squares.png {engine}5"), "SG0801");
    let text = bench
        .refused("detect model.ceras --image images/squares.png --device device.socket", "SG0103");
    assert!(text.contains("nothing runs there"), "{text}");
}

#[test]
fn faults_are_told_in_words_and_the_next_start_works() {
    let bench = bench();
    let words = [
        ("bus", "", "a read from memory was not answered with OKAY (code 5, client"),
        ("interrupt", "--timeout 1500", "no interrupt came within 1500 ms"),
        ("stuck", "--timeout 300", "the frame has not ended after 300 ms"),
    ];
    for (trouble, option, word) in words {
        let _device = Device::new(&bench, &format!("--trouble {trouble}"));
        let text = ends(&seigo_run(&bench, &format!("--check {option}")), 2);
        assert!(text.contains(word) && text.contains("help: "), "{trouble}: {text}");
        ends(&seigo_run(&bench, "--check"), 0);
    }
    let text = ends(&seigo_run(&bench, "--check"), 2);
    assert!(text.contains("cannot open the simulated device device.socket"), "{text}");
}

#[test]
fn the_rust_driver_goes_on_after_a_fault_without_being_opened_again() {
    let bench = bench();
    let folder = bench.path("bundle");
    let short = Options { timeout: Duration::from_millis(400) };
    for (trouble, code) in [("bus", "SG1204"), ("stuck", "SG1203"), ("interrupt", "SG1203")] {
        let device = Device::new(&bench, &format!("--trouble {trouble}"));
        let options = if trouble == "bus" { Options::default() } else { short };
        let mut driver = Driver::open(&folder, device.open(), options).unwrap();
        let error: Error = driver.check(&folder).unwrap_err();
        assert_eq!(error.code().id, code, "{trouble}: {error}");
        drop(driver);
        let mut driver = Driver::open(&folder, device.open(), Options::default()).unwrap();
        assert_eq!(driver.check(&folder).unwrap(), None, "{trouble}");
    }
}

#[test]
fn a_killed_driver_and_a_second_one_do_no_harm() {
    let bench = bench();
    let device = Device::new(&bench, "");
    let mut first = Command::new(compiled().join("seigo-run"));
    first.args(["bundle", "--simulated", "device.socket", "--repeat", "1000000"]);
    let mut first = first.current_dir(bench.path("")).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    // The second one is refused while the first one runs.
    let text = ends(&seigo_run(&bench, "--check"), 2);
    assert!(text.contains("another driver holds"), "{text}");
    assert!(first.try_wait().unwrap().is_none());
    first.kill().unwrap();
    first.wait().unwrap();
    let text = ends(&seigo_run(&bench, "--check"), 0);
    assert!(text.contains("PASS"), "{text}");
    drop(device);
    // A device takes the place of one that was killed.
    let _device = Device::new(&bench, "");
    ends(&seigo_run(&bench, "--check"), 0);
}

#[test]
fn bundles_of_another_design_and_damaged_ones_are_refused() {
    let bench = bench();
    let _device = Device::new(&bench, "--memory 1");
    std::fs::rename(bench.path("bundle"), bench.path("own")).unwrap();
    bench.done("build colors.ceras --target zynq7020 -o bundle");
    let text = ends(&seigo_run(&bench, "--check"), 2);
    assert!(text.contains("the bitstream was made for design"), "{text}");
    std::fs::remove_dir_all(bench.path("bundle")).unwrap();
    std::fs::rename(bench.path("own"), bench.path("bundle")).unwrap();
    let mut program = bench.read("bundle/program.bin");
    program[100] ^= 1;
    bench.write("bundle/program.bin", program);
    let text = ends(&seigo_run(&bench, "--check"), 2);
    assert!(text.contains("program.bin is not the one of the bundle"), "{text}");
}
