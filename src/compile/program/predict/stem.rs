//! The stem unit before the dense array.

use super::bus::Others;
use super::{Model, Pass, WORD, f, image_pitch};

/// The stem unit: patches of a batch are ready at a time.
#[derive(Default)]
pub(super) struct Patches {
    stem: bool,
    /// Cycles of a group.
    group: u64,
    next: u64,
    /// Beats of the image from `from` on until the next batch is complete: those of the first rows, then times [`SCALE`] those
    /// of a group.
    from: u64,
    first: u64,
    beats: u64,
    groups: u64,
    others: Others,
}

/// Unit of beats that are an average.
const SCALE: u64 = 1 << 12;

impl Patches {
    pub(super) fn new(model: &mut Model<'_>, pass: &Pass<'_>, ready: u64) -> Self {
        let d = pass.descriptor;
        let (true, Some(stem)) = (d.flag(f::FROM_STEM), model.design.stem) else {
            return Self::default();
        };
        let beats = (image_pitch(d.get(f::IN_WIDTH), stem.channels) / WORD) as u64;
        let rows = (stem.kernel - d.get(f::PAD_TOP).min(stem.kernel - 1)) as u64;
        let row = beats * stem.stride as u64 * model.design.pixels as u64;
        let width = d.get(f::OUT_WIDTH).max(1) as u64;
        let from = ready + model.read_latency;
        let all = beats * d.get(f::IN_HEIGHT) as u64;
        Self {
            stem: true,
            group: (d.get(f::STEPS) as u64).max(row / width),
            next: from + rows * beats,
            from,
            first: rows * beats,
            beats: SCALE * row / width,
            groups: 0,
            others: model.bus.image(from, all),
        }
    }

    /// When the patches of the next batch are complete.
    pub(super) fn batch(&mut self, groups: u64) -> u64 {
        if !self.stem {
            return 0;
        }
        self.groups += groups;
        let beats = self.first + self.groups * self.beats / SCALE;
        self.next = (self.next + groups * self.group).max(self.from + self.others.beside(beats));
        self.next
    }
}
