//! The models that ship with Seigo on the scenes that it draws: the scenes are the same everywhere,
//! and both models keep their accuracy in float and in int8.

use std::path::{Path, PathBuf};

use seigo::Result;
use seigo::base::parallel;
use seigo::base::tensor::Tensor;
use seigo::frontend::graph::{Graph, ImportOptions};
use seigo::frontend::onnx::Model;
use seigo::frontend::rewrites;
use seigo::quantize::ptq::{Frames, Options, quantize};
use seigo::software::engine::Engine;
use seigo::software::executor::Executor;
use seigo::vision::eval::coco::{self, Annotations, Report};
use seigo::vision::scenes::{self, CROP, Class, DETECTION, Recipe, Scene};
use seigo::vision::task::{Prediction, Purpose, Task, TaskSpec};
use sha2::{Digest, Sha256};

/// Scenes of the training are of seed 100 (crops: 200); these are for validation and calibration.
const VALIDATION: u64 = 101;
const CALIBRATION: u64 = 102;
const CROP_VALIDATION: u64 = 201;
const CROP_CALIBRATION: u64 = 202;

/// Digest of images and objects of the first scenes.
fn digest(recipe: &Recipe, seed: u64, count: u64) -> String {
    let mut hash = Sha256::new();
    for index in 0..count {
        let Scene { image, objects } = scenes::draw(recipe, seed, index);
        hash.update(image.pixels());
        for object in objects {
            let [left, top, width, height] = object.bbox;
            let numbers = [object.class as u32, left, top, width, height, object.area];
            numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
        }
    }
    format!("{:x}", hash.finalize())
}

/// The models were trained on exactly these scenes; a change here means training anew.
#[test]
fn scenes_are_the_same_on_every_machine() {
    assert_eq!(
        digest(&DETECTION, 100, 40),
        "eba37e23f08e98be77c2b998e00f94c462ade70b5f5f4ad75f8bd7577a764467"
    );
    assert_eq!(
        digest(&CROP, 200, 200),
        "3f6a98634dd325f71a4d86f1f5d6298a10af9c3caec578f3d1d5a0980b422b99"
    );
}

/// The images that stand beside a model are those that the generator draws.
#[test]
fn sample_images_are_drawn_scenes() {
    let samples = [("shapes", DETECTION, VALIDATION), ("shape-classifier", CROP, CROP_VALIDATION)];
    for (model, recipe, seed) in samples {
        for index in 0..12 {
            let path = folder(model).join(format!("samples/{index:05}.png"));
            let stored = image::open(&path).unwrap().to_rgb8();
            let drawn = scenes::draw(&recipe, seed, index).image;
            assert!(stored.as_raw() == drawn.pixels(), "{}", path.display());
        }
    }
}

fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(model)
}

/// A committed model with its task.
struct Shipped {
    graph: Graph,
    task: Task,
}

impl Shipped {
    fn open(path: &str) -> Self {
        let path = folder(path);
        let model = Model::load(&path).unwrap();
        let mut graph = Graph::from_model(&model, &ImportOptions::default()).unwrap();
        rewrites::run(&mut graph, rewrites::STANDARD).unwrap();
        let shape = &graph.value(graph.inputs[0]).fact.shape;
        let task = Task::new(TaskSpec::beside(&path).unwrap(), shape).unwrap();
        Self { graph, task }
    }

    /// What the network that `run` computes says about each scene.
    fn predict(
        &self,
        scenes: &[Scene],
        run: impl Fn(&[Tensor]) -> Result<Vec<Tensor>> + Sync,
    ) -> Vec<Prediction> {
        let names: Vec<&str> = self.graph.outputs.iter().map(|output| &*output.name).collect();
        let predictions = parallel::map(scenes.len(), |index| {
            let (input, geometry) = self.task.preprocess(&scenes[index].image)?;
            let outputs = run(&[input])?;
            let named: Vec<_> = names.iter().copied().zip(&outputs).collect();
            self.task.postprocess(&named, &geometry, Purpose::Evaluation)
        });
        predictions.unwrap()
    }

