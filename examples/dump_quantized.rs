//! Runs a quantized ONNX model on one image or tensor and writes what comparisons with other
//! runtimes need: `FOLDER/exact.onnx`, the input, and every value as raw little-endian f32
//! (stored integers as numbers) with an index `values.json`.
//!
//! `cargo run --release --example dump_quantized -- MODEL IMAGE FOLDER`

use std::path::Path;

use prost::Message as _;
use seigo::engine::Engine;
use seigo::error::Result;
use seigo::onnx::Model;
use seigo::qgraph::QGraph;
use seigo::qonnx::{ImportOptions, export, import};
use seigo::tensor::Tensor;
use serde_json::json;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, image, folder] = &arguments[..] else {
        eprintln!("usage: dump_quantized MODEL IMAGE FOLDER");
        std::process::exit(2);
    };
    if let Err(error) = dump(Path::new(model), Path::new(image), Path::new(folder)) {
        eprintln!("{error}");
        std::process::exit(2);
    }
}

fn dump(model: &Path, image: &Path, folder: &Path) -> Result<()> {
    let graph = import(&Model::load(model)?, &ImportOptions::default())?;
    let input = picture(image, &graph.value(graph.inputs[0]).shape)?;
    seigo::files::write(&folder.join("exact.onnx"), &export::exact(&graph)?.encode_to_vec())?;
    write(folder, "input", input.values::<f32>()?)?;
    let mut index = Vec::new();
    let outputs = Engine::new(&graph)?.run_observed(&[input], |id, tensor| {
        let value = graph.value(id);
        let file = format!("value{}", id.0);
        write(folder, &file, &stored(&graph, id.0, tensor)?)?;
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
    seigo::files::write(&folder.join("values.json"), &text)
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
        seigo::Error::new(&seigo::error::codes::IMAGE_DECODE, error.to_string())
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
    seigo::files::write(&folder.join(file), &bytes)
}
