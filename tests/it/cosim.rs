//! The generated accelerator in Verilator against the reference: random layers, with and without stalls.
//!
//! All networks of a run share one design, so that it is compiled once.

use proptest::prelude::any;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use seigo::base::random::Random;
use seigo::compile::Compiled;
use seigo::compile::boards::Target;
use seigo::compile::schedule::{Pass, Source, Work};
use seigo::model::qgraph::QGraph;
use seigo::verify::cosim::{End, Timing, Verifier};

use crate::accelerator::{compile, simulate};
use crate::networks::{self, Net, Shape};
use crate::quantized::{Choices, inputs};
use crate::rtl::{self, Bench, target};

/// Runs `count` networks; every stored tensor and output must be the reference's.
fn run(pixels: u64, count: usize) {
    let graphs = rtl::networks(count, &target(pixels));
    let bench = Bench::new(&graphs, pixels);
    let stems = bench
        .builds
        .iter()
        .filter(|build| build.schedule().passes.iter().any(reads_pixels))
        .count();
    assert!(stems > count / 3, "{stems} of {count} networks use the stem unit");
    let (compared, cycles) = compare(&bench, 0);
    println!(
        "P={pixels}: {count} networks, {stems} with a stem, {compared} tensors, {cycles} cycles"
    );
    assert!(compared > count);
}

/// A frame of each network, of seeds from `first` on, odd ones with stalls: the tensors that were compared and the cycles.
fn compare(bench: &Bench, first: u64) -> (usize, u64) {
    let (mut compared, mut cycles) = (0, 0);
    for (seed, build) in (first..).zip(&bench.builds) {
        let verifier = Verifier::new(build);
        let values = verifier.values(&inputs(build.graph(), seed)).unwrap();
        let stalls = (seed % 2 == 1).then_some(seed);
        let mut device = bench.device(build, &values, Timing { stalls, ..Timing::default() });
        let frame = verifier.run(&mut device, &values).unwrap();
        assert_eq!(frame.end, End::Done, "network {seed}");
        assert_eq!(frame.mismatch, None, "network {seed}: {:#?}", build.schedule());
        for (cause, &cycles) in frame.stalls.iter().enumerate() {
            let passes = frame.passes.iter().map(|pass| pass.held_up[cause]);
            assert_eq!(passes.sum::<u64>(), u64::from(cycles), "the counter of cause {cause}");
        }
        compared += frame.compared;
        cycles += frame.cycles;
    }
    (compared, cycles)
}

/// Whether the stem unit feeds a pass.
fn reads_pixels(pass: &Pass) -> bool {
    matches!(&pass.work, Work::Dense(dense) if matches!(dense.source, Source::Stem(_)))
}

#[test]
fn random_layers_are_bit_exact() {
    run(4, 60);
}

/// A tensor that is read with a stride of 2, mostly beside readers that take whole groups, at times beside others.
fn halved(random: &mut Random) -> QGraph {
    let mut pick = |choices: &[usize]| choices[random.below(choices.len() as u64) as usize];
    let (mut net, image) = Net::new("halved", pick(&[16, 32]), pick(&[16, 23, 24, 32, 40]));
    let body = Shape::square(pick(&[1, 3]), 1);
    let body = net.conv("body", image, pick(&[32, 40, 64]), body, None);
    let down = Shape::square(pick(&[1, 2, 3, 3, 5]), 2);
    let down = net.conv("down", body, pick(&[16, 32]), down, None);
    net.output(down);
    let beside = pick(&[0, 1, 2, 3, 4]);
    if beside == 1 {
        let other = net.linear("other", body, 16);
        net.output(other);
    }
    if beside == 2 {
        let joined = net.concat("joined", &[body, image]);
        let mixed = net.conv("mixed", joined, 16, Shape::POINT, None);
        net.output(mixed);
    }
    if beside == 3 {
        let sum = net.conv("sum", body, 16, Shape::square(3, 1), None);
        net.output(sum);
    }
    net.finish()
}

