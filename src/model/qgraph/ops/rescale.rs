//! The same numbers under another scale: `sat(rshift(q - z, e_out - e_in) + z_out)`.

use super::{Alignment, Computation, Operands, QOperator, ScaleRule};
use crate::base::error::Result;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QRescale;

impl QOperator for QRescale {
    fn kind(&self) -> &'static str {
        "Rescale"
    }

    fn computation(&self) -> Computation<'_> {
        Computation::Rescale
    }

    fn scales(&self) -> ScaleRule {
        ScaleRule::Chosen
    }

    fn check(&self, at: &Operands<'_>) -> Result<()> {
        let (_, scales) = at.int8(0)?;
        at.check_shifts(scales.iter().map(|scale| scale.exponent.into()))
    }

    fn shapes(&self, at: &Operands<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(vec![at.int8(0)?.0.shape.clone()])
    }

    fn alignment(&self, at: &Operands<'_>, position: usize) -> Alignment {
        let (from, to) = (at.exponents(position), at.output_exponents());
        Alignment::new("to the output", to.iter().zip(&from).map(|(to, from)| to - from))
    }
}
