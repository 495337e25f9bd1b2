//! Where the scales of results come from, and whether they do.

use super::operands::{Operands, wrong};
use super::{Computation, Moved, moved};
use crate::base::error::Result;
use crate::model::qgraph::Operand;

/// Where the scales of results come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleRule {
    /// They are chosen when the network is quantized; the operator aligns its inputs to them.
    Chosen,
    /// They are those of the first input.
    Kept,
    /// They are those of the input channels that are moved there; the width is that of the inputs.
    Moved,
    /// They are chosen where a result is quantized; a result may be float.
    Processor,
}

impl ScaleRule {
    /// Refuses a layer whose results have other scales.
    ///
    /// # Errors
    /// `QUANTIZED_GRAPH`.
    pub fn check(self, at: &Operands<'_>) -> Result<()> {
        match self {
            Self::Chosen => {
                (0..at.layer.outputs.len()).try_for_each(|position| at.output(position).map(|_| ()))
            }
            Self::Kept => {
                let (_, _, scales) = at.integers(0)?;
                for position in 0..at.layer.outputs.len() {
                    if at.output(position)?.1 != scales {
                        return Err(wrong("the output has not the scales of the input"));
                    }
                }
                Ok(())
            }
            Self::Moved => check_moved(at),
            Self::Processor => Ok(()),
        }
    }
}

fn check_moved(at: &Operands<'_>) -> Result<()> {
    let Computation::OnIntegers(op) = at.layer.op.operator().computation() else {
        return Err(wrong("nothing that moves channels"));
    };
    let (_, width, _) = at.integers(0)?;
    let mut marks = Vec::with_capacity(at.layer.inputs.len());
    for (position, operand) in at.layer.inputs.iter().enumerate() {
        marks.push(match operand {
            None => None,
            Some(Operand::Constant(tensor)) => Some(Moved::Constant(tensor)),
            Some(Operand::Value(_)) => {
                let (value, _, scales) = at.integers(position)?;
                Some(Moved::Quantized(&value.shape, scales))
            }
        });
    }
    for (position, expected) in moved(&op, &marks)?.iter().enumerate() {
        let (own, scales) = at.output(position)?;
        if scales != expected || own != width {
            return Err(wrong("a movement changes width or scale"));
        }
    }
    Ok(())
}
