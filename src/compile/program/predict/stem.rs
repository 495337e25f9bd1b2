//! The stem unit before the dense array.

use super::{Model, Pass, WORD, f, image_pitch};

/// The stem unit: patches of a batch are ready at a time.
pub(super) struct Patches {
    stem: bool,
    /// Cycles of a group.
    group: u64,
    next: u64,
}

impl Patches {
    pub(super) fn new(model: &mut Model<'_>, pass: &Pass<'_>, ready: u64) -> Self {
        let d = pass.descriptor;
        let none = Self { stem: false, group: 0, next: 0 };
        let (true, Some(stem)) = (d.flag(f::FROM_STEM), model.design.stem) else { return none };
        let beats = (image_pitch(d.get(f::IN_WIDTH), stem.channels) / WORD) as u64;
        let rows = (stem.kernel - d.get(f::PAD_TOP).min(stem.kernel - 1)) as u64;
        let group = (d.get(f::STEPS) as u64).max(
            beats * stem.stride as u64 * model.design.pixels as u64
                / d.get(f::OUT_WIDTH).max(1) as u64,
        );
        Self { stem: true, group, next: ready + model.read_latency + rows * beats }
    }

    /// When the patches of the next batch are complete.
    pub(super) fn batch(&mut self, groups: u64) -> u64 {
        if !self.stem {
            return 0;
        }
        self.next += groups * self.group;
        self.next
    }
}
