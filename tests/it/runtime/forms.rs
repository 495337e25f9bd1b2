//! Layers with two forms: every choice of the library gives the tensors of the network that `model::forms` makes of that choice,
//! and what a context does with its choices changes no frame but the ones they are for.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use seigo::base::tensor::Tensor;
use seigo::model::ceras::Model;
use seigo::model::forms::{self, FloatForm};
use seigo::model::qgraph::{Operand, QGraph};
use seigo::software::engine::Engine;
use seigo::software::reference;

use super::{cases, command, kernels, observed, prepare, words};
use crate::ceras::repair;
use crate::quantized::{float_forms, runs};
use crate::support::quantized::classifier;

/// A network whose layers have float forms, and a choice between them.
pub fn with_forms(graph: &QGraph, seed: u64) -> (Model, Vec<bool>) {
    let mut model = Model::new(graph.clone());
    model.floats = float_forms(graph, seed);
    let chosen = (0..model.floats.len()).map(|at| seed >> (at % 64) & 1 == 1).collect();
    (model, chosen)
}

fn in_forms(model: &Model, chosen: &[bool]) -> QGraph {
    let position = |form: &FloatForm| model.floats.iter().position(|own| own == form).unwrap();
    forms::in_forms(&model.graph, &model.floats, &|form| chosen[position(form)])
}

/// The value of the mixed network that the library shows for one of the file: its floats, where there are some.
fn shown(mixed: &QGraph, file: &QGraph, index: usize) -> usize {
    let name = format!("{}:float", file.values[index].name);
    mixed.values.iter().position(|value| value.name == name).unwrap_or(index)
}

fn compare(model: &Model, chosen: &[bool], inputs: &[Tensor], kernels: &str) {
    let folder = tempfile::tempdir().unwrap();
    prepare(&folder, &model.to_bytes().unwrap(), inputs);
    let forms: String = chosen.iter().map(|&float| if float { '1' } else { '0' }).collect();
    let mut command = command("tensors");
    command.args(["model.ceras", "inputs", "tensors"].map(|name| folder.path().join(name)));
    let output = command.args([kernels, "2", &format!("forms{forms}")]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let mixed = in_forms(model, chosen);
    mixed.validate().unwrap();
    let mut all = vec![None; mixed.values.len()];
    reference::run_observed(&mixed, inputs, |id, tensor| {
        all[id.0] = Some(words(tensor));
        Ok(())
    })
    .unwrap();
    let own = observed(&folder);
    for (index, value) in model.graph.values.iter().enumerate() {
        let expected = &all[shown(&mixed, &model.graph, index)];
        assert_eq!(own.get(&index), expected.as_ref(), "{}, {kernels}", value.name);
    }
    // What leaves the network comes last, as the file holds it.
    for (at, output) in model.graph.outputs.iter().enumerate() {
        let leaving = u32::MAX as usize - at;
        assert_eq!(own.get(&leaving), all[output.value.0].as_ref(), "{}", output.name);
    }
    let fast = Engine::new(&mixed).unwrap().run(inputs).unwrap();
    assert_eq!(fast, reference::run(&mixed, inputs).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_choice_has_the_numbers_of_the_network_that_it_makes((graph, inputs) in runs(), seed: u64) {
        let (model, chosen) = with_forms(&graph, seed);
        for kernels in kernels() {
            compare(&model, &chosen, &inputs, kernels);
        }
        compare(&model, &vec![true; chosen.len()], &inputs, "best");
        compare(&model, &vec![false; chosen.len()], &inputs, "best");
        prop_assert_eq!(Model::from_bytes(&model.to_bytes().unwrap()).unwrap(), model);
    }
}

/// A concatenation of one result in float and one in integers is done in integers.
#[test]
fn a_movement_follows_only_what_is_all_in_float() {
    let mut runner = TestRunner::deterministic();
    let mut found = 0;
    while found < 5 {
        let (graph, inputs) = runs().new_tree(&mut runner).unwrap().current();
        let (model, _) = with_forms(&graph, 4);
        let form_of =
            |id| model.floats.iter().position(|own| graph.layers[own.layer].outputs[0] == id);
        let joins = graph.layers.iter().filter(|layer| layer.op.movement().is_some());
        let mut forms = joins.map(|layer| {
            let read = layer.inputs.iter().flatten().filter_map(Operand::value);
            read.map(form_of).collect::<Vec<_>>()
        });
        let Some(both) = forms.find(|all| {
            let mut own: Vec<_> = all.iter().flatten().collect();
            own.dedup();
            all.len() > 1 && all.iter().all(Option::is_some) && own.len() > 1
        }) else {
            continue;
        };
        found += 1;
        let chosen: Vec<_> = (0..model.floats.len()).map(|at| Some(at) == both[0]).collect();
        compare(&model, &chosen, &inputs, "best");
    }
}

/// What the program `forms` says of a model: its exit status and text.
fn say(model: &Model) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    prepare(&folder, &model.to_bytes().unwrap(), &crate::quantized::inputs(&model.graph, 3));
    let mut command = command("forms");
    let output = command.args(["model.ceras", "inputs"].map(|name| folder.path().join(name)));
    let output = output.output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Frames of one context in turn: integers, float, integers, as much float as fits no time and all of it, integers. The
/// program compares the frames with each other and with those of new contexts.
#[test]
fn a_switch_changes_no_other_frame() {
    let mut model = classifier();
    model.floats = float_forms(&model.graph, 1);
    assert!(!model.floats.is_empty());
    let (status, text) = say(&model);
    assert_eq!(status, Some(0), "{text}");
}

/// A file without the form that is asked for says so, and the next call works.
#[test]
fn a_form_that_is_not_there_is_refused() {
    let (status, text) = say(&classifier());
    assert_eq!(status, Some(2), "{text}");
    assert!(text.starts_with("error[SG0604]: the file holds no layer in float"), "{text}");
}

/// A section of float forms that breaks a rule is refused by both readers, by the same code.
#[test]
fn damaged_forms_are_refused() {
    let mut model = classifier();
    model.floats = float_forms(&model.graph, 1);
    let layers: Vec<_> = model.floats.iter().map(|form| form.layer).collect();
    assert_eq!(layers, [0, 1], "the stem and the layer behind it");
    let bytes = model.to_bytes().unwrap();
    for (what, good, bad, code) in [
        ("its order", "\"layer\":1", "\"layer\":0", "SG0506"),
        ("a layer that there is not", "\"layer\":1", "\"layer\":9", "SG0506"),
        ("a layer that moves", "\"layer\":1", "\"layer\":2", "SG0506"),
        ("what the layer does not read", "\"inputs\":[1", "\"inputs\":[0", "SG0506"),
        ("no layer", "\"layers\"", "\"lawyers", "SG0601"),
    ] {
        let mut bytes = bytes.clone();
        let text = |bytes: &[u8], text: &str| {
            bytes.windows(text.len()).rposition(|own| own == text.as_bytes())
        };
        let at = text(&bytes, good).unwrap();
        bytes[at..at + bad.len()].copy_from_slice(bad.as_bytes());
        repair(&mut bytes);
        assert_eq!(Model::from_bytes(&bytes).unwrap_err().code().id, code, "{what}");
        let folder = tempfile::tempdir().unwrap();
        let output = super::run(&folder, &bytes, &[], "best", "1");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.starts_with(&format!("error[{code}]: ")), "{what}: {text}");
    }
}
