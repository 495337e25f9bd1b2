//! The output stage in 16 bits, for layers where that gives the same integers, else in 32.
//!
//! Behind the first shift a number needs 20 bits, but mostly a result of 8 bits is saturated, and a table constant,
//! before 16 bits are too few. What a layer's constants do near the ends of 16 bits proves it, channel by channel:
//! between these ends nothing leaves 16 bits, and beyond them every rule goes one way only.

use super::exact::{Exact, half_of};
pub use super::lifted::Lifted;
use super::lifted::{lifted, moved};
use crate::base::arithmetic::{Base, Function, Layout, Rounding, X_BITS};
use crate::frontend::ops::epilogue::Residual;
use crate::model::qgraph::{ConvOutput, Width};

/// Numbers that are finished together.
pub const CHUNK: usize = 64;
/// Numbers are limited to this before they are shifted to the left.
pub const LEFT_LIMIT: i32 = 1 << 20;
/// A residual is shifted to the left by at most this.
const MOST_ALIGN: i32 = 20;

/// Chunks after which outputs that follow each other, period by period, begin with the first one again.
pub fn chunks_until_first(period: usize) -> usize {
    let (mut a, mut b) = (period, CHUNK);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    period / a
}

/// The order in which sums of a chunk are held: which 16 of the 64 are in a vector, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// That of memory.
    Plain,
    /// A vector has 16 neighbors.
    Blocks,
    /// A quarter of a vector has 4 neighbors; the same quarters of all four vectors have 16 neighbors.
    Quarters,
}

impl Order {
    /// Which of the 64 a place of the four vectors with 32 bits has.
    pub fn of_words(self, place: usize) -> usize {
        let (vector, quarter, element) = (place / 16, place % 16 / 4, place % 4);
        match self {
            Self::Plain | Self::Blocks => place,
            Self::Quarters => 16 * quarter + 4 * vector + element,
        }
    }

    /// Which of the 64 a place of the two vectors with 16 bits has: each packs two of the others, quarter by quarter.
    pub fn of_halves(self, place: usize) -> usize {
        if self == Self::Plain {
            return place;
        }
        let (pair, quarter, element) = (place / 32, place % 32 / 8, place % 8);
        let vector = 2 * pair + element / 4;
        self.of_words(16 * vector + 4 * quarter + element % 4)
    }
}

/// Constants of 64 outputs, in the order of the sums.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub struct Chunk {
    /// With half of what the first shift drops.
    pub bias: [i32; CHUNK],
    pub right: [i32; CHUNK],
    pub left: [i32; CHUNK],
    /// The zero point of the residual as a byte, and the shift that aligns it, in 32 and in 16 bits.
    pub other: [i32; CHUNK],
    pub align: [i32; CHUNK],
    pub other_half: [i16; CHUNK],
    pub align_half: [i16; CHUNK],
    /// Half of what the last shift drops, in 16 and in 32 bits.
    pub half: [i16; CHUNK],
    pub shift: [i16; CHUNK],
    pub half_word: [i32; CHUNK],
    pub shift_word: [i32; CHUNK],
    pub zero: [i16; CHUNK],
    /// What [`Lifted`] numbers are moved by before the last shift: up, or down where that is less than nothing.
    pub up: [u16; CHUNK],
    pub down: [u16; CHUNK],
}

const IDLE: Chunk = Chunk {
    bias: [0; CHUNK],
    right: [0; CHUNK],
    left: [0; CHUNK],
    other: [0; CHUNK],
    align: [0; CHUNK],
    other_half: [0; CHUNK],
    align_half: [0; CHUNK],
    half: [0; CHUNK],
    shift: [0; CHUNK],
    half_word: [0; CHUNK],
    shift_word: [0; CHUNK],
    zero: [0; CHUNK],
    up: [0; CHUNK],
    down: [0; CHUNK],
};

/// The straight part of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Straight {
    Zero,
    /// Between two limits.
    Limited(i32, i32),
    /// `x` for `x >= 0`, else `rshift(x * slope, 8)`.
    Leaky(i32),
}

