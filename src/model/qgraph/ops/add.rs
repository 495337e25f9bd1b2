//! Addition of two quantized tensors (rule A8).

use super::operands::{MAX_ALIGNMENT, Operands, wrong};
use super::{Alignment, Computation, QOperator, ScaleRule};
use crate::base::error::Result;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QAdd;

impl QOperator for QAdd {
    fn kind(&self) -> &'static str {
        "Add"
    }

    fn computation(&self) -> Computation<'_> {
        Computation::Add
    }

    fn scales(&self) -> ScaleRule {
        ScaleRule::Chosen
    }

    fn check(&self, at: &Operands<'_>) -> Result<()> {
        let ((a, first), (b, second)) = (at.int8(0)?, at.int8(1)?);
        let pairs = || first.iter().zip(second).map(|(a, b)| (a.exponent, b.exponent));
        let far = pairs().any(|(a, b)| (i32::from(a) - i32::from(b)).abs() > MAX_ALIGNMENT);
        if a.shape != b.shape || far {
            return Err(wrong("the operands of an addition do not fit each other"));
        }
        at.check_shifts(pairs().map(|(a, b)| a.min(b).into()))
    }

    fn shapes(&self, at: &Operands<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![at.int8(0)?.0.shape.clone()])
    }

    fn alignment(&self, at: &Operands<'_>, position: usize) -> Alignment {
        at.finer(position)
    }
}
