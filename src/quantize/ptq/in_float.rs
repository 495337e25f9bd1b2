//! Why a node computes in float.

use std::fmt;

use crate::frontend::rewrites::MAX_KERNEL;

/// Why quantization leaves a node in float, with the numbers that decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InFloat {
    /// The user, or the search for sensitive layers, keeps it so.
    Chosen,
    /// No layer of the network could compute in integers.
    NothingToQuantize,
    /// The network takes several frames at once.
    Batch(usize),
    /// No integer rule computes the operator.
    NoRule,
    /// A convolution with weights or a bias that the network computes.
    ComputedWeights,
    /// A convolution on a constant.
    ConstantInput,
    /// A convolution or maximum whose result has another rank than 4.
    Rank(usize),
    /// A product that no rewrite makes a convolution of, such as one of two computed factors.
    NoConvolution,
    /// A mean whose windows count different numbers of elements.
    UnevenMean,
    /// A mean over larger windows than a convolution on the accelerator has.
    LargeMean,
    /// An addition of tensors of different shapes, or of a constant.
    UnequalTerms,
    /// A movement of what is float.
    FloatInput,
    /// A movement of integers of different widths.
    Widths,
    /// A movement that would mix channels of different scales.
    MixesChannels,
}

impl fmt::Display for InFloat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chosen => "kept in float on request",
            Self::NothingToQuantize => "no layer of the network would compute in integers",
            Self::Batch(frames) => {
                return write!(f, "the network takes {frames} frames at once; int8 takes one");
            }
            Self::NoRule => "no integer rule for this operator",
            Self::ComputedWeights => "the weights or the bias are computed",
            Self::ConstantInput => "the input is a constant",
            Self::Rank(rank) => return write!(f, "the result has rank {rank}; int8 needs 4"),
            Self::NoConvolution => "no rewrite makes a convolution of this product",
            Self::UnevenMean => "its windows count different numbers of elements",
            Self::LargeMean => {
                return write!(f, "a mean over more than {MAX_KERNEL} rows or columns");
            }
            Self::UnequalTerms => "adds a constant, or tensors of different shapes",
            Self::FloatInput => "moves what is float",
            Self::Widths => "moves integers of different widths",
            Self::MixesChannels => "would mix channels of different scales",
        })
    }
}