/// A table that is added to the straight part.
#[derive(Debug)]
pub enum Table {
    None,
    /// The 240 entries of [`Layout::TwoSegments`], one for both signs, and 16 idle ones.
    Short(Box<[i16; 256]>),
    /// Any other: entries of one sign and whether a second block is that of negative numbers.
    Long {
        layout: Layout,
        entries: Vec<i32>,
        signed: bool,
    },
}

/// A layer's output stage.
#[derive(Debug)]
pub struct Narrow {
    pub chunks: Vec<Chunk>,
    pub straight: Straight,
    pub table: Table,
    pub residual: Option<Residual>,
    /// Whether a number is shifted to the left.
    pub any_left: bool,
    /// Whether 16 bits do behind the first shift.
    pub in_halves: bool,
    /// The table where unsigned numbers of 16 bits do there, which have room for twice as much.
    pub lifted: Option<Box<Lifted>>,
}

impl Narrow {
    /// The constants for chunks whose outputs are of the channels that `channel` names; `None` where 32 bits might
    /// give other integers. `bounds` are the largest magnitudes of the sums, bias included.
    pub fn new(
        exact: &Exact<'_>,
        order: Order,
        chunks: usize,
        bounds: &[u64],
        channel: impl Fn(usize) -> Option<usize>,
    ) -> Option<Self> {
        let mut all = vec![IDLE; chunks];
        for (number, chunk) in all.iter_mut().enumerate() {
            let own = |place: usize| channel(CHUNK * number + place);
            for place in 0..CHUNK {
                if let Some(channel) = own(order.of_words(place)) {
                    words(exact, channel, place, chunk);
                }
                if let Some(channel) = own(order.of_halves(place)) {
                    halves(exact, channel, place, chunk);
                }
            }
        }
        let mut channels: Vec<usize> = (0..CHUNK * chunks).filter_map(&channel).collect();
        channels.sort_unstable();
        channels.dedup();
        if !channels.iter().all(|&channel| suffices(exact, channel, bounds[channel])) {
            return None;
        }
        let lifted = lifted(exact, &channels);
        if let Some((lift, _)) = &lifted {
            for (number, chunk) in all.iter_mut().enumerate() {
                for place in 0..CHUNK {
                    let own = channel(CHUNK * number + order.of_halves(place));
                    let moved = own.and_then(|channel| moved(exact, channel, *lift));
                    (chunk.up[place], chunk.down[place]) = moved.unwrap_or_default();
                }
            }
        }
        Some(Self {
            any_left: channels.iter().any(|&channel| exact.first_shift(channel) < 0),
            chunks: all,
            straight: straight(exact),
            table: exact.function().map_or(Table::None, table),
            residual: exact.conv.residual(),
            in_halves: channels.iter().all(|&channel| halves_do(exact, channel)),
            lifted: lifted.map(|(_, table)| table),
        })
    }
}

fn words(exact: &Exact<'_>, channel: usize, place: usize, chunk: &mut Chunk) {
    let first = exact.first_shift(channel);
    let half = half_of(first);
    // Wraps where `suffices` refuses the layer, or as the sums do.
    let folded = i64::from(exact.conv.bias[channel]) + half - 128 * filter_sum(exact, channel);
    chunk.bias[place] = folded as i32;
    (chunk.right[place], chunk.left[place]) = (first.max(0), (-first).max(0));
    let last = exact.last_shift(channel);
    (chunk.half_word[place], chunk.shift_word[place]) = (half_of(last) as i32, last);
    if let Some((scales, align)) = &exact.residual {
        chunk.other[place] = i32::from(scales[channel].zero) + 128;
        chunk.align[place] = -align[channel];
    }
}

fn halves(exact: &Exact<'_>, channel: usize, place: usize, chunk: &mut Chunk) {
    let last = exact.last_shift(channel);
    (chunk.half[place], chunk.shift[place]) = (half_of(last) as i16, last as i16);
    chunk.zero[place] = exact.scales[channel].zero.into();
    if let Some((scales, align)) = &exact.residual {
        chunk.other_half[place] = i16::from(scales[channel].zero) + 128;
        chunk.align_half[place] = -align[channel] as i16;
    }
}

