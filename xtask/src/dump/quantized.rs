//! Runs a quantized model on one image and writes what comparisons with other runtimes need:
//! the exports, the input, and every value as raw little-endian f32
//! (stored integers as numbers) with an index `values.json`.
//!
//! With a folder of calibration images, a float model is quantized first (16 images); without, the
//! model is a .ceras file or an ONNX file that is quantized already.

use std::path::{Path, PathBuf};

use seigo::base::error::Result;
use seigo::base::tensor::Tensor;
use seigo::frontend::graph::Graph;
use seigo::frontend::onnx::Model;
use seigo::model::ceras;
use seigo::model::qgraph::QGraph;
use seigo::quantize::ptq::{self, Frames};
use seigo::quantize::qonnx::{ImportOptions, export, import};
use seigo::software::engine::Engine;
use serde_json::json;

/// Writes them for a model and an image into a folder.
///
/// # Errors
/// Those of reading, quantizing, running and exporting the model, and of writing a file.
pub fn run(model: &Path, image: &Path, folder: &Path, calibration: Option<&Path>) -> Result<()> {
    let graph = if model.extension().is_some_and(|extension| extension == "ceras") {
        ceras::Model::load(model)?.graph
    } else {
        let model = Model::load(model)?;
        match calibration {
            Some(images) => quantized(&model, images)?,
            None => import(&model, &ImportOptions::default())?,
        }
    };
    dump(&graph, image, folder)
}

/// Images of one shape.
struct Pictures {
    files: Vec<PathBuf>,
    shape: Vec<usize>,
}

impl Frames for Pictures {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        Ok(vec![picture(&self.files[index], &self.shape)?])
    }
}

fn quantized(model: &Model, images: &Path) -> Result<QGraph> {
    let graph = Graph::from_model(model, &Default::default())?;
    let mut files: Vec<PathBuf> =
        images.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.truncate(16);
    let frames = Pictures { files, shape: graph.fact(graph.inputs[0]).shape.clone() };
    let done = ptq::quantize(&graph, &frames, &ptq::Options::default(), &|_| ())?;
    Ok(done.graph)
}

fn dump(graph: &QGraph, image: &Path, folder: &Path) -> Result<()> {
    let input = picture(image, &graph.value(graph.inputs[0]).shape)?;
    export::exact(graph)?.write(&folder.join("exact.onnx"))?;
    let forms = [
        ("qdq.onnx", export::Functions::Tables),
        ("qdq_operators.onnx", export::Functions::Operators),
    ];
    for (file, functions) in forms {
        export::qdq(graph, functions)?.write(&folder.join(file))?;
    }
    write(folder, "input", input.values::<f32>()?)?;
    let mut index = Vec::new();
    let outputs = Engine::new(graph)?.run_observed(&[input], |id, tensor| {
        let value = graph.value(id);
        let file = format!("value{}", id.0);
        write(folder, &file, &stored(graph, id.0, tensor)?)?;
        let exponents = value
            .integer()
            .map(|(_, scales)| scales.iter().map(|scale| scale.exponent).collect::<Vec<_>>());
        index.push(json!({
            "name": value.name, "file": file, "shape": value.shape, "exponents": exponents,
        }));
        Ok(())
    })?;
    for (output, tensor) in graph.outputs.iter().zip(outputs) {
        let file = format!("output_{}", output.name);
        write(folder, &file, tensor.values::<f32>()?)?;
        index.push(json!({"output": output.name, "file": file, "shape": tensor.shape()}));
    }
    let text = serde_json::to_vec(&index).unwrap_or_default();
    seigo::base::files::write(&folder.join("values.json"), &text)
}

/// The integers of a value as they are stored; floats as they are.
fn stored(graph: &QGraph, value: usize, tensor: &Tensor) -> Result<Vec<f32>> {
    let value = &graph.values[value];
    let Some((_, scales)) = value.integer() else { return Ok(tensor.values::<f32>()?.to_vec()) };
    let plane: usize = value.shape.iter().skip(2).product::<usize>().max(1);
    let numbers = tensor.values::<f32>()?.iter().enumerate();
    Ok(numbers
        .map(|(index, number)| number + f32::from(scales[index / plane % scales.len()].zero))
        .collect())
}

/// An image in the top left corner, blue, green, red from 0 to 255, the rest 114.
fn picture(path: &Path, shape: &[usize]) -> Result<Tensor> {
    let fail = |error: image::ImageError| {
        seigo::Error::new(&seigo::base::error::codes::IMAGE_DECODE, error.to_string())
    };
    let (height, width) = (shape[2] as u32, shape[3] as u32);
    let picture = image::open(path).map_err(fail)?;
    let picture = picture.resize(width, height, image::imageops::FilterType::Triangle).to_rgb8();
    let mut values = vec![114f32; shape.iter().product()];
    let plane = (height * width) as usize;
    for (x, y, pixel) in picture.enumerate_pixels() {
        for channel in 0..3 {
            values[channel * plane + (y * width + x) as usize] = pixel.0[2 - channel].into();
        }
    }
    Tensor::new(shape, values)
}

fn write(folder: &Path, file: &str, values: &[f32]) -> Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    seigo::base::files::write(&folder.join(file), &bytes)
}
