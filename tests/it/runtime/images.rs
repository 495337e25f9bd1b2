//! Images of COCO through the crate's engine and the C++ library.

use std::path::Path;

use seigo::base::tensor::Tensor;
use seigo::model::ceras::Model;
use seigo::model::qgraph::QGraph;
use seigo::session::{Network, Options, Vision};
use seigo::software::engine::Engine;
use seigo::vision::task::folder::Files;
use seigo::vision::task::image;

use super::{compare_with, expected, kernels};
use crate::support::shared;

/// Compares every value of a frame of the engine, which gives integers as `q - z`.
fn compare_engine(
    engine: &Engine<'_>,
    graph: &QGraph,
    expected: &[(usize, Vec<u32>)],
    frame: &[Tensor],
) {
    let mut next = expected.iter();
    let run = engine.run_observed(frame, |id, tensor| {
        let (position, words) = next.next().unwrap();
        let value = graph.value(id);
        assert_eq!(*position, id.0, "{}", value.name);
        let plane: usize = value.shape.iter().skip(2).product();
        let found = tensor.values::<f32>().unwrap().iter().enumerate();
        let found = found.map(|(at, &number)| match value.integer() {
            None => number.to_bits(),
            Some((_, scales)) => {
                let zero = i32::from(scales[at / plane.max(1) % scales.len()].zero);
                (number as i32 + zero) as u32
            }
        });
        assert!(found.eq(words.iter().copied()), "{} differs", value.name);
        Ok(())
    });
    run.unwrap();
    assert!(next.next().is_none());
}

/// Of the detectors that `SEIGO_RUNTIME_DETECTORS` names, blanks between, by every set of kernels.
#[test]
#[ignore = "minutes for each model: make test-runtime"]
fn every_tensor_of_every_image_is_that_of_the_reference() {
    let Some(shared) = shared::folder() else { return };
    let files = Files::images(&shared.join("coco/eval")).unwrap().taken;
    let detectors = std::env::var("SEIGO_RUNTIME_DETECTORS").unwrap_or_default();
    if detectors.trim().is_empty() {
        println!("NOT TESTED: SEIGO_RUNTIME_DETECTORS names no detector");
    }
    for name in detectors.split_whitespace() {
        let graph = Model::load(Path::new(name)).unwrap().graph;
        let network = Network::open(Path::new(name), &Options::default()).unwrap();
        let vision = Vision::new(&network, None).unwrap();
        let engine = Engine::new(&graph).unwrap();
        for file in &files {
            let (input, _) = vision.task().preprocess(&image::read(file).unwrap()).unwrap();
            let frame = [input];
            let values = expected(&graph, &frame);
            compare_engine(&engine, &graph, &values, &frame);
            for kernels in kernels() {
                compare_with(&graph, &values, &frame, kernels, "1");
            }
        }
        println!("{name}: {} images, {} values of each", files.len(), graph.values.len());
    }
}
