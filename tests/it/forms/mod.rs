//! Forms of networks as exporters write them, in random variants: float against int8 on the reference, the
//! engine and the program of the accelerator.

mod between;
mod depthwise;
mod enlarged;
mod heads;
mod joined;
mod magnitudes;
mod maxima;
mod outputs;
mod pools;
mod products;
mod renamed;
mod sequences;
mod slopes;
mod spelled;
mod standing;

use seigo::Result;
use seigo::base::random::Samples;
use seigo::base::tensor::Tensor;
use seigo::compile::boards::Target;
use seigo::compile::{CompileOptions, Compiled};
use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::frontend::rewrites;
use seigo::model::ceras::Model;
use seigo::model::qgraph::QGraph;
use seigo::quantize::ptq::{Frames, Options, quantize};
use seigo::session::Simulation;
use seigo::software::engine::Engine;
use seigo::software::executor::Executor;
use seigo::software::reference;

use crate::accelerator::simulate;
use crate::passes::net::Net;

/// Random frames of one input, from -1 to 1.
struct Noise(Vec<usize>);

impl Frames for Noise {
    fn len(&self) -> usize {
        8
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        Ok(vec![random(&mut Samples::new(index as u64 + 1), &self.0, 1.0)])
    }
}

/// Random numbers from `-scale` to `scale`.
fn random(samples: &mut Samples, shape: &[usize], scale: f32) -> Tensor {
    let number = |_| scale * (2.0 * samples.below_one() as f32 - 1.0);
    Tensor::new(shape, (0..shape.iter().product()).map(number).collect::<Vec<_>>()).unwrap()
}

/// A square convolution of random weights that keeps the plane's size and gives numbers of about `scale` for
/// inputs of about 1.
fn conv(
    net: &mut Net,
    samples: &mut Samples,
    input: ValueId,
    [from, to, kernel]: [usize; 3],
    scale: f32,
) -> ValueId {
    let fan = (from * kernel * kernel) as f32;
    let weight = random(samples, &[to, from, kernel, kernel], 2.5 * scale / fan.sqrt());
    let weight = net.tensor(weight);
    let bias = random(samples, &[to], 0.2 * scale);
    let bias = net.tensor(bias);
    let pads = Attribute::Ints(vec![(kernel / 2) as i64; 4]);
    net.with("Conv", &[input, weight, bias], &[("pads", pads)])
}

/// A form, quantized.
struct Form {
    graph: QGraph,
    frames: Noise,
    /// Signal to noise of the worst output, in dB.
    decibels: f64,
}

impl Form {
    /// Quantizes a network and compares the engine with the float network as it came in, and with the
    /// reference.
    fn new(graph: &Graph, options: &Options) -> Result<Self> {
        let frames = Noise(graph.fact(graph.inputs[0]).shape.clone());
        let quantized = quantize(graph, &frames, options, &|_| ())?.graph;
        let input = frames.frame(3)?;
        let exact = Executor::new(graph).run(&input)?;
        let got = Engine::new(&quantized)?.run(&input)?;
        assert_eq!(got, reference::run(&quantized, &input)?, "engine and reference");
        let decibels = exact.iter().zip(&got).map(|(exact, got)| decibels(exact, got));
        let decibels = decibels.fold(f64::INFINITY, f64::min);
        Ok(Self { graph: quantized, frames, decibels })
    }

    /// The program for a target whose processor does nothing, run in the simulator of programs.
    fn compile(&self) -> Compiled {
        let only = CompileOptions { accelerator_only: true };
        let target = Target::load("kv260").unwrap();
        let compiled = Compiled::new(Model::new(self.graph.clone()), &target, only).unwrap();
        simulate(&compiled, &self.frames.frame(5).unwrap()).unwrap();
        compiled
    }

    /// The same in the Verilog, bit for bit.
    fn verify(&self) {
        let compiled = self.compile();
        let input = self.frames.frame(2).unwrap();
        let frame = Simulation::new(&compiled).unwrap().run(&input).unwrap();
        assert!(frame.is_exact(), "{:?} {:?}", frame.end, frame.mismatch);
    }
}

/// Signal to noise.
fn decibels(exact: &Tensor, got: &Tensor) -> f64 {
    assert_eq!(exact.shape(), got.shape());
    let pairs = exact.values::<f32>().unwrap().iter().zip(got.values::<f32>().unwrap());
    let (signal, noise) = pairs.fold((0.0, 0.0), |(signal, noise), (&exact, &got)| {
        let (exact, got) = (f64::from(exact), f64::from(got));
        (signal + exact * exact, noise + (exact - got) * (exact - got))
    });
    10.0 * (signal / noise.max(1e-30)).log10()
}

/// A network of these outputs after the standard rewrites, as the command line quantizes it.
fn imported(net: Net, outputs: &[ValueId]) -> Graph {
    let mut graph = net.finish(outputs);
    rewrites::run(&mut graph, rewrites::STANDARD).unwrap();
    graph
}
