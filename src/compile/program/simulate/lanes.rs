//! The output lanes: bias, shift, function, residual, shift, saturation.

use crate::base::arithmetic::{Base, Function, Layout};

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
    /// 0 none, 1 before the activation, 2 after.
    pub residual: usize,
    /// The function of rule A6.
    pub function: Option<&'a Function>,
}

/// Bits `low..low + width` of a channel's 64, as two's complement or not.
fn bits(word: u64, low: u32, width: u32, signed: bool) -> i64 {
    let high = word << (64 - low - width);
    if signed { (high as i64) >> (64 - width) } else { (high >> (64 - width)) as i64 }
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
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[8 * lane..][..8]);
        let word = u64::from_le_bytes(word);
        let shift = bits(word, 32, 6, false) - 8;
        let zero = bits(word, 42, 8, true);
        let x = round(i64::from(sum) + bits(word, 0, 32, true), shift);
        let width = if mode.wide { 16 } else { 8 };
        let Some(function) = mode.function.filter(|_| !mode.direct) else {
            return limit(if mode.relu { x.max(0) } else { x } + zero, width);
        };
        let added = round(i64::from(residual) - bits(word, 50, 8, true), -bits(word, 58, 6, true));
        let mut x = limit(x, 20);
        if mode.residual == 1 {
            x = limit(x + added, 20);
        }
        let mut y = evaluate(function, x);
        if mode.residual == 2 {
            y += added;
        }
        limit(round(y, bits(word, 38, 4, false)) + zero, width)
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
        Layout::TwoSegments => (if a < 1024 { a / 8 } else { (112 + a / 64).min(239) }, 240),
        Layout::Uniform => ((a / 8).min(1023), 1024),
    };
    let second = if function.signed && x < 0 { block } else { 0 };
    straight + i64::from(function.rom[(address + second) as usize])
}
