//! Random numbers whose sequence is part of the scenes' definition.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng as _, SeedableRng as _};

/// A stream of random numbers. Ranges are drawn here, since those of distribution crates may change
/// from one release to the next.
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

    /// 0 to `count` - 1.
    pub fn below(&mut self, count: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(count);
        (wide >> 64) as u64
    }

    /// `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// True once in `count` times.
    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// Any color.
    pub fn color(&mut self) -> [i64; 3] {
        [(); 3].map(|()| self.between(0, 255))
    }
}
