//! Strategies: where the search branches and which buffer it tries first.
//!
//! Packing times are heavy-tailed: an instance that one strategy never finishes is easy for
//! another, or for the same one with another tie-break. So the search restarts with all of them in
//! turn, and sections and buffers that were met in contradictions gain weight on the way.

use super::super::instance::Instance;
use super::infer::Contradiction;
use super::state::mix;

/// Where to branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    /// At the lowest place of the skyline.
    Lowest,
    /// In the section with least room to spare.
    Tightest,
    /// In the section where the fewest buffers can still lie lowest.
    FewestChoices,
    /// As `FewestChoices`, divided by the section's weight.
    Hardest,
    /// As `Tightest`, divided by the section's weight.
    TightestHard,
}

/// Which of several buffers that rest at the same offset to try first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// By live units in the fullest section, then lifespan, then area.
    Pressure,
    /// By weight times size, the weight lowered by up to this many percent at random.
    Learned(u8),
    /// Any order.
    Random,
}

/// The strategies, in the order in which they take turns.
pub const STRATEGIES: [(Branch, Rank); 10] = [
    (Branch::Hardest, Rank::Learned(10)),
    (Branch::Lowest, Rank::Pressure),
    (Branch::Tightest, Rank::Pressure),
    (Branch::Hardest, Rank::Pressure),
    (Branch::Hardest, Rank::Learned(50)),
    (Branch::Hardest, Rank::Random),
    (Branch::Hardest, Rank::Learned(100)),
    (Branch::TightestHard, Rank::Pressure),
    (Branch::FewestChoices, Rank::Learned(10)),
    (Branch::Lowest, Rank::Random),
];

/// What earlier contradictions taught.
#[derive(Debug)]
pub struct Weights {
    section: Vec<f64>,
    buffer: Vec<f64>,
    step: f64,
}

impl Weights {
    /// Everything weighs the same.
    pub fn new(instance: &Instance) -> Self {
        Self {
            section: vec![1.0; instance.live.len()],
            buffer: vec![1.0; instance.count()],
            step: 1.0,
        }
    }

    /// Adds weight to the sections of a contradiction and to those of `members` that live in them.
    /// Later contradictions count more.
    pub fn learn(&mut self, instance: &Instance, members: &[u32], at: Contradiction) {
        let (lower, upper) = at;
        let share = self.step / (upper - lower) as f64;
        self.section[lower..upper].iter_mut().for_each(|weight| *weight += share);
        for &member in members {
            let range = instance.range[member as usize];
            if range.0 < upper && lower < range.1 {
                self.buffer[member as usize] += self.step;
            }
        }
        self.step *= 1.0001;
        if self.step > 1e100 {
            self.section.iter_mut().chain(&mut self.buffer).for_each(|weight| *weight /= self.step);
            self.step = 1.0;
        }
    }

    /// Weight of a section relative to the newest contradictions, above 0.
    pub fn section(&self, section: usize) -> f64 {
        self.section[section] / self.step + 1e-9
    }
}

/// The position of every buffer in the order in which `rank` tries them; `round` seeds what is
/// random.
pub fn positions(instance: &Instance, weights: &Weights, rank: Rank, round: u64) -> Vec<u32> {
    let fraction =
        |buffer: usize| (mix(mix(round) ^ buffer as u64) >> 11) as f64 / (1_u64 << 53) as f64;
    let key = |buffer: usize| -> [f64; 3] {
        let (lower, upper) = instance.range[buffer];
        let length = (upper - lower) as f64;
        let size = instance.size[buffer] as f64;
        match rank {
            Rank::Pressure => {
                let pressure = instance.live[lower..upper].iter().copied().max().unwrap_or(0);
                [pressure as f64, length, length * size]
            }
            Rank::Learned(percent) => {
                let noise = 1.0 - f64::from(percent) / 100.0 * fraction(buffer);
                [weights.buffer[buffer] * size * noise, 0.0, 0.0]
            }
            Rank::Random => [fraction(buffer), 0.0, 0.0],
        }
    };
    let keys: Vec<[f64; 3]> = (0..instance.count()).map(key).collect();
    let mut order: Vec<u32> = (0..instance.count() as u32).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (&keys[a as usize], &keys[b as usize]);
        let compare = |i: usize| b[i].total_cmp(&a[i]);
        compare(0).then_with(|| compare(1)).then_with(|| compare(2))
    });
    let mut positions = vec![0; order.len()];
    for (position, &buffer) in order.iter().enumerate() {
        positions[buffer as usize] = position as u32;
    }
    positions
}
