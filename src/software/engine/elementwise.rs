//! Additions, changes of scale and products with a number per channel (rules A8, A13 and A15) on bytes, and on values of other widths as they are carried.

use super::edges::limits;
use super::layout::Layout;
use crate::base::arithmetic::Rounding;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::model::qgraph::{Computation, QValue, Scale};

use rayon::prelude::*;

/// The rule of one channel, by the exponents of its operands and its result.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// `rshift((a << left) + (b << left), right)`.
    Sum { left: [i32; 2], right: i32 },
    /// `rshift(a * b, right)`, `b` one number per channel.
    Product { right: i32 },
    /// Each operand by 2^n toward minus infinity, the sum rounded.
    DpuSum { left: [i32; 2], right: i32 },
    /// `rshift(a, right)`.
    Rescale { right: i32 },
}

/// What is computed of two operands, element by element. A change of scale has one, given twice.
#[derive(Debug)]
pub struct Elementwise {
    rounding: Rounding,
    rules: Vec<Rule>,
    /// Scales of both operands and of the result, by channel.
    scales: [Vec<Scale>; 3],
}

impl Elementwise {
    /// `None` for another computation.
    ///
    /// # Errors
    /// [`codes::INTERNAL`] for a value that is not quantized.
    pub fn new(
        rounding: Rounding,
        computation: &Computation<'_>,
        inputs: [&QValue; 2],
        output: &QValue,
    ) -> Result<Option<Self>> {
        let scales = [inputs[0], inputs[1], output].map(|value| {
            let integer = value.integer().map(|(_, scales)| scales.to_vec());
            integer.ok_or_else(|| {
                Error::new(&codes::INTERNAL, format!("\"{}\" is not quantized", value.name))
            })
        });
        let [a, b, out] = scales;
        let scales = [a?, b?, out?];
        let exponent = |which: usize, channel: usize| i32::from(scales[which][channel].exponent);
        let rule = |channel: usize| {
            let own = [exponent(0, channel), exponent(1, channel)];
            let out = exponent(2, channel);
            match computation {
                Computation::Add => {
                    let least = own[0].min(own[1]);
                    Some(Rule::Sum { left: own.map(|own| own - least), right: out - least })
                }
                Computation::ChannelMul => Some(Rule::Product { right: out - own[0] - own[1] }),
                Computation::DpuAdd => {
                    let positions = own.map(|own| -own);
                    let least = positions[0].min(positions[1]);
                    let left = positions.map(|position| 7 - (position - least));
                    Some(Rule::DpuSum { left, right: least + out + 7 })
                }
                Computation::Rescale => Some(Rule::Rescale { right: out - own[0] }),
                _ => None,
            }
        };
        let rules: Option<Vec<_>> = (0..scales[2].len()).map(rule).collect();
        Ok(rules.map(|rules| Self { rounding, rules, scales }))
    }

    fn at(&self, channel: usize, a: i64, b: i64) -> i64 {
        match self.rules[channel] {
            Rule::Sum { left, right } => {
                self.rounding.shift((a << left[0]) + (b << left[1]), right)
            }
            Rule::Product { right } => self.rounding.shift(a * b, right),
            Rule::DpuSum { left, right } => {
                // floor(x * 2^n) is a shift for either sign of n.
                let scale = |x: i64, n: i32| if n >= 0 { x << n } else { x >> -n };
                self.rounding.shift(scale(a, left[0]) + scale(b, left[1]), right)
            }
            Rule::Rescale { right } => self.rounding.shift(a, right),
        }
    }

    /// On bytes.
    pub fn run(&self, inputs: [(&Layout, &[u8]); 2], to: (&Layout, &mut [u8])) {
        let (target, output) = to;
        let channels = target.channels;
        let difference = |which: usize, channel: usize, byte: u8| {
            i64::from(byte) - 128 - i64::from(self.scales[which][channel].zero)
        };
        let line = target.line();
        output[..target.bytes()].par_chunks_mut(line).enumerate().for_each(|(index, line)| {
            let Some((image, row)) = target.row_of(index) else { return };
            // A factor has one row of one pixel.
            let [a, b] = inputs.map(|(layout, bytes)| {
                let row = layout.row(image, row.min(layout.rows - 1));
                &bytes[row..][..layout.columns * channels]
            });
            let pixels = line[target.border.left * channels..].chunks_exact_mut(channels);
            let others = a.chunks_exact(channels).zip(b.chunks_exact(channels).cycle());
            for (pixel, (a, b)) in pixels.zip(others) {
                for (channel, out) in pixel.iter_mut().enumerate() {
                    let [a, b] =
                        [difference(0, channel, a[channel]), difference(1, channel, b[channel])];
                    let q = self.at(channel, a, b) + i64::from(self.scales[2][channel].zero);
                    *out = (q.clamp(-128, 127) + 128) as u8;
                }
            }
        });
    }

    /// On values as they are carried, of any width.
    ///
    /// # Errors
    /// For tensors of another type or shape.
    pub fn run_carried(&self, inputs: [&Tensor; 2], output: &QValue) -> Result<Tensor> {
        let Some((width, _)) = output.integer() else {
            return Err(Error::new(&codes::INTERNAL, "a sum in float"));
        };
        let [a, b] = [inputs[0].values::<f32>()?, inputs[1].values::<f32>()?];
        let plane = |shape: &[usize]| shape.iter().skip(2).product::<usize>().max(1);
        let (plane, others) = (plane(&output.shape), plane(inputs[1].shape()));
        let mut data = vec![0f32; output.len()];
        for (index, chunk) in data.chunks_mut(plane).enumerate() {
            let channel = index % self.rules.len();
            let (low, high) = limits(width, self.scales[2][channel]);
            for (at, out) in chunk.iter_mut().enumerate() {
                let from = index * plane + at;
                let other = index * others + at % others;
                let y = self.at(channel, a[from] as i64, b[other] as i64);
                *out = y.clamp(low as i64, high as i64) as f32;
            }
        }
        Tensor::new(&output.shape, data)
    }
}
