//! A network on a device of its own, for tests that need one frame after the other.

use seigo::compile::Compiled;
use seigo::verify::cosim::{Device, End, Timing, Values, Verifier};

use super::Bench;
use crate::quantized::inputs;

/// A network with several passes, its device and what is right.
pub struct Rig<'a> {
    pub bench: &'a Bench,
    pub build: &'a Compiled,
    pub values: Values,
    pub device: Device,
    /// Whether the memory stalls.
    pub stalls: bool,
}

impl<'a> Rig<'a> {
    pub fn new(bench: &'a Bench, stalls: Option<u64>) -> Self {
        let build = bench.builds.iter().max_by_key(|build| build.program.entries.len()).unwrap();
        let values = Verifier::new(build).values(&inputs(build.graph(), 1)).unwrap();
        let device = bench.device(build, &values, Timing { stalls, ..Timing::default() });
        let mut rig = Self { bench, build, values, device, stalls: stalls.is_some() };
        rig.is_right();
        rig
    }

    pub fn words(&self) -> usize {
        self.build.program.stream.len() / 32
    }

    /// A whole frame is right.
    pub fn is_right(&mut self) {
        let frame = Verifier::new(self.build).run(&mut self.device, &self.values).unwrap();
        assert_eq!((frame.end, frame.mismatch), (End::Done, None));
    }
}