    /// Predictions in float and in int8.
    fn both(&self, scenes: &[Scene], calibration: &Drawn<'_>) -> [Vec<Prediction>; 2] {
        let executor = Executor::new(&self.graph);
        let options = Options { calibration_frames: 48, rounding_frames: 32, ..Options::default() };
        let quantized = quantize(&self.graph, calibration, &options, &|_| ()).unwrap();
        let engine = Engine::new(&quantized.graph).unwrap();
        [
            self.predict(scenes, |inputs| executor.run(inputs)),
            self.predict(scenes, |inputs| engine.run(inputs)),
        ]
    }
}

/// Calibration on drawn scenes.
struct Drawn<'a> {
    task: &'a Task,
    scenes: Vec<Scene>,
}

impl Frames for Drawn<'_> {
    fn len(&self) -> usize {
        self.scenes.len()
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        Ok(vec![self.task.preprocess(&self.scenes[index].image)?.0])
    }

    fn scores(&self, outputs: &[(&str, &Tensor)]) -> Result<Option<Vec<f32>>> {
        self.task.scores(outputs).map(Some)
    }
}

fn draw(recipe: &Recipe, seed: u64, count: u64) -> Vec<Scene> {
    (0..count).map(|index| scenes::draw(recipe, seed, index)).collect()
}

fn average_precision(scenes: &[Scene], predictions: &[Prediction]) -> Report {
    let ids: Vec<_> = (1..=Class::ALL.len() as i64).map(Some).collect();
    let objects: Vec<_> = scenes.iter().map(|scene| scene.objects.clone()).collect();
    let json = scenes::instances(&objects, "test").to_string();
    let annotations = Annotations::from_json(json.as_bytes()).unwrap();
    let records = predictions.iter().enumerate().flat_map(|(image, prediction)| match prediction {
        Prediction::Detections(found) => coco::records(image as i64, found, &ids),
        Prediction::Classes(_) => Vec::new(),
    });
    coco::evaluate(&annotations, &records.collect::<Vec<_>>()).unwrap()
}

#[test]
fn the_detector_finds_shapes_in_float_and_in_int8() {
    let shipped = Shipped::open("shapes/shapes.onnx");
    let scenes = draw(&DETECTION, VALIDATION, 200);
    let calibration = Drawn { task: &shipped.task, scenes: draw(&DETECTION, CALIBRATION, 56) };
    let [float, int8] = shipped
        .both(&scenes, &calibration)
        .map(|predictions| average_precision(&scenes, &predictions).ap50.unwrap());
    println!("mAP@.5: float {float:.4}, int8 {int8:.4} ({:.2} %)", 100.0 * int8 / float);
    assert!(float >= 0.85, "{float}");
    assert!(int8 >= 0.99 * float, "{int8} of {float}");
}

#[test]
fn the_classifier_names_shapes_in_float_and_in_int8() {
    let shipped = Shipped::open("shape-classifier/shape_classifier.onnx");
    let scenes = draw(&CROP, CROP_VALIDATION, 1000);
    let calibration = Drawn { task: &shipped.task, scenes: draw(&CROP, CROP_CALIBRATION, 64) };
    let right = |predictions: Vec<Prediction>| {
        let first = predictions.iter().map(|prediction| match prediction {
            Prediction::Classes(ranked) => ranked[0].class,
            Prediction::Detections(_) => usize::MAX,
        });
        let truth = scenes.iter().map(|scene| scene.objects[0].class as usize);
        first.zip(truth).filter(|(found, truth)| found == truth).count()
    };
    let [float, int8] = shipped.both(&scenes, &calibration).map(right);
    println!("right of 1000: float {float}, int8 {int8}");
    assert!(float >= 900, "{float}");
    assert!(int8 * 100 >= float * 99, "{int8} of {float}");
}