/// Strides of 2 on tensors by parity, whole and in strips.
fn run_halved(pixels: u64, count: usize) {
    let roomy = target(pixels);
    let mut random = Random::new(11, pixels);
    let mut builds: Vec<Compiled> = Vec::new();
    for seed in 0..count {
        let graph = halved(&mut random);
        let whole = compile(&graph, &roomy).unwrap();
        let blocks = whole.plan.placed.packing.height.div_ceil(roomy.block_bytes);
        let memory_bytes = (1 + random.below(blocks)) * roomy.block_bytes;
        let tight = Target { memory_bytes, ..roomy.clone() };
        let own = [Some(whole), compile(&graph, &tight).ok()];
        for build in own.into_iter().flatten() {
            simulate(&build, &inputs(&graph, seed as u64)).unwrap();
            builds.push(build);
        }
    }
    let by_parity = |build: &&Compiled| build.schedule().stored.iter().any(|own| own.by_parity);
    let [parity, strips] = [
        builds.iter().filter(by_parity).count(),
        builds.iter().filter(|own| !own.plan.groups.is_empty()).count(),
    ];
    let (compared, cycles) = compare(&Bench::of(builds), 0);
    println!(
        "P={pixels}: {parity} by parity, {strips} in strips, {compared} tensors, {cycles} cycles"
    );
    assert!(pixels == 1 || parity > count / 2);
    assert!(strips > count / 4);
}

#[test]
fn strides_of_two_are_bit_exact_by_parity() {
    run_halved(4, 24);
}

/// The same for the other widths of the array; each is a compilation of its own.
#[test]
#[ignore = "minutes of compilation; make test-cosim runs it"]
fn random_layers_are_bit_exact_at_every_width() {
    for pixels in [1, 2, 8] {
        run(pixels, 60);
    }
    run(4, 240);
    for pixels in [1, 2, 8] {
        run_halved(pixels, 40);
    }
}

/// Random networks in memories that hold them in strips only, each with hardware of its own.
fn run_in_small_memories(pixels: u64, count: usize) {
    let roomy = target(pixels);
    let mut runner = TestRunner::deterministic();
    let numbers = proptest::collection::vec(any::<u32>(), 0..200);
    let mut random = Random::new(13, pixels);
    let (mut drawn, mut done, mut sums) = (0, 0, [0; 2]);
    while done < count {
        drawn += 1;
        assert!(drawn < 100 * count, "{done} of {drawn} networks run in strips");
        let mut choices = Choices::new(numbers.new_tree(&mut runner).unwrap().current());
        let graph = networks::random_of([40, 56, 35, 48], &mut |limit| choices.below(limit));
        let Ok(whole) = compile(&graph, &roomy) else { continue };
        let blocks = whole.plan.placed.packing.height.div_ceil(roomy.block_bytes);
        let memory_bytes = (1 + random.below(blocks)) * roomy.block_bytes;
        let tight = Target { memory_bytes, ..roomy.clone() };
        let Ok(build) = compile(&graph, &tight) else { continue };
        if build.plan.groups.is_empty() {
            continue;
        }
        simulate(&build, &inputs(&graph, done as u64)).unwrap();
        let (compared, cycles) = compare(&Bench::of(vec![build]), done as u64);
        println!(
            "P={pixels}: network {drawn} in {memory_bytes} B, {compared} tensors, {cycles} cycles"
        );
        sums = [sums[0] + compared as u64, sums[1] + cycles];
        done += 1;
    }
    println!("P={pixels}: {count} networks in strips, {} tensors, {} cycles", sums[0], sums[1]);
}

#[test]
#[ignore = "minutes of compilation; make test-cosim runs it"]
fn random_networks_in_strips_are_bit_exact() {
    run_in_small_memories(1, 20);
    run_in_small_memories(4, 20);
}
