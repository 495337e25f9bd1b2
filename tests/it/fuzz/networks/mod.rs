//! Random networks from the bytes of an input, through the whole chain.

pub mod float;
mod oracle;

use std::collections::HashMap;

use seigo::Error;
use seigo::base::tensor::{DType, Tensor};
use seigo::compile::Compiled;
use seigo::compile::boards::Target;
use seigo::model::ceras::Model;
use seigo::model::qgraph::{Layer, QGraph, QValueId};
use seigo::quantize::ptq::{Options, quantize};
use seigo::software::engine::Engine;
use seigo::software::reference;

use crate::accelerator::{accelerable, compile, layers, simulate};
use crate::quantized::oracle::{self as exact, Stored};
use crate::quantized::{Choices, inputs, network};

/// What draws a network and runs it.
pub type Run = fn(&[u8]);

/// Every target of this kind, by name.
pub const ALL: [(&str, Run); 3] = [
    ("float_network", float_network),
    ("layers_network", layers_network),
    ("quantized_network", quantized_network),
];

/// Runs a target by its name.
///
/// # Panics
/// Where two ways to compute a network differ, and for a name that is none.
pub fn run(name: &str, bytes: &[u8]) {
    let found = ALL.iter().find(|(own, _)| *own == name).expect("a name of the table above");
    found.1(bytes);
}

/// A float network: executor, rewritten executor and a separate oracle agree; quantized, its integers agree everywhere.
fn float_network(bytes: &[u8]) {
    let net = float::Net::draw(bytes);
    net.check();
    let frames = net.frames();
    let Ok(quantized) = quantize(&net.graph, &frames, &Options::default(), &|_| ()).map_err(sound)
    else {
        return;
    };
    integers(&quantized.graph, &net.inputs(), bytes.len());
}

/// Quantized layers with extreme numbers, of which the accelerator does some.
fn quantized_network(bytes: &[u8]) {
    let graph = network(Choices::new(decisions(bytes)));
    let inputs = inputs(&graph, bytes.len() as u64);
    exact(&graph, &inputs);
    integers(&graph, &inputs, bytes.len());
    integers(&accelerable(graph), &inputs, bytes.len());
}

/// Layers of several planes, all of which the accelerator does.
fn layers_network(bytes: &[u8]) {
    let graph = layers::network(decisions(bytes));
    let inputs = inputs(&graph, bytes.len() as u64);
    integers(&graph, &inputs, bytes.len());
}

/// A decision for each byte, spread over 32 bits.
fn decisions(bytes: &[u8]) -> Vec<u32> {
    bytes.iter().map(|&byte| u32::from(byte) * 0x0101_0101).collect()
}

/// Every stored number of the reference is that of a separate interpreter in 128-bit integers.
fn exact(graph: &QGraph, inputs: &[Tensor]) {
    let mut observed = HashMap::new();
    let stored = |tensor: &Tensor| match tensor.dtype() {
        DType::F32 => Stored::Floats(tensor.values().expect("floats").to_vec()),
        _ => {
            let integers = tensor.to_i64s().expect("integers");
            Stored::Integers(integers.into_iter().map(i128::from).collect())
        }
    };
    reference::run_observed(graph, inputs, |id, tensor| {
        observed.insert(id.0, stored(tensor));
        Ok(())
    })
    .expect("the generator makes networks that run");
    assert_eq!(observed, exact::run(graph, inputs));
}

/// The engine gives the outputs of the reference, the model file keeps the network, and the program, where there is one,
/// computes every stored tensor.
fn integers(graph: &QGraph, inputs: &[Tensor], pick: usize) {
    let expected = reference::run(graph, inputs).expect("a network that was made runs");
    let engine = Engine::new(graph).expect("a network that was made is prepared");
    let mut values = HashMap::new();
    let found = engine.run_observed(inputs, |id, tensor| {
        values.insert(id, tensor.clone());
        Ok(())
    });
    let found = found.expect("it runs there too");
    reference::run_observed(graph, inputs, |id, tensor| {
        assert_eq!(
            values[&id],
            differences(graph, id, tensor),
            "the engine differs: {id:?} {:#?}",
            maker(graph, id)
        );
        Ok(())
    })
    .expect("a network that was made runs");
    assert_eq!(found, expected, "the engine differs");
    assert_eq!(
        engine.run(inputs).expect("it runs again"),
        expected,
        "the engine differs unobserved"
    );
    let model = Model::new(graph.clone());
    let file = model.to_bytes().expect("a network that runs can be written");
    assert_eq!(Model::from_bytes(&file).expect("what was written is read"), model);
    let compiled = compile(graph, &target([1, 2, 4, 8][pick % 4]));
    if let Ok(compiled) = compiled.map_err(sound) {
        simulated(&compiled, inputs);
    }
}

/// Stored integers as the engine carries them, `q - z` in single precision; floats as they are.
fn differences(graph: &QGraph, id: QValueId, tensor: &Tensor) -> Tensor {
    let value = graph.value(id);
    let Some((_, scales)) = value.integer() else { return tensor.clone() };
    let plane: usize = value.shape.iter().skip(2).product();
    let integers = tensor.to_i64s().expect("integers").into_iter().enumerate();
    let own =
        integers.map(|(at, q)| (q - i64::from(scales[at / plane % scales.len()].zero)) as f32);
    Tensor::new(tensor.shape(), own.collect()).expect("as many numbers")
}

/// The layer that makes a value.
fn maker(graph: &QGraph, id: QValueId) -> Option<&Layer> {
    graph.layers.iter().find(|layer| layer.outputs.contains(&id))
}

fn simulated(compiled: &Compiled, inputs: &[Tensor]) {
    if let Err(error) = simulate(compiled, inputs) {
        panic!("the program differs: {error}\n{:#?}", compiled.schedule());
    }
}

/// A built-in target of P pixels with memory enough for any of these networks.
fn target(pixels: u64) -> Target {
    let mut target = Target::load("kv260").expect("a built-in target");
    target.pixels = pixels;
    target.port_domains.banks = pixels;
    target
}

/// An error that is no defect.
fn sound(error: Error) {
    assert!(error.code().id != "SG0399", "a defect of ours: {error}");
}
