//! A tensor times a number per channel, both computed (rule A15): squeeze and excitation.

use super::{Alignment, Computation, Operands, QOperator, ScaleRule, wrong};
use crate::base::error::Result;

/// See the module. Inputs: data `[1, C, H, W]`, then factors `[1, C, 1, 1]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QChannelMul;

impl QOperator for QChannelMul {
    fn kind(&self) -> &'static str {
        "ChannelMul"
    }

    fn computation(&self) -> Computation<'_> {
        Computation::ChannelMul
    }

    fn scales(&self) -> ScaleRule {
        ScaleRule::Chosen
    }

    fn check(&self, at: &Operands<'_>) -> Result<()> {
        let ((data, first), (factors, second)) = (at.int8(0)?, at.int8(1)?);
        let fits = match (&data.shape[..], &factors.shape[..]) {
            (&[frames, channels, _, _], factors) => factors == [frames, channels, 1, 1],
            _ => false,
        };
        if !fits {
            return Err(wrong("the factors of a product are one number per channel"));
        }
        let exponents = first.iter().zip(second);
        at.check_shifts(exponents.map(|(a, b)| i32::from(a.exponent) + i32::from(b.exponent)))
    }

    fn shapes(&self, at: &Operands<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![at.int8(0)?.0.shape.clone()])
    }

    fn macs(&self, output: &[usize]) -> u64 {
        output.iter().product::<usize>() as u64
    }

    fn alignment(&self, at: &Operands<'_>, _position: usize) -> Alignment {
        let products = at.exponents(0).into_iter().zip(at.exponents(1)).map(|(a, b)| a + b);
        let outputs = at.output_exponents().into_iter();
        Alignment::new("product to output", outputs.zip(products).map(|(to, from)| to - from))
    }
}
