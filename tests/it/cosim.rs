//! The generated accelerator in Verilator against the reference: random layers, with and without stalls.
//!
//! All networks of a run share one design, so that it is compiled once.

use seigo::compile::schedule::{Pass, Source, Work};
use seigo::verify::cosim::{End, Timing, Verifier};

use crate::quantized::inputs;
use crate::rtl::{Bench, networks, target};

/// Runs `count` networks; every stored tensor and output must be the reference's.
fn run(pixels: u64, count: usize) {
    let graphs = networks(count, &target(pixels));
    let bench = Bench::new(&graphs, pixels);
    let stems = bench
        .builds
        .iter()
        .filter(|build| build.schedule().passes.iter().any(reads_pixels))
        .count();
    assert!(stems > count / 3, "{stems} of {count} networks use the stem unit");
    let (mut compared, mut cycles) = (0, 0);
    for (seed, build) in bench.builds.iter().enumerate() {
        let verifier = Verifier::new(build);
        let values = verifier.values(&inputs(build.graph(), seed as u64)).unwrap();
        let stalls = (seed % 2 == 1).then_some(seed as u64);
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
    let count = bench.builds.len();
    println!(
        "P={pixels}: {count} networks, {stems} with a stem, {compared} tensors, {cycles} cycles"
    );
    assert!(compared > count);
}

/// Whether the stem unit feeds a pass.
fn reads_pixels(pass: &Pass) -> bool {
    matches!(&pass.work, Work::Dense(dense) if matches!(dense.source, Source::Stem(_)))
}

#[test]
fn random_layers_are_bit_exact() {
    run(4, 60);
}

/// The same for the other widths of the array; each is a compilation of its own.
#[test]
#[ignore = "minutes of compilation; make test-cosim runs it"]
fn random_layers_are_bit_exact_at_every_width() {
    for pixels in [1, 2, 8] {
        run(pixels, 60);
    }
    run(4, 240);
}
