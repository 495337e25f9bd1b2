//! Pre- and post-processing of the C++ library against that of the crate: the network's input, boxes and classes.

use std::fs;
use std::path::Path;
use std::process::Output;

use seigo::base::random::Random;
use seigo::base::tensor::Tensor;
use seigo::vision::image::Image;
use seigo::vision::task::{Prediction, PredictionReport, Purpose, Task, TaskSpec, presets};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{ROOT, command};
use crate::support::command::Bench;

fn pick<'a, T: ?Sized>(random: &mut Random, all: &[&'a T]) -> &'a T {
    all[random.below(all.len() as u64) as usize]
}

/// A task file of any kind that there is, and the shape of an input that fits it.
fn task(random: &mut Random) -> (Value, [usize; 4]) {
    let color = pick(random, &["rgb", "bgr", "gray"]);
    let channels = if color == "gray" { 1 } else { 3 };
    let [height, width] = [0, 1].map(|_| 8 * random.between(1, 6) as usize);
    let resize =
        pick(random, &["letterbox-top-left", "letterbox-centered", "stretch", "center-crop"]);
    let mut input = json!({ "resize": resize, "color": color, "pad": random.below(256) });
    if resize == "center-crop" {
        input["short_side"] = (width.max(height) as u64 + random.below(20)).into();
    }
    if random.one_in(2) {
        input["scale"] = json!(1.0 / 255.0);
        let mut list = |low, high| {
            let numbers = (0..channels).map(|_| random.between(low, high) as f64 / 1000.0);
            numbers.collect::<Vec<f64>>()
        };
        input["mean"] = json!(list(0, 700));
        input["std"] = json!(list(100, 900));
    }
    if random.one_in(3) {
        input["width"] = width.into();
    }
    let classes = match random.below(4) {
        0 => json!("coco80"),
        1 => json!(["a", "b", "c"]),
        _ => json!(1 + random.below(6)),
    };
    let activation = pick(random, &["none", "sigmoid", "softmax"]);
    let mut own = json!({ "version": 1, "input": input, "classes": classes });
    if random.one_in(4) {
        own["classification"] = json!({ "activation": activation, "top": 1 + random.below(7) });
    } else {
        own["detection"] = detector(random, activation, classes.as_u64());
    }
    (own, [1, channels, height, width])
}

fn detector(random: &mut Random, activation: &str, classes: Option<u64>) -> Value {
    let boxes = pick(random, &["grid-center-exp", "center-size", "corners"]);
    let layout = pick(random, &["boxes-first", "boxes-last"]);
    let mut own = json!({ "boxes": boxes, "layout": layout, "activation": activation });
    own["objectness"] = random.one_in(2).into();
    match boxes {
        "grid-center-exp" => own["strides"] = json!(pick(random, &[&[4u32, 8][..], &[8]])),
        _ if random.one_in(2) => own["unit"] = json!("normalized"),
        _ => {}
    }
    if random.one_in(3) {
        own["background"] = random.below(classes.unwrap_or(3) + 1).into();
    }
    if random.one_in(3) {
        own["output"] = json!("boxes");
        own["scores_output"] = json!("scores");
    }
    for limits in ["show", "evaluation"] {
        own[limits] = json!({
            "score_threshold": random.below(50) as f64 / 100.0,
            "nms_threshold": random.below(100) as f64 / 100.0,
            "max_detections": 1 + random.below(40),
        });
    }
    own
}

