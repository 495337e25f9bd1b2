//! Fixed-point activation functions (rules A6 and A7): a straight base plus a small ROM.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rounding;

/// Fraction bits F of the fixed point in which functions are evaluated, where a layer does not ask for others.
pub const FRACTION: i32 = 10;
/// The least and the largest F.
pub const FRACTIONS: (i32, i32) = (-12, 24);
/// Functions that a network has at most (the field of a descriptor has 4 bits).
pub const MAX_FUNCTIONS: usize = 16;
/// ROM entries of all functions of a network together (an offset has 12 bits).
pub const MAX_ENTRIES: usize = 4_096;
/// Width of the argument `x`.
pub const X_BITS: u32 = 20;

/// The straight part of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// 0.
    Zero,
    /// `max(x, 0)`.
    Relu,
    /// `x`.
    Identity,
    /// `x` limited to two constants with F fraction bits.
    Clamp {
        /// Lower bound.
        min: i32,
        /// Upper bound, not below `min`.
        max: i32,
    },
    /// `x` for `x >= 0`, else `rshift(x * slope, 8)`.
    Leaky {
        /// Slope in 1/256, 0..=255.
        slope: i32,
    },
}

impl Base {
    /// The base at `x`.
    #[inline]
    pub fn at(self, x: i64) -> i64 {
        match self {
            Self::Zero => 0,
            Self::Relu => x.max(0),
            Self::Identity => x,
            Self::Clamp { min, max } => x.max(min.into()).min(max.into()),
            Self::Leaky { slope } if x < 0 => Rounding::HalfUp.shift(x * i64::from(slope), 8),
            Self::Leaky { .. } => x,
        }
    }
}

/// How `|x|` addresses one block of the ROM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// No ROM: the base is the whole function.
    None,
    /// 240 entries: bins of 8 steps below 1,024 steps, of 64 up to 8,192; with 10 fraction bits 2^-7 below 1, 2^-4 up to 8.
    TwoSegments,
    /// 1,024 entries: bins of 8 steps up to 8,192; with 10 fraction bits 2^-7 up to 8.
    Uniform,
}

impl Layout {
    /// Entries in one block.
    pub fn entries(self) -> usize {
        match self {
            Self::None => 0,
            Self::TwoSegments => 240,
            Self::Uniform => 1024,
        }
    }

    /// The entry for `|x|`.
    #[inline]
    pub fn address(self, magnitude: i64) -> usize {
        let address = match self {
            Self::None => 0,
            Self::TwoSegments if magnitude < 1024 => magnitude >> 3,
            Self::TwoSegments => (112 + (magnitude >> 6)).min(239),
            Self::Uniform => (magnitude >> 3).min(1023),
        };
        address as usize
    }

    /// Mean of the `|x|` of an entry's bin.
    fn center(self, entry: usize) -> f64 {
        let entry = entry as f64;
        match self {
            Self::TwoSegments if entry >= 128.0 => (entry - 112.0) * 64.0 + 31.5,
            _ => entry * 8.0 + 3.5,
        }
    }
}

/// The fixed point of a function's argument and result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unit {
    /// Fraction bits F of the argument, within [`FRACTIONS`].
    pub fraction: i8,
    /// How many more fraction bits the result has; 0 unless the base is [`Base::Zero`].
    pub gain: i8,
}

impl Default for Unit {
    fn default() -> Self {
        Self { fraction: FRACTION as i8, gain: 0 }
    }
}

impl Unit {
    /// Fraction bits of the result.
    pub fn result(self) -> i32 {
        i32::from(self.fraction) + i32::from(self.gain)
    }

    /// Whether it is the one that most layers have.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// A function of one fixed-point number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Function {
    /// Name for reports, such as `silu`.
    pub name: String,
    /// Straight part.
    pub base: Base,
    /// How the ROM is addressed.
    pub layout: Layout,
    /// Whether negative `x` uses a second block.
    pub signed: bool,
    /// ROM contents with F + gain fraction bits; one block, or two when `signed`.
    pub rom: Vec<i16>,
    /// The fixed point of the constants. Without any ([`Function::has_unit`]) it says nothing: every one will do.
    #[serde(default, skip_serializing_if = "Unit::is_usual")]
    pub unit: Unit,
}

impl Function {
    /// A function without ROM.
    pub fn straight(name: &str, base: Base) -> Self {
        let (name, unit) = (name.to_owned(), Unit::default());
        Self { name, base, layout: Layout::None, signed: false, rom: Vec::new(), unit }
    }

    /// Rounds `f(t) - base(t)` at the bin centers, in double precision, with [`FRACTION`] fraction bits. Without
    /// `signed`, `f` must differ from its base by an even function; the entry is taken at negative `t`.
    pub fn tabulate(
        name: &str,
        base: Base,
        layout: Layout,
        signed: bool,
        f: impl Fn(f64) -> f64,
    ) -> Self {
        Self::tabulate_in(Unit::default(), name, base, layout, signed, f)
    }

