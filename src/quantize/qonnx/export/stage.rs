//! Integer rules as operators on integer-valued floats.

use super::writer::{Real, Writer};
use crate::base::arithmetic::{Rounding, power};
use crate::frontend::onnx::Attributes;
use crate::model::qgraph::Width;

/// Writes rules in one precision for values of one rank.
pub struct Stage<'a> {
    pub writer: &'a mut Writer,
    pub real: Real,
    pub rank: usize,
    pub rounding: Rounding,
}

impl Stage<'_> {
    /// One number per channel, to be broadcast; a scalar where all are equal.
    pub fn per_channel(&mut self, numbers: &[f64]) -> String {
        match numbers.split_first() {
            Some((first, rest)) if rest.iter().any(|number| number != first) => {
                let mut shape = vec![1; self.rank.max(2)];
                shape[1] = numbers.len();
                self.writer.numbers(self.real, &shape, numbers)
            }
            first => {
                let number = first.map_or(0.0, |(first, _)| *first);
                self.writer.numbers(self.real, &[], &[number])
            }
        }
    }

    fn with(&mut self, op_type: &str, x: &str, numbers: &[f64], neutral: f64) -> String {
        if numbers.iter().all(|&number| number == neutral) {
            return x.to_owned();
        }
        let constant = self.per_channel(numbers);
        self.writer.plain(op_type, &[x, &constant])
    }

    /// `x + number`.
    pub fn add(&mut self, x: &str, numbers: &[f64]) -> String {
        self.with("Add", x, numbers, 0.0)
    }

    /// `x - number`.
    pub fn sub(&mut self, x: &str, numbers: &[f64]) -> String {
        self.with("Sub", x, numbers, 0.0)
    }

    /// `x * number`.
    pub fn mul(&mut self, x: &str, numbers: &[f64]) -> String {
        self.with("Mul", x, numbers, 1.0)
    }

    /// `x * 2^exponent`.
    pub fn scale(&mut self, x: &str, exponents: &[i32]) -> String {
        let factors: Vec<f64> = exponents.iter().map(|&exponent| power(exponent)).collect();
        self.mul(x, &factors)
    }

    /// `x` limited to two constants.
    pub fn clip(&mut self, x: &str, least: f64, largest: f64) -> String {
        let least = self.writer.numbers(self.real, &[], &[least]);
        let largest = self.writer.numbers(self.real, &[], &[largest]);
        self.writer.plain("Clip", &[x, &least, &largest])
    }

    /// `sat_bits(x)` of rule A3.
    pub fn saturate(&mut self, x: &str, bits: u32) -> String {
        let limit = power(bits as i32 - 1);
        self.clip(x, -limit, limit - 1.0)
    }

    /// `sat(x)` to the width of a value; the sums of rule A4 fit int32 as they are.
    pub fn narrow(&mut self, x: &str, width: Width) -> String {
        match width {
            Width::I32 => x.to_owned(),
            _ => self.saturate(x, width.bits()),
        }
    }

    /// `floor(x + 1/2)`.
    pub fn half_up(&mut self, x: &str) -> String {
        let half = self.add(x, &[0.5]);
        self.writer.plain("Floor", &[&half])
    }

    /// `rshift(x, shift)` of rule A2.
    pub fn shift(&mut self, x: &str, shifts: &[i32]) -> String {
        let negated: Vec<i32> = shifts.iter().map(|shift| -shift).collect();
        let scaled = self.scale(x, &negated);
        if shifts.iter().all(|&shift| shift <= 0) {
            return scaled;
        }
        self.round(&scaled)
    }

    /// To the nearest whole number, with halves as the network's rounding says.
    pub fn round(&mut self, x: &str) -> String {
        match self.rounding {
            Rounding::HalfUp => self.half_up(x),
            Rounding::HalfEven => self.writer.plain("Round", &[x]),
        }
    }

    /// `x < 0 ? negative : other`.
    pub fn by_sign(&mut self, x: &str, negative: &str, other: &str) -> String {
        let zero = self.writer.numbers(self.real, &[], &[0.0]);
        let condition = self.writer.plain("Less", &[x, &zero]);
        self.writer.plain("Where", &[&condition, negative, other])
    }

    /// `table[index]` for integer-valued floats.
    pub fn look_up(&mut self, table: &str, index: &str) -> String {
        let code = i64::from(crate::frontend::onnx::proto::data_type::INT64);
        let index = self.writer.node("Cast", &[index], &Attributes::default().with("to", code));
        self.writer.node("Gather", &[table, &index], &Attributes::default().with("axis", 0i64))
    }

    /// From single precision to that of this stage.
    pub fn enter(&mut self, x: &str) -> String {
        match self.real {
            Real::F32 => x.to_owned(),
            Real::F64 => self.writer.cast(x, Real::F64),
        }
    }

    /// Back to single precision.
    pub fn leave(&mut self, x: String) -> String {
        match self.real {
            Real::F32 => x,
            Real::F64 => self.writer.cast(&x, Real::F32),
        }
    }
}
