//! The partial packing that the exact search changes and restores.

use super::super::instance::Instance;

/// A partial packing: what is placed, and where every other buffer would rest.
///
/// A buffer *rests* at its skyline, the highest end of the placed buffers that overlap it. A
/// *barred* buffer will not rest there: the search has already looked at all packings in which it
/// does, so it must end up on a buffer that is still to be placed.
pub struct State<'a> {
    /// What is packed.
    pub instance: &'a Instance,
    /// Offset of placed buffers.
    pub offset: Vec<u64>,
    /// Whether a buffer is placed.
    pub placed: Vec<bool>,
    /// Where a buffer would rest; kept up for those that are not placed.
    pub skyline: Vec<u64>,
    /// Whether a buffer will not rest at its skyline.
    pub barred: Vec<bool>,
    trail: Vec<Change>,
}

enum Change {
    Placed(u32),
    Raised { buffer: u32, skyline: u64, barred: bool },
    Barred(u32),
}

impl<'a> State<'a> {
    /// Nothing is placed.
    pub fn new(instance: &'a Instance) -> Self {
        let count = instance.count();
        Self {
            instance,
            offset: vec![0; count],
            placed: vec![false; count],
            skyline: vec![0; count],
            barred: vec![false; count],
            trail: Vec::new(),
        }
    }

    /// A mark to which [`State::undo`] returns.
    pub fn mark(&self) -> usize {
        self.trail.len()
    }

    /// Puts `buffer` down where it rests.
    pub fn place(&mut self, buffer: usize) {
        let instance = self.instance;
        self.offset[buffer] = self.skyline[buffer];
        self.placed[buffer] = true;
        self.trail.push(Change::Placed(buffer as u32));
        let end = self.offset[buffer] + instance.size[buffer];
        for other in instance.neighbors(buffer) {
            if !self.placed[other] && self.skyline[other] < end {
                self.trail.push(Change::Raised {
                    buffer: other as u32,
                    skyline: self.skyline[other],
                    barred: self.barred[other],
                });
                self.skyline[other] = end;
                self.barred[other] = false;
            }
        }
    }

    /// Excludes all packings in which `buffer` rests where it would rest now.
    pub fn bar(&mut self, buffer: usize) {
        self.barred[buffer] = true;
        self.trail.push(Change::Barred(buffer as u32));
    }

    /// Takes back everything since `mark`.
    pub fn undo(&mut self, mark: usize) {
        for change in self.trail.drain(mark..).rev() {
            match change {
                Change::Placed(buffer) => self.placed[buffer as usize] = false,
                Change::Raised { buffer, skyline, barred } => {
                    self.skyline[buffer as usize] = skyline;
                    self.barred[buffer as usize] = barred;
                }
                Change::Barred(buffer) => self.barred[buffer as usize] = false,
            }
        }
    }

    /// A fingerprint of all that decides whether `members`, the buffers still to be placed in one
    /// component, can be completed.
    pub fn fingerprint(&self, members: &[u32]) -> u128 {
        let mut sum = 0_u128;
        for &member in members {
            let buffer = member as usize;
            let state = (self.skyline[buffer] << 1) | u64::from(self.barred[buffer]);
            let low = mix(state ^ mix(u64::from(member)));
            let high = mix(low ^ state.rotate_left(32) ^ 0x9E37_79B9_7F4A_7C15);
            sum = sum.wrapping_add((u128::from(high) << 64) | u128::from(low));
        }
        sum
    }

    /// The half-open range of sections that `members` touch.
    pub fn sections(&self, members: &[u32]) -> (usize, usize) {
        members.iter().fold((usize::MAX, 0), |(first, last), &member| {
            let (lower, upper) = self.instance.range[member as usize];
            (first.min(lower), last.max(upper))
        })
    }

    /// Splits `members` (ascending by range) without `without` into parts that share no section.
    pub fn components(&self, members: &[u32], without: Option<usize>) -> Vec<Vec<u32>> {
        let mut parts: Vec<Vec<u32>> = Vec::new();
        let mut reach = 0;
        for &member in members {
            if Some(member as usize) == without {
                continue;
            }
            let (lower, upper) = self.instance.range[member as usize];
            match parts.last_mut() {
                Some(part) if lower < reach => part.push(member),
                _ => parts.push(vec![member]),
            }
            reach = reach.max(upper);
        }
        parts
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
pub fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
