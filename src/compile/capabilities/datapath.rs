//! Which part of the hardware does the work of an operator, before its numbers are looked at.

use super::reason::{Fit, Reason, Role};
use super::window::Maximum;
use crate::base::error::Result;
use crate::frontend::ops::Op;
use crate::model::qgraph::{ConvOutput, QConv, QMove, QOp};

/// What the hardware does for an operator. Its windows and scales decide whether it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Datapath<'a> {
    /// Sums of products behind an output stage: the dense array, or the plane engine where each
    /// channel is on its own.
    Convolution(&'a QConv),
    /// The sum of these inputs under another scale: the dense array, with powers of two as weights.
    Sum(&'static [Role]),
    /// A number per channel times each of its pixels: the plane engine.
    ChannelMul,
    /// The largest integer of each window: the plane engine.
    Maximum,
    /// Nothing, where readers find the channels themselves; else copies by the dense array.
    Movement(&'a Op),
}

impl<'a> Datapath<'a> {
    /// The part of the hardware for an operator.
    ///
    /// # Errors
    /// [`Reason::DpuRules`] and [`Reason::Float`] for what only the processor does.
    pub fn of(op: &'a QOp) -> Fit<Self> {
        match op {
            QOp::Conv(conv) => match conv.output {
                ConvOutput::Direct { .. } | ConvOutput::Function { .. } => {
                    Ok(Self::Convolution(conv))
                }
                ConvOutput::Dpu { .. } => Err(Reason::DpuRules),
            },
            QOp::Add => Ok(Self::Sum(&[Role::Input, Role::Second])),
            QOp::ChannelMul => Ok(Self::ChannelMul),
            QOp::DpuAdd => Err(Reason::DpuRules),
            QOp::Rescale => Ok(Self::Sum(&[Role::Input])),
            QOp::MaxPool(_) => Ok(Self::Maximum),
            QOp::Move(QMove(op)) => Ok(Self::Movement(op)),
            QOp::Float(_) => Err(Reason::Float),
        }
    }
}

impl Maximum {
    /// The stages of an operator with a window over an input of a shape.
    ///
    /// # Errors
    /// Those of the window; the inner error is what the engine does not take.
    pub fn of(op: &QOp, input: &[usize]) -> Result<Fit<Self>> {
        let axes = op.operator().window(input)?.unwrap_or_default();
        let &[rows, columns] = &axes[..] else { return Ok(Err(Reason::WindowAxes(axes.len()))) };
        Ok(Self::fit(&[rows, columns]))
    }
}
