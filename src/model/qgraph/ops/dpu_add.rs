//! Addition by the DPU rule (A13): as [`QAdd`], without zero points and with another rounding of the
//! finer operand.

use super::{Alignment, Computation, Operands, QAdd, QOperator, ScaleRule};
use crate::base::error::Result;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QDpuAdd;

impl QOperator for QDpuAdd {
    fn kind(&self) -> &'static str {
        "Add"
    }

    fn computation(&self) -> Computation<'_> {
        Computation::DpuAdd
    }

    fn scales(&self) -> ScaleRule {
        ScaleRule::Chosen
    }

    fn check(&self, at: &Operands<'_>) -> Result<()> {
        at.check_zeros()?;
        QAdd.check(at)
    }

    fn shapes(&self, at: &Operands<'_>) -> Result<Vec<Vec<usize>>> {
        QAdd.shapes(at)
    }

    fn alignment(&self, at: &Operands<'_>, position: usize) -> Alignment {
        at.finer(position)
    }
}
