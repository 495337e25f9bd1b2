//! Random numbers that are the same on every machine and in every release.
//!
//! [`Random`] is the generator of everything. [`Samples`] gives the sequence by which calibration picks positions:
//! the integers of a quantized model depend on it, so it stays what it was when models were first written.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng as _, SeedableRng as _};

/// A stream of random numbers (PCG: O'Neill 2014). Ranges are drawn here, since those of distribution crates may
/// change from one release to the next.
#[derive(Debug, Clone)]
pub struct Random(Pcg64Mcg);

/// Spreads indices over the generator's states (the golden ratio in 64 bits).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

impl Random {
    /// The stream of `index` under `seed`.
    pub fn new(seed: u64, index: u64) -> Self {
        let mut state = [0; 16];
        state[..8].copy_from_slice(&seed.wrapping_add(1).wrapping_mul(SPREAD).to_le_bytes());
        state[8..].copy_from_slice(&index.to_le_bytes());
        let mut generator = Pcg64Mcg::from_seed(state);
        // Near states give near first numbers.
        (0..4).for_each(|_| {
            generator.next_u64();
        });
        Self(generator)
    }

    /// 0 to `count` - 1; 0 for a count of 0.
    pub fn below(&mut self, count: u64) -> u64 {
        scaled(self.0.next_u64(), count)
    }

    /// `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// True once in `count` times.
    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// The sequence by which samples are picked (SplitMix64: Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub struct Samples(u64);

impl Samples {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(SPREAD);
        mix(self.0)
    }

    /// 0 to `count` - 1; 0 for a count of 0.
    pub fn below(&mut self, count: usize) -> usize {
        scaled(self.next(), count as u64) as usize
    }

    /// A number from 0 up to, not including, 1.
    pub fn below_one(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Makes the bits of a seed depend on all of its bits (the output function of SplitMix64).
pub fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn scaled(number: u64, count: u64) -> u64 {
    ((u128::from(number) * u128::from(count)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Models that were written before have these numbers in them.
    #[test]
    fn the_sequence_of_samples_does_not_change() {
        let mut samples = Samples::new(0);
        let first = [(); 2].map(|()| samples.next());
        assert_eq!(first, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn numbers_stay_below_their_limit() {
        let (mut random, mut samples) = (Random::new(3, 1), Samples::new(3));
        for count in [1u64, 2, 7, 1 << 40] {
            assert!((0..50).all(|_| random.below(count) < count));
            assert!((0..50).all(|_| samples.below(count as usize) < count as usize));
        }
        assert_eq!((random.below(0), samples.below(0)), (0, 0));
        assert!((0..50).all(|_| (0.0..1.0).contains(&samples.below_one())));
    }
}