/// What such a network could give, with ties and infinities among it.
fn outputs(random: &mut Random, spec: &TaskSpec, input: [usize; 4]) -> Vec<(String, Tensor)> {
    let classes = spec.classes.len();
    let coarse = random.one_in(2);
    let mut tensor = |shape: &[usize], scale: f32| {
        let count = shape.iter().product::<usize>();
        let one = |random: &mut Random| match random.below(500) {
            0 => f32::INFINITY,
            1 => f32::NEG_INFINITY,
            2 => -0.0,
            3 => 3e38,
            _ if coarse => random.between(-4, 4) as f32 * 0.25 * scale,
            _ => random.between(-(1 << 20), 1 << 20) as f32 / (1 << 19) as f32 * scale,
        };
        let values = (0..count).map(|_| one(random)).collect::<Vec<f32>>();
        Tensor::new(shape, values).unwrap()
    };
    let Some(own) = &spec.detection else {
        return vec![("y".to_owned(), tensor(&[1, classes], 3.0))];
    };
    let grid = own.strides.iter().map(|&stride| {
        let stride = stride as usize;
        (input[2] / stride) * (input[3] / stride)
    });
    let boxes = if own.strides.is_empty() { 60 } else { grid.sum() };
    let columns = classes + usize::from(own.objectness) + usize::from(own.background.is_some());
    let shape = |columns| match serde_json::to_value(own.layout).unwrap() == "boxes-first" {
        true => [1, boxes, columns],
        false => [1, columns, boxes],
    };
    match own.scores_output.is_some() {
        true => {
            let scores = tensor(&shape(columns), 1.5);
            vec![("scores".to_owned(), scores), ("boxes".to_owned(), tensor(&shape(4), 5.0))]
        }
        false => vec![("y".to_owned(), tensor(&shape(4 + columns), 1.5))],
    }
}

/// One case for the program: its answer, and what it wrote.
fn run(
    task: &str,
    shape: [usize; 4],
    purpose: Purpose,
    image: &Image,
    outputs: &[(String, Tensor)],
) -> (Output, Vec<u32>) {
    let folder: TempDir = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut case = Vec::new();
    let number = |case: &mut Vec<u8>, number: usize| {
        case.extend((number as u32).to_le_bytes());
    };
    number(&mut case, usize::from(purpose == Purpose::Evaluation));
    number(&mut case, image.width() as usize);
    number(&mut case, image.height() as usize);
    case.extend(image.pixels());
    number(&mut case, outputs.len());
    for (name, tensor) in outputs {
        number(&mut case, name.len());
        case.extend(name.as_bytes());
        number(&mut case, tensor.shape().len());
        tensor.shape().iter().for_each(|&extent| number(&mut case, extent));
        case.extend(tensor.values::<f32>().unwrap().iter().flat_map(|value| value.to_le_bytes()));
    }
    fs::write(path("task"), task).unwrap();
    fs::write(path("case"), case).unwrap();
    let shape = shape.map(|extent| extent.to_string()).join(",");
    let mut command = command("detect");
    command.arg("--parts").arg(path("task")).arg(shape).args([path("case"), path("out")]);
    let output = command.output().unwrap();
    let bytes = fs::read(path("out")).unwrap_or_default();
    let (words, _) = bytes.as_chunks::<4>();
    (output, words.iter().map(|&word| u32::from_le_bytes(word)).collect())
}

/// The same words from the crate.
fn expected(
    task: &Task,
    purpose: Purpose,
    image: &Image,
    outputs: &[(String, Tensor)],
) -> Vec<u32> {
    let (input, geometry) = task.preprocess(image).unwrap();
    let outputs: Vec<_> = outputs.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let mut words: Vec<u32> =
        input.values::<f32>().unwrap().iter().map(|value| value.to_bits()).collect();
    for axis in 0..2 {
        words.extend([geometry.scale[axis].to_bits(), geometry.offset[axis].to_bits()]);
    }
    match task.postprocess(&outputs, &geometry, purpose).unwrap() {
        Prediction::Detections(all) => {
            words.push(all.len() as u32);
            for own in all {
                words.push(own.class as u32);
                let edges = [own.bbox.x1, own.bbox.y1, own.bbox.x2, own.bbox.y2];
                words.extend([own.score].into_iter().chain(edges).map(f32::to_bits));
            }
        }
        Prediction::Classes(all) => {
            words.push(all.len() as u32);
            all.iter().for_each(|own| words.extend([own.class as u32, own.score.to_bits()]));
        }
    }
    words
}

fn noise(random: &mut Random) -> Image {
    let [width, height] = [0, 1].map(|_| 1 + random.below(70) as u32);
    let pixels = (0..3 * width * height).map(|_| random.below(256) as u8).collect();
    Image::new(width, height, pixels).unwrap()
}

