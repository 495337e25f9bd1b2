//! The accelerator's program: encoded, proven and executed; every stored tensor is the reference's.

use proptest::prelude::*;
use seigo::compile::boards::Target;
use seigo::compile::program::{Design, check};
use seigo::compile::{CompileOptions, Compiled};
use seigo::model::ceras::Model;

use crate::accelerator::{accelerable, check as prove, compile, layers, outcome, simulate};
use crate::quantized::{graphs, inputs};

/// A built-in target with memory enough for any test.
fn target(pixels: u64) -> Target {
    let mut target = Target::load("kv260").unwrap();
    target.pixels = pixels;
    target.port_domains.banks = pixels;
    target
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_stored_tensor_is_that_of_the_reference(
        graph in graphs(),
        seed in any::<u64>(),
        pixels in prop::sample::select(vec![1u64, 2, 4, 8]),
    ) {
        let graph = accelerable(graph);
        let inputs = inputs(&graph, seed);
        match compile(&graph, &target(pixels)) {
            Ok(build) => simulate(&build, &inputs).map_err(|error| {
                TestCaseError::fail(format!("{error}\n{:#?}", build.schedule()))
            })?,
            Err(error) => prop_assert!(
                ["SG0901", "SG0702"].contains(&error.code().id), "{error}"
            ),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn layers_of_several_planes_are_exact(
        numbers in prop::collection::vec(any::<u32>(), 64..20_000),
        pixels in prop::sample::select(vec![1u64, 2, 4, 8]),
    ) {
        let seed = u64::from(numbers[0]);
        let graph = layers::network(numbers);
        graph.validate().unwrap();
        let build = compile(&graph, &target(pixels)).unwrap();
        simulate(&build, &inputs(&graph, seed)).map_err(|error| {
            TestCaseError::fail(format!("{error}\n{:#?}", build.schedule()))
        })?;
    }
}

/// The comparison can fail: a changed weight or lane parameter changes a stored tensor.
#[test]
fn changed_records_are_noticed() {
    let numbers =
        |seed: u32| (0..20_000u32).map(|i| (i + seed).wrapping_mul(2_654_435_761)).collect();
    let (mut changed, mut noticed) = (0, 0);
    for seed in 0..12 {
        let graph = layers::network(numbers(seed));
        let mut build = compile(&graph, &target(4)).unwrap();
        let inputs = inputs(&graph, 1);
        let original = build.program.stream.clone();
        // The first record begins behind the first descriptor; its first bytes are lane 0's bias.
        for byte in [320, 325, 320 + 128 + 3] {
            build.program.stream.clone_from(&original);
            build.program.stream[byte] ^= 0x55;
            changed += 1;
            noticed += usize::from(simulate(&build, &inputs).is_err());
        }
    }
    assert!(3 * noticed > changed, "{noticed} of {changed}");
}

/// The checker proves from the bytes that no sum leaves its accumulator.
#[test]
fn a_sum_beyond_its_accumulator_is_refused() {
    let graph = layers::network((0..20_000u32).map(|i| i.wrapping_mul(2_654_435_761)).collect());
    let build = compile(&graph, &target(4)).unwrap();
    let bits = build.design.accumulator_bits;
    assert!((20..=32).contains(&bits), "{bits}");
    let check = |accumulator_bits: u32| {
        let design = Design { accumulator_bits, ..build.design.clone() };
        check::check(&build.program.stream, &design, build.program.buffers)
    };
    check(bits).unwrap();
    let error = check(12).unwrap_err();
    assert_eq!(error.code().id, "SG0902");
    assert!(error.message().contains("beyond the 12 bits of an accumulator"), "{error}");
}

/// The checker holds what a pass uses against what the hardware is built with: shifts of the stem unit, residuals.
#[test]
fn a_pass_that_uses_what_is_not_built_is_refused() {
    let model = Model::load("tests/fixtures/colors.ceras".as_ref()).unwrap();
    let target = Target::load("kv260").unwrap();
    let build = Compiled::new(model, &target, CompileOptions::default()).unwrap();
    let check = |design: Design| {
        check::check(&build.program.stream, &design, build.program.buffers)
            .map_err(|error| error.message().to_owned())
    };
    let design = || build.design.clone();
    check(design()).unwrap();
    let error = check(Design { stem_shifts: design().stem_shifts << 1, ..design() }).unwrap_err();
    assert!(error.contains("a window of the stem unit begins at byte"), "{error}");
    let error = check(Design { residual: 0, ..design() }).unwrap_err();
    assert!(error.contains("which the lanes lack"), "{error}");
}

/// Most random graphs run on the accelerator, so that the test above says something.
#[test]
fn most_random_graphs_are_built() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..300 {
        let graph = accelerable(graphs().new_tree(&mut runner).unwrap().current());
        *counts.entry(outcome(compile(&graph, &target(4)))).or_insert(0) += 1;
    }
    println!("{counts:#?}");
    assert!(counts.get("built").copied().unwrap_or(0) > 150, "{counts:#?}");
}

/// Flipping any byte of a program is noticed by its checker or changes nothing that it proves.
#[test]
fn damage_is_noticed() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut checked = 0;
    for _ in 0..60 {
        let graph = accelerable(graphs().new_tree(&mut runner).unwrap().current());
        let Ok(build) = compile(&graph, &target(4)) else { continue };
        let entries = build.program.entries.clone();
        for entry in entries {
            for byte in (0..320).step_by(7) {
                let mut stream = build.program.stream.clone();
                stream[entry.offset + byte] ^= 1 << (byte % 8);
                let error = prove(&build, &stream).unwrap_err();
                assert_eq!(error.code().id, "SG0902", "{error}");
                checked += 1;
            }
        }
    }
    assert!(checked > 1000);
}
