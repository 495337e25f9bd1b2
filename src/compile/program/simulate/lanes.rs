//! The output lanes: bias, shift, function, residual, shift, saturation.

use crate::base::arithmetic::{Base, Function, Layout};
use crate::compile::border::function;
use crate::compile::program::fields as f;

/// Lane parameters of 16 channels.
pub struct Lanes<'a>(pub &'a [u8]);

/// Which output stage the lanes do.
#[derive(Clone, Copy)]
pub struct Mode<'a> {
    /// Rule A5, else A6.
    pub direct: bool,
    /// With `direct`.
    pub relu: bool,
    /// Saturate to int16.
    pub wide: bool,
    /// The field Residual of the descriptor.
    pub residual: usize,
    /// The function of rule A6.
    pub function: Option<&'a Function>,
}

fn limit(x: i64, bits: u32) -> i64 {
    x.min((1 << (bits - 1)) - 1).max(-(1 << (bits - 1)))
}

/// `floor(x / 2^shift + 1/2)`; a left shift for `shift < 0`.
fn round(x: i64, shift: i64) -> i64 {
    match shift {
        ..=0 => x * (1 << -shift),
        _ => ((x >> (shift - 1)) + 1) >> 1,
    }
}

impl Lanes<'_> {
    /// The result of channel `lane` from its sum and the residual's byte.
    pub fn finish(&self, lane: usize, sum: i32, residual: i8, mode: Mode<'_>) -> i64 {
        let mut word = [0; f::LANE_BYTES];
        word.copy_from_slice(&self.0[f::LANE_BYTES * lane..][..f::LANE_BYTES]);
        let word = u64::from_le_bytes(word).into();
        let zero = f::LANE_ZERO.read(word);
        let shift = f::LANE_ARGUMENT.read(word) - 8;
        let x = round(i64::from(sum) + f::LANE_BIAS.read(word), shift);
        let width = if mode.wide { 16 } else { 8 };
        let Some(function) = mode.function.filter(|_| !mode.direct) else {
            return limit(if mode.relu { x.max(0) } else { x } + zero, width);
        };
        let added = i64::from(residual) - f::LANE_RES_ZERO.read(word);
        let added = round(added, -f::LANE_RES_SHIFT.read(word));
        let mut x = limit(x, 20);
        if mode.residual == f::RESIDUAL_BEFORE {
            x = limit(x + added, 20);
        }
        let mut y = evaluate(function, x);
        if mode.residual == f::RESIDUAL_AFTER {
            y += added;
        }
        limit(round(y, f::LANE_OUT.read(word)) + zero, width)
    }
}

/// Rule A7.
fn evaluate(function: &Function, x: i64) -> i64 {
    let straight = match function.base {
        Base::Zero => 0,
        Base::Relu => x.max(0),
        Base::Identity => x,
        Base::Clamp { min, max } => x.clamp(min.into(), max.into()),
        Base::Leaky { slope } if x < 0 => (x * i64::from(slope) + 128).div_euclid(256),
        Base::Leaky { .. } => x,
    };
    let a = x.abs();
    let (address, block) = match function.layout {
        Layout::None => return straight,
        Layout::TwoSegments => {
            let block = function::TWO_SEGMENTS_ENTRIES as i64;
            (if a < 1024 { a / 8 } else { (112 + a / 64).min(block - 1) }, block)
        }
        Layout::Uniform => {
            let block = function::UNIFORM_ENTRIES as i64;
            ((a / 8).min(block - 1), block)
        }
    };
    let second = if function.signed && x < 0 { block } else { 0 };
    straight + i64::from(function.rom[(address + second) as usize])
}
