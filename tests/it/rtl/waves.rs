//! A difference is found in its pass, and a wave file of that pass alone is written.

use seigo::verify::cosim::{Timing, Verifier, Waves};

use super::{Bench, networks, target};
use crate::quantized::inputs;

#[test]
fn a_changed_weight_is_found_and_its_pass_recorded() {
    let graphs = networks(12, &target(4));
    let bench = Bench::new(&graphs, 4).traced();
    let build = bench.builds.iter().max_by_key(|build| build.program.entries.len()).unwrap();
    let verifier = Verifier::new(build);
    let values = verifier.values(&inputs(build.graph(), 1)).unwrap();
    let mut device = bench.device(build, &values, Timing::default());
    let dense = |pass: &seigo::compile::schedule::Pass| {
        matches!(pass.work, seigo::compile::schedule::Work::Dense(_))
    };
    let pass = build.schedule().passes.iter().position(dense).unwrap();
    // The records follow the descriptor; the first is lane 0's bias.
    let bias = build.program.entries[pass].offset + 4 * seigo::compile::program::fields::WORDS;
    device.memory.regions[0].bytes[bias + 1] ^= 0x40;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("difference.fst");
    let waves = Waves { path: &path, passes: pass..pass + 1 };
    let frame = verifier.run_with(&mut device, &values, Some(&waves)).unwrap();
    let mismatch = frame.mismatch.unwrap();
    assert_eq!((mismatch.pass, mismatch.difference.channel), (pass, 0));
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size > 1000, "{size} bytes of waves");
}
