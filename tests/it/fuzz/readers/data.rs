//! Tensors, pictures, tasks, targets, annotations and tables of buffers.

use std::fs;

use seigo::base::npy;
use seigo::base::tensor::{DType, Tensor};
use seigo::compile::boards::Target;
use seigo::compile::packing::csv::{read_packing, read_problem, write_packing};
use seigo::compile::packing::{Packing, validate};
use seigo::compile::{CompileOptions, Compiled};
use seigo::vision::Image;
use seigo::vision::eval::classification::labeled_list;
use seigo::vision::eval::coco::{Annotations, ResultRecord, Truth, evaluate};
use seigo::vision::task::Classes;
use seigo::vision::task::image::decode;
use seigo::vision::task::{BBox, Detection, Prediction, Purpose, Task, TaskSpec};

use super::models::COLORS;
use super::{sound, text};

/// A NumPy file.
pub fn npy(bytes: &[u8]) {
    let Some(tensor) = sound(npy::decode(bytes)) else { return };
    let again = npy::encode(&tensor).expect("a tensor that was read can be written");
    let read = npy::decode(&again).expect("what was written is read");
    assert_eq!((read.dtype(), read.shape()), (tensor.dtype(), tensor.shape()));
    // NaN differs from itself.
    if tensor.dtype() != DType::F32 {
        assert_eq!(read, tensor);
    }
}

/// A JPEG or PNG file.
pub fn image(bytes: &[u8]) {
    let Some(image) = sound(decode(bytes)) else { return };
    let [width, height] = [image.width(), image.height()].map(|side| side as usize);
    assert_eq!(image.pixels().len(), 3 * width * height);
}

/// A task file; one that is read fits an image and reads outputs.
pub fn task(bytes: &[u8]) {
    let Some(spec) = text(bytes).and_then(|text| sound(TaskSpec::from_json(text))) else { return };
    let again = spec.to_json().expect("a task that was read can be written");
    assert_eq!(TaskSpec::from_json(&again).expect("what was written is read"), spec);
    let side = |own: Option<u32>| own.unwrap_or(32).min(64) as usize;
    let shape = [1, spec.input.color.channels(), side(spec.input.height), side(spec.input.width)];
    let Some(task) = sound(Task::new(spec, &shape)) else { return };
    let pixels = (0..3 * 5 * 4).map(|byte| (byte * 37) as u8).collect();
    let image = Image::new(5, 4, pixels).expect("as many bytes as 5 x 4 pixels take");
    let Some((tensor, geometry)) = sound(task.preprocess(&image)) else { return };
    assert_eq!(tensor.shape(), shape);
    let numbers = (0..8 * 85).map(|at| (at % 7) as f32 - 3.0).collect::<Vec<f32>>();
    let output = Tensor::new(&[1, 8, 85], numbers).expect("as many numbers");
    for purpose in [Purpose::Show, Purpose::Evaluation] {
        sound(task.postprocess(&[("output", &output)], &geometry, purpose));
    }
}

/// A target; one that is read has a plan of a small network, or a reason why not.
pub fn target(bytes: &[u8]) {
    let Some(target) = text(bytes).and_then(|text| sound(Target::from_json(text))) else { return };
    let again = target.to_json().expect("a target that was read can be written");
    assert_eq!(Target::from_json(&again).expect("what was written is read"), target);
    sound(Compiled::new(COLORS.clone(), &target, CompileOptions::default()));
}

/// Annotations or results of COCO: a list is results.
pub fn annotations(bytes: &[u8]) {
    let instances = include_bytes!("../../../fixtures/annotations.json");
    if bytes.trim_ascii_start().starts_with(b"[") {
        let Some(records) = sound(ResultRecord::from_json(bytes)) else { return };
        let text = sound(ResultRecord::to_json(&records));
        let read = text.map(|text| ResultRecord::from_json(text.as_bytes()));
        assert!(read.is_none_or(|read| read.expect("what was written is read") == records));
        let annotations = Annotations::from_json(instances).expect("a fixture");
        sound(evaluate(&annotations, &records));
        return;
    }
    let spec = include_str!("../../../fixtures/detector.task.json");
    let spec = TaskSpec::from_json(spec).expect("a fixture");
    let Some(truth) = sound(Truth::new(bytes, &spec)) else { return };
    let found = truth.annotations.annotations.iter().map(|own| {
        let [x, y, width, height] = own.bbox.map(|number| number as f32);
        let bbox = BBox { x1: x, y1: y, x2: x + width, y2: y + height };
        Detection { class: 0, score: 0.5, bbox }
    });
    let found = Prediction::Detections(found.collect());
    let ids = truth.annotations.images.iter().map(|image| (image.id, Some(found.clone())));
    let predictions: Vec<_> = ids.take(4).collect();
    sound(truth.measure(&predictions));
}

/// A table of buffers, of a packing, or of labels.
pub fn csv(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Some(packing) = sound(Packing::from_json(text)) {
        packing.to_json().expect("a packing that was read can be written");
    }
    sound(read_problem(text, Some(1 << 20), 16));
    if let Some((problem, packing)) = sound(read_packing(text, Some(1 << 20), 16))
        && sound(validate::packing(&problem, &packing)).is_some()
    {
        let again = write_packing(&packing);
        read_packing(&again, Some(1 << 20), 16).expect("what was written is read");
    }
    labels(bytes);
}

fn labels(bytes: &[u8]) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    let classes = Classes::Names(vec!["red".to_owned(), "blue".to_owned()]);
    super::reports::in_folder(|own| {
        let list = own.join("labels.csv");
        fs::write(&list, bytes).expect("a folder of our own takes a file");
        sound(labeled_list(folder.as_ref(), &list, &classes));
    });
}