#[test]
fn random_tasks_give_the_same_bits() {
    let (mut found, mut kinds) = (0, 0);
    for seed in 0..u64::from(super::cases()) * 5 {
        let mut random = Random::new(77, seed);
        let (form, shape) = task(&mut random);
        let text = form.to_string();
        let spec = TaskSpec::from_json(&text).unwrap();
        let own = Task::new(spec.clone(), &shape).unwrap();
        let purpose = if random.one_in(2) { Purpose::Show } else { Purpose::Evaluation };
        let (image, outputs) = (noise(&mut random), outputs(&mut random, &spec, shape));
        let (output, words) = run(&text, shape, purpose, &image, &outputs);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}\n{text}");
        let expected = expected(&own, purpose, &image, &outputs);
        let first = words.iter().zip(&expected).position(|(a, b)| a != b);
        let input = shape.iter().product::<usize>();
        assert!(
            first.is_none() && words.len() == expected.len(),
            "seed {seed}: word {first:?} of {} and {}, {input} of the input\n{text}",
            words.len(),
            expected.len()
        );
        found += expected.len() - input - 5;
        kinds += usize::from(spec.detection.is_some());
    }
    println!("{kinds} detectors, {found} words of predictions");
    assert!(found > 1000);
}

/// A task file is read where the crate reads it, and refused by the same code where it does not.
#[test]
fn damaged_task_files_are_refused_as_by_the_crate() {
    let mut random = Random::new(78, 0);
    let image = noise(&mut random);
    let (mut good, mut bad) = (0, 0);
    let page = fs::read_to_string(Path::new(ROOT).join("docs/task.md")).unwrap();
    let blocks = page.split("```json\n").skip(1).filter_map(|own| own.split_once("```"));
    let texts: Vec<_> =
        blocks.map(|(own, _)| own).chain(presets::ALL.iter().map(|(_, own)| *own)).collect();
    let shape = [1, 3, 224, 224];
    for round in 0..u64::from(super::cases()) * 5 {
        let mut bytes = texts[round as usize % texts.len()].as_bytes().to_vec();
        for _ in 0..random.below(3).min(round) {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] = 0x20 + random.below(0x5F) as u8;
        }
        let text = String::from_utf8(bytes).unwrap();
        let own = TaskSpec::from_json(&text).and_then(|spec| Task::new(spec, &shape));
        let (output, _) = run(&text, shape, Purpose::Show, &image, &[]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        match own {
            // There are no outputs to read.
            Ok(_) => {
                good += 1;
                assert!(said.starts_with("error[SG0405]: "), "{said}\n{text}");
            }
            Err(error) => {
                bad += 1;
                let start = format!("error[{}]: ", error.code().id);
                assert!(said.starts_with(&start), "{error}\n{said}\n{text}");
            }
        }
    }
    println!("{good} accepted, {bad} refused");
    assert!(good > 20 && bad > 20);
}

#[test]
fn outputs_that_do_not_fit_are_refused() {
    let text = r#"{"version":1,"input":{"resize":"stretch","color":"rgb"},"classes":2,
        "detection":{"boxes":"corners"}}"#;
    let image = noise(&mut Random::new(79, 0));
    let floats = |shape: &[usize], value: f32| {
        Tensor::new(shape, vec![value; shape.iter().product()]).unwrap()
    };
    let named = |name: &str, tensor| (name.to_owned(), tensor);
    for outputs in [
        vec![named("y", floats(&[1, 3, 5], 0.0))],
        vec![named("y", floats(&[2, 3, 6], 0.0))],
        vec![named("y", floats(&[6], 0.0))],
        vec![named("y", floats(&[1, 3, 6], f32::NAN))],
        vec![named("y", floats(&[1, 3, 6], 0.0)), named("z", floats(&[1], 0.0))],
    ] {
        let (output, _) = run(text, [1, 3, 8, 8], Purpose::Show, &image, &outputs);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.starts_with("error[SG0405]: "), "{said}");
    }
}

