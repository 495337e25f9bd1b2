//! Networks with several inputs: calibration from a folder for each, and frames on the accelerator.

use seigo::base::error::codes;
use seigo::base::npy;
use seigo::base::tensor::Tensor;
use seigo::compile::boards::Target;
use seigo::compile::{CompileOptions, Compiled};
use seigo::frontend::graph::Graph;
use seigo::model::ceras::Model;
use seigo::quantize::ptq::{Frames, Options, quantize};
use seigo::session::network::Interface;
use seigo::session::{Calibration, Simulation};

use crate::passes::net::Net;

/// Two planes through a convolution each, then their sum.
fn network() -> Graph {
    let mut net = Net::new();
    let (left, right) = (net.input(&[1, 3, 6, 7]), net.input(&[1, 3, 6, 7]));
    let (a, b) = (net.conv(left, [3, 16], 3), net.conv(right, [3, 16], 1));
    let joined = net.op("Add", &[a, b]);
    let y = net.conv(joined, [16, 8], 3);
    net.finish(&[y])
}

fn frame(seed: usize) -> Tensor {
    let wave = |at: usize| ((at * (seed + 3)) as f32 * 0.37).sin() * (1 + seed % 2) as f32;
    Tensor::new(&[1, 3, 6, 7], (0..3 * 6 * 7).map(wave).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_folder_for_each_input_calibrates_and_the_accelerator_is_exact() {
    let graph = network();
    let network = Interface::of_graph(&graph);
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.onnx");
    let open = || Calibration::for_network(folder.path(), &network, &model, None);
    let refused = |what: &str| {
        let error = open().unwrap_err();
        assert_eq!(error.code(), &codes::CALIBRATION);
        let text = error.message();
        assert!(text.contains("the 2 inputs input1, input2") && text.contains(what), "{text}");
    };
    let write = |file: &str, seed| npy::write(&folder.path().join(file), &frame(seed)).unwrap();

    write("0.npy", 0);
    refused("input1 is no folder");
    std::fs::create_dir(folder.path().join("input1")).unwrap();
    std::fs::create_dir(folder.path().join("input2")).unwrap();
    refused("input1 holds no .npy file");
    for name in 0..5 {
        write(&format!("input1/{name}.npy"), name);
        write(&format!("input2/{name}.npy"), name + 10);
    }
    write("input2/5.npy", 5);
    refused("5.npy is given for one input");
    write("input1/5.npy", 5);

    let calibration = open().unwrap();
    assert_eq!(calibration.len(), 6);
    assert_eq!(calibration.tensors(3).unwrap(), [frame(3), frame(13)]);
    assert!(calibration.tensors(6).is_err());
    let quantized = quantize(&graph, &calibration, &Options::default(), &|_| ()).unwrap();
    let decibels = quantized.report.answer_sqnr;
    assert!(decibels > 30.0, "{decibels} dB");
    let only = CompileOptions { accelerator_only: true };
    let target = Target::load("zynq7020").unwrap();
    let compiled = Compiled::new(Model::new(quantized.graph), &target, only).unwrap();
    let ran = Simulation::new(&compiled).unwrap().run(&[frame(20), frame(31)]).unwrap();
    assert!(ran.is_exact() && ran.compared >= 2, "{:?} {:?}", ran.end, ran.mismatch);
}

/// On some file systems they would be one folder, and both inputs would get the same tensors.
#[test]
fn inputs_that_would_share_a_folder_are_refused() {
    let graph = network();
    let mut network = Interface::of_graph(&graph);
    (network.inputs[0].0, network.inputs[1].0) = ("left/Eye", "left:eye");
    let folder = tempfile::tempdir().unwrap();
    let error = Calibration::for_network(folder.path(), &network, folder.path(), None).unwrap_err();
    assert_eq!(error.code(), &codes::CALIBRATION);
    assert!(error.message().contains("share the folder \"left_eye\""), "{}", error.message());
}