/// The sum of a filter's weights: inputs are held 128 larger than they are.
pub fn filter_sum(exact: &Exact<'_>, channel: usize) -> i64 {
    let taps = exact.conv.taps();
    exact.conv.weights[channel * taps..][..taps].iter().map(|&weight| i64::from(weight)).sum()
}

/// Whether 32 bits give the same integers in a channel.
fn suffices(exact: &Exact<'_>, channel: usize, bound: u64) -> bool {
    let dpu = matches!(exact.conv.output, ConvOutput::Dpu { .. });
    if exact.rounding != Rounding::HalfUp || dpu || exact.width != Width::I8 {
        return false;
    }
    if bound as i64 + half_of(exact.first_shift(channel)) > i32::MAX.into() {
        return false;
    }
    // A table is looked up by the argument, of which a slope makes something else in place.
    let both = |function: &Function| {
        function.layout != Layout::None && matches!(function.base, Base::Leaky { .. })
    };
    if exact.function().is_some_and(both) {
        return false;
    }
    let residual = exact.residual.as_ref();
    residual.is_none_or(|(_, align)| (-MOST_ALIGN..=0).contains(&align[channel]))
}

/// Whether 16 bits do in a channel behind the first shift.
fn halves_do(exact: &Exact<'_>, channel: usize) -> bool {
    let function = exact.function();
    // What is added to the argument on the way, at most.
    let rom = function.map(|function| &function.rom[..]).unwrap_or_default();
    let mut added = rom.iter().map(|entry| i64::from(*entry).abs()).max().unwrap_or(0);
    added += half_of(exact.last_shift(channel));
    let mut others = vec![0];
    if let Some((scales, align)) = &exact.residual {
        if exact.conv.residual() == Some(Residual::AfterActivation) {
            added += 255 << -align[channel];
            others = vec![-128, 127];
        } else {
            // It moves the argument, whose ends are looked at.
            others = vec![scales[channel].zero.into()];
        }
    }
    let inner = i64::from(i16::MAX) - added;
    let end = 1i64 << (X_BITS - 1);
    // Tables are constant from 2^13 on.
    inner >= 1 << 13
        && others.into_iter().all(|other| {
            let at = |x: i64| exact.at_argument(channel, x, other);
            at(inner) == at(end - 1) && at(-inner) == at(-end)
        })
}

fn straight(exact: &Exact<'_>) -> Straight {
    let all = Straight::Limited(i32::MIN, i32::MAX);
    let Some(function) = exact.function() else {
        let relu = matches!(exact.conv.output, ConvOutput::Direct { relu: true, .. });
        return if relu { Straight::Limited(0, i32::MAX) } else { all };
    };
    match function.base {
        Base::Zero => Straight::Zero,
        Base::Relu => Straight::Limited(0, i32::MAX),
        Base::Identity => all,
        Base::Clamp { min, max } => Straight::Limited(min, max),
        Base::Leaky { slope } => Straight::Leaky(slope),
    }
}

fn table(function: &Function) -> Table {
    match function.layout {
        Layout::None => Table::None,
        Layout::TwoSegments if !function.signed => {
            let mut entries = Box::new([0; 256]);
            entries[..function.rom.len()].copy_from_slice(&function.rom);
            Table::Short(entries)
        }
        layout => {
            let entries = function.rom.iter().map(|&entry| entry.into()).collect();
            Table::Long { layout, entries, signed: function.signed }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_output_has_one_place() {
        for order in [Order::Plain, Order::Blocks, Order::Quarters] {
            for of in [Order::of_words, Order::of_halves] {
                let mut seen: Vec<usize> = (0..CHUNK).map(|place| of(order, place)).collect();
                seen.sort_unstable();
                assert_eq!(seen, (0..CHUNK).collect::<Vec<_>>());
            }
        }
    }
}