/// From an image file to boxes, as the command gives them.
#[test]
fn a_model_and_an_image_give_the_boxes_of_the_command() {
    let bench = Bench::new();
    bench.done("quantize detector.onnx --calib images --both * -o model.ceras");
    let picture = image::open(bench.path("images/squares.png")).unwrap().to_rgb8();
    let (width, height) = picture.dimensions();
    let mut ppm = format!("P6\n# squares\n{width} {height}\n255\n").into_bytes();
    ppm.extend(picture.as_raw());
    bench.write("squares.ppm", &ppm);
    let paths = ["model.ceras", "squares.ppm"].map(|name| bench.path(name));
    let output = command("detect").args(&paths).output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    let own: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    let text = bench.done("detect model.ceras --image images/squares.png --format json").0;
    let single = |value: &Value| {
        let report: PredictionReport = serde_json::from_value(value.clone()).unwrap();
        report
    };
    let report = single(&own);
    assert_eq!(report, single(&serde_json::from_str(&text).unwrap()));
    assert!(matches!(&report.prediction, Prediction::Detections(all) if !all.is_empty()));
    // A frame that is uncertain by so much runs again in float.
    for margin in ["0.001", "1"] {
        let mut again = command("detect");
        let output = again.args(["--margin", margin]).args(&paths).output().unwrap();
        let own: Value = serde_json::from_slice(&output.stdout).unwrap();
        let policy = format!(
            "detect model.ceras --image images/squares.png --format json --policy margin:{margin}"
        );
        let expected = single(&serde_json::from_str(&bench.done(&policy).0).unwrap());
        assert_eq!(single(&own), expected);
        assert_eq!(expected == report, margin == "0.001", "float gives other scores");
    }
    for (bytes, word) in [
        (&ppm[..ppm.len() - 1], "cut off"),
        (b"P6 0 8 255\n", "no pixels"),
        (b"P6 8 8 65535\n", "not of 8 bits"),
        (b"P6 8", "damaged"),
        (b"\x89PNG", "not a binary PPM or PGM"),
        (b"P6 99999 8 255\n", "too large"),
    ] {
        bench.write("bad.ppm", bytes);
        let output =
            command("detect").args([bench.path("model.ceras"), bench.path("bad.ppm")]).output();
        let said = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(said.starts_with("error[SG0401]: ") && said.contains(word), "{said}");
    }
}

/// The models of `SEIGO_RUNTIME_MODELS` on the images of a folder, `SEIGO_RUNTIME_IMAGES` or the samples of models/shapes.
#[test]
#[ignore = "minutes in a debug build: make test-runtime"]
fn whole_models_give_the_boxes_of_the_command() {
    let samples = || Path::new(ROOT).join("models/shapes/samples").into_os_string();
    let images = std::env::var_os("SEIGO_RUNTIME_IMAGES").unwrap_or_else(samples);
    let folder = tempfile::tempdir().unwrap();
    let mut paths: Vec<_> =
        fs::read_dir(images).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.truncate(10);
    let pictures: Vec<_> = (0..paths.len()).map(|at| folder.path().join(at.to_string())).collect();
    for (path, to) in paths.iter().zip(&pictures) {
        let picture = seigo::vision::task::image::read(path).unwrap();
        let head = format!("P6 {} {} 255\n", picture.width(), picture.height());
        fs::write(to, [head.as_bytes(), picture.pixels()].concat()).unwrap();
    }
    for model in std::env::var("SEIGO_RUNTIME_MODELS").unwrap().split_whitespace() {
        let output = command("detect").arg(model).args(&pictures).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
        let mut found = 0;
        for (path, line) in paths.iter().zip(said.lines()) {
            let mut seigo = std::process::Command::new(env!("CARGO_BIN_EXE_seigo"));
            seigo.args(["detect", model, "--format", "json", "--image"]).arg(path);
            let expected: PredictionReport =
                serde_json::from_slice(&seigo.output().unwrap().stdout).unwrap();
            assert_eq!(serde_json::from_str::<PredictionReport>(line).unwrap(), expected);
            found += line.matches("\"score\"").count();
        }
        assert_eq!(said.lines().count(), paths.len());
        println!("{model}: {} images, {found} predictions", paths.len());
        assert!(found > 0);
    }
}