    /// As [`Function::tabulate`], in another fixed point.
    pub fn tabulate_in(
        unit: Unit,
        name: &str,
        base: Base,
        layout: Layout,
        signed: bool,
        f: impl Fn(f64) -> f64,
    ) -> Self {
        let scale = 2f64.powi(unit.fraction.into());
        let result = 2f64.powi(unit.result());
        let straight = |t: f64| match base {
            Base::Zero => 0.0,
            Base::Relu => t.max(0.0),
            Base::Identity => t,
            Base::Clamp { min, max } => t.clamp(f64::from(min) / scale, f64::from(max) / scale),
            Base::Leaky { slope } if t < 0.0 => t * f64::from(slope) / 256.0,
            Base::Leaky { .. } => t,
        };
        let entry = |t: f64| {
            let value = (result * (f(t) - straight(t)) + 0.5).floor();
            value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
        };
        let centers = (0..layout.entries()).map(|index| layout.center(index) / scale);
        let rom = if signed {
            let positive = centers.clone().map(entry);
            positive.chain(centers.map(|t| entry(-t))).collect()
        } else {
            centers.map(|t| entry(-t)).collect()
        };
        Self { name: name.to_owned(), base, layout, signed, rom, unit }
    }

    /// Whether the ROM has the size that layout and sign demand, and the fixed point exists.
    pub fn is_consistent(&self) -> bool {
        let blocks = if self.signed { 2 } else { 1 };
        let (least, most) = FRACTIONS;
        let exists = |fraction| (least..=most).contains(&fraction);
        self.rom.len() == self.layout.entries() * blocks
            && exists(self.unit.fraction.into())
            && exists(self.unit.result())
            && (self.unit.gain == 0 || self.base == Base::Zero)
    }

    /// Whether a lane computes the same for both: they may count fraction bits in other ways.
    pub fn same_lane(&self, other: &Self) -> bool {
        let lane = |own: &Self| (own.base, own.layout, own.signed);
        lane(self) == lane(other) && self.rom == other.rom
    }

    /// Whether the function holds numbers with F fraction bits.
    pub fn has_unit(&self) -> bool {
        self.layout != Layout::None || matches!(self.base, Base::Clamp { .. })
    }

    /// `base(x) + rom[address(x)]`, with F + gain fraction bits; `x` has F of them and at most [`X_BITS`] bits.
    #[inline]
    pub fn at(&self, x: i64) -> i64 {
        let base = self.base.at(x);
        if self.layout == Layout::None {
            return base;
        }
        let block = if self.signed && x < 0 { self.layout.entries() } else { 0 };
        base + i64::from(self.rom[block + self.layout.address(x.abs())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silu(t: f64) -> f64 {
        t / (1.0 + (-t).exp())
    }

    fn worst(function: &Function, f: impl Fn(f64) -> f64) -> f64 {
        let error = |x: i64| {
            let t = x as f64 / 1024.0;
            (function.at(x) as f64 / 1024.0 - f(t)).abs()
        };
        (-30_000..30_000).map(error).fold(0.0, f64::max)
    }

    #[test]
    fn silu_needs_240_entries() {
        let function = Function::tabulate("silu", Base::Relu, Layout::TwoSegments, false, silu);
        assert!(function.is_consistent());
        assert!(worst(&function, silu) < 0.0041, "{}", worst(&function, silu));
    }

    #[test]
    fn sigmoid_needs_the_sign_and_uniform_bins() {
        let sigmoid = |t: f64| 1.0 / (1.0 + (-t).exp());
        let function = Function::tabulate("sigmoid", Base::Zero, Layout::Uniform, true, sigmoid);
        assert_eq!(function.rom.len(), 2048);
        assert!(worst(&function, sigmoid) < 0.0016, "{}", worst(&function, sigmoid));
    }

    #[test]
    fn addresses_are_monotonic_and_in_range() {
        for layout in [Layout::TwoSegments, Layout::Uniform] {
            let mut last = 0;
            for magnitude in 0..1 << 19 {
                let address = layout.address(magnitude);
                assert!(address < layout.entries());
                assert!(address == last || address == last + 1, "{layout:?} {magnitude}");
                last = address;
            }
        }
    }

    #[test]
    fn straight_functions_have_no_rom() {
        let leaky = Function::straight("leaky", Base::Leaky { slope: 26 });
        assert_eq!((leaky.at(-2560), leaky.at(5)), (-260, 5));
        let clamp = Function::straight("relu6", Base::Clamp { min: 0, max: 6 << 10 });
        assert_eq!((clamp.at(-7), clamp.at(9999)), (0, 6144));
    }
}
