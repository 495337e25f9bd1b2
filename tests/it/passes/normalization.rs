//! `fold-normalization`, and networks whose input only operators in float read.

use seigo::base::tensor::Tensor;
use seigo::compile::boards::Target;
use seigo::compile::{CompileOptions, Compiled};
use seigo::frontend::graph::{Graph, ValueId};
use seigo::frontend::onnx::Attribute;
use seigo::model::ceras::Model;
use seigo::quantize::ptq::{Frames, Options, quantize};
use seigo::session::Simulation;
use seigo::software::reference;
use seigo::verify::cosim;

use super::net::{Net, assert_becomes, assert_untouched, kinds, rewrite};

const NAME: &str = "fold-normalization";

/// (x - mean) / deviation, per channel or alike, in the spellings of exporters.
fn normalized(net: &mut Net, x: ValueId, spelling: usize) -> ValueId {
    let mean =
        if spelling.is_multiple_of(2) { net.random(&[1, 3, 1, 1]) } else { net.scalar(0.45) };
    let deviation =
        if spelling.is_multiple_of(3) { net.scalar(0.25) } else { net.positive(&[3, 1, 1]) };
    match spelling {
        0 | 1 => {
            let shifted = net.op("Sub", &[x, mean]);
            net.op("Div", &[shifted, deviation])
        }
        2 | 3 => {
            let scaled = net.op("Mul", &[deviation, x]);
            net.op("Add", &[mean, scaled])
        }
        4 => net.op("Sub", &[mean, x]),
        _ => {
            let byte = net.scalar(255.0);
            let unit = net.op("Div", &[x, byte]);
            let shifted = net.op("Sub", &[unit, mean]);
            net.op("Div", &[shifted, deviation])
        }
    }
}

/// A convolution of the normalized input, then another.
fn network(spelling: usize, pad: i64, group: i64) -> Graph {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 9, 8]);
    let y = normalized(&mut net, x, spelling);
    let inputs = if group == 1 { 3 } else { 1 };
    let mut parameters = vec![y, net.random(&[6, inputs, 3, 3])];
    if spelling.is_multiple_of(2) {
        parameters.push(net.random(&[6]));
    }
    let pads = Attribute::Ints(vec![pad; 4]);
    let attributes = [("pads", pads), ("group", Attribute::Int(group))];
    let y = net.with("Conv", &parameters, &attributes);
    let y = net.conv(y, [6, 8], 3);
    net.finish(&[y])
}

#[test]
fn scales_and_shifts_go_into_an_unpadded_convolution() {
    for (spelling, group) in (0..6).flat_map(|spelling| [(spelling, 1), (spelling, 3)]) {
        let first = if group == 1 { "Conv" } else { "Conv (grouped)" };
        assert_becomes(&network(spelling, 0, group), &[NAME], &[first, "Conv"]);
    }
}

#[test]
fn a_shift_stays_in_front_of_padding_and_a_scale_behind_it_goes() {
    for (spelling, left) in [(0, vec!["Sub"]), (1, vec!["Sub"]), (5, vec!["Div", "Sub"])] {
        let mut expected = left;
        expected.extend(["Conv", "Conv"]);
        assert_becomes(&network(spelling, 1, 1), &[NAME], &expected);
    }
    assert_untouched(&network(2, 1, 1), NAME);
    assert_untouched(&network(4, 2, 3), NAME);
    // Without a shift, padding does not matter.
    let mut net = Net::new();
    let x = net.input(&[1, 3, 9, 8]);
    let byte = net.scalar(255.0);
    let y = net.op("Div", &[x, byte]);
    let y = net.conv(y, [3, 4], 3);
    assert_becomes(&net.finish(&[y]), &[NAME], &["Conv"]);
}

#[test]
fn all_readers_take_it_or_none() {
    let branches = |last: &str| {
        let mut net = Net::new();
        let x = net.input(&[1, 3, 9, 8]);
        let y = normalized(&mut net, x, 1);
        let a = net.conv(y, [3, 4], 1);
        let b = match last {
            "Conv" => net.conv(y, [3, 4], 1),
            last => net.op(last, &[y]),
        };
        net.finish(&[a, b])
    };
    assert_becomes(&branches("Conv"), &[NAME], &["Conv", "Conv"]);
    assert_untouched(&branches("Relu"), NAME);
}

#[test]
fn only_the_input_is_normalized() {
    let mut net = Net::new();
    let x = net.input(&[1, 3, 9, 8]);
    let hidden = net.conv(x, [3, 4], 3);
    let two = net.scalar(2.0);
    let scaled = net.op("Mul", &[hidden, two]);
    let y = net.conv(scaled, [4, 4], 1);
    assert_untouched(&net.finish(&[y]), NAME);
}

/// Pixels of 0 to 1, a frame each.
struct Pixels;

impl Frames for Pixels {
    fn len(&self) -> usize {
        4
    }

    fn frame(&self, index: usize) -> seigo::Result<Vec<Tensor>> {
        let pixel = |at: usize| ((at * (index + 3)) as f32 * 0.37).sin() / 2.0 + 0.5;
        Ok(vec![Tensor::new(&[1, 3, 9, 8], (0..3 * 9 * 8).map(pixel).collect::<Vec<_>>())?])
    }
}

#[test]
fn frames_run_where_the_processor_comes_first() {
    let target = Target::load("zynq7020").unwrap();
    for (spelling, pad, first) in [(0, 1, true), (2, 1, true), (5, 0, false)] {
        let graph = network(spelling, pad, 1);
        let quantized = quantize(&graph, &Pixels, &Options::default(), &|_| ()).unwrap();
        let decibels = quantized.report.answer_sqnr;
        assert!(decibels > 30.0, "{decibels} dB");
        let input = quantized.graph.value(quantized.graph.inputs[0]);
        assert_eq!(input.integer().is_none(), first);
        let only = CompileOptions { accelerator_only: !first };
        let compiled = Compiled::new(Model::new(quantized.graph), &target, only).unwrap();
        let frame = Pixels.frame(2).unwrap();
        let ran = Simulation::new(&compiled).unwrap().run(&frame).unwrap();
        assert!(ran.is_exact() && ran.compared >= 2, "{:?} {:?}", ran.end, ran.mismatch);
        let rtl = cosim::Rtl::new(&compiled, cosim::compile(&compiled, false).unwrap());
        assert_eq!(rtl.run(&frame).unwrap(), reference::run(compiled.graph(), &frame).unwrap());
    }
}

#[test]
fn sources_of_folded_nodes_are_kept() {
    let graph = network(5, 0, 1);
    let (rewritten, places) = rewrite(&graph, &[NAME]);
    assert_eq!((places, kinds(&rewritten).len()), (3, 2));
    assert_eq!(rewritten.nodes[0].sources.len(), 4);
}
