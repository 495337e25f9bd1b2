//! Interrupted runs: what was there stays, what is there is whole, and nothing else is left.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use seigo::base::npy;
use seigo::base::tensor::Tensor;

use crate::support::Writer;

const INTERRUPTED: Option<i32> = Some(130);
/// Runs that may end before their signal arrives.
const ATTEMPTS: usize = 20;

/// A run that ends with the test.
struct Run(Child);

impl Run {
    fn start<S: AsRef<OsStr>>(arguments: &[S]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seigo"));
        command.args(["--quiet", "--threads", "1"]).args(arguments);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    fn status(mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A pipe in place of an input file: whoever reads it waits for a writer.
fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Starts a run that reads the pipe and interrupts it there.
fn interrupt_at(pipe: &Path, arguments: &[&OsStr]) {
    let run = Run::start(arguments);
    // Opening waits for the reader.
    let writer = OpenOptions::new().write(true).open(pipe).unwrap();
    run.signal("INT");
    assert_eq!(run.status(), INTERRUPTED);
    drop(writer);
}

#[test]
fn detect_leaves_the_former_picture() {
    let folder = tempfile::tempdir().unwrap();
    let (image, output) = (folder.path().join("in.png"), folder.path().join("out.png"));
    pipe(&image);
    fs::write(&output, "former").unwrap();
    let model = fixture("detector.onnx");
    let arguments: [&OsStr; 6] = [
        "detect".as_ref(),
        model.as_ref(),
        "--image".as_ref(),
        image.as_ref(),
        "-o".as_ref(),
        output.as_ref(),
    ];
    interrupt_at(&image, &arguments);
    assert_eq!(fs::read(&output).unwrap(), b"former");
    assert_eq!(names(folder.path()), ["in.png", "out.png"]);
}

#[test]
fn quantize_leaves_no_model() {
    let folder = tempfile::tempdir().unwrap();
    let calibration = folder.path().join("frames");
    fs::create_dir(&calibration).unwrap();
    let frame = Tensor::new(&[1, 3, 8, 8], vec![1f32; 192]).unwrap();
    npy::write(&calibration.join("a.npy"), &frame).unwrap();
    let last = calibration.join("b.npy");
    pipe(&last);
    let (model, output) = (fixture("classifier.onnx"), folder.path().join("model.ceras"));
    let arguments: [&OsStr; 6] = [
        "quantize".as_ref(),
        model.as_ref(),
        "--calib".as_ref(),
        calibration.as_ref(),
        "-o".as_ref(),
        output.as_ref(),
    ];
    interrupt_at(&last, &arguments);
    assert_eq!(names(folder.path()), ["frames"]);
}

#[test]
fn eval_leaves_the_former_results() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    // Large pictures, each of which takes a while, and more of them than the test waits for.
    let first = images.join("0.png");
    image::RgbImage::new(3000, 3000).save(&first).unwrap();
    let mut list = Vec::new();
    for index in 0..200 {
        let name = format!("{index}.png");
        if index > 0 {
            fs::hard_link(&first, images.join(&name)).unwrap();
        }
        list.push(
            serde_json::json!({"id": index, "file_name": name, "width": 3000, "height": 3000}),
        );
    }
    let annotations = folder.path().join("annotations.json");
    let categories = serde_json::json!([{"id": 3, "name": "blue"}, {"id": 7, "name": "red"}]);
    let document = serde_json::json!({"images": list, "categories": categories, "annotations": []});
    fs::write(&annotations, document.to_string()).unwrap();
    let results = folder.path().join("results.json");
    fs::write(&results, "former").unwrap();
    let model = fixture("detector.onnx");
    let arguments: [&OsStr; 8] = [
        "eval".as_ref(),
        model.as_ref(),
        "--images".as_ref(),
        images.as_ref(),
        "--coco".as_ref(),
        annotations.as_ref(),
        "--results".as_ref(),
        results.as_ref(),
    ];
    let mut run = Run::start(&arguments);
    sleep(Duration::from_millis(500));
    assert!(run.is_running(), "the run was to be interrupted, but ended first");
    run.signal("INT");
    assert_eq!(run.status(), INTERRUPTED);
    assert_eq!(fs::read(&results).unwrap(), b"former");
    assert_eq!(names(folder.path()), ["annotations.json", "images", "results.json"]);
}

/// The signal arrives while the file is being written: it is finished first.
#[test]
fn a_write_that_has_begun_is_finished() {
    const COPIES: i64 = 48;
    let mut model = Writer::new("tall");
    model
        .input("x", &[1, 1 << 20])
        .output("y", &[COPIES, 1 << 20])
        .ints("copies", &[COPIES, 1])
        .node("Tile", "y", "x copies", &[]);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("tall.onnx"), model.bytes()).unwrap();
    npy::write(&file("x.npy"), &Tensor::new(&[1, 1 << 20], vec![2f32; 1 << 20]).unwrap()).unwrap();
    let outputs = file("outputs");
    fs::create_dir(&outputs).unwrap();
    let (model, input) = (file("tall.onnx"), file("x.npy"));
    let arguments: [&OsStr; 6] = [
        "run".as_ref(),
        model.as_ref(),
        "--input".as_ref(),
        input.as_ref(),
        "-o".as_ref(),
        outputs.as_ref(),
    ];
    for signal in ["INT", "TERM"] {
        let interrupted = (0..ATTEMPTS).any(|_| {
            let mut run = Run::start(&arguments);
            let start = Instant::now();
            while !names(&outputs).iter().any(|name| name.starts_with(".seigo-")) {
                if !run.is_running() {
                    return false;
                }
                assert!(start.elapsed() < Duration::from_secs(60), "no write seen");
            }
            run.signal(signal);
            let status = run.status();
            assert_eq!(names(&outputs), ["y.npy"]);
            let length = npy::read(&outputs.join("y.npy")).unwrap().len();
            assert_eq!(length, (COPIES as usize) << 20);
            fs::remove_file(outputs.join("y.npy")).unwrap();
            // A run that was done already is no evidence.
            assert!(status == INTERRUPTED || status == Some(0), "{status:?}");
            status == INTERRUPTED
        });
        assert!(interrupted, "no signal arrived in time");
    }
}
