//! The quantized convolution.

use serde::{Deserialize, Serialize};

use crate::frontend::ops::epilogue::Residual;
use crate::frontend::ops::window::Axis;

/// A two-dimensional convolution with int8 weights (rule A4) and one of the output stages.
#[derive(Debug, Clone, PartialEq)]
pub struct QConv {
    /// Rows, then columns, with all extents known.
    pub axes: [Axis; 2],
    /// Input and output channels are cut into this many independent groups.
    pub group: usize,
    /// Weights `[outputs, inputs / group, rows, columns]`, row-major.
    pub weights: Vec<i8>,
    /// Exponent of one accumulator step, per output channel (for reports and export).
    pub exponents: Vec<i8>,
    /// Bias in accumulator steps with the zero points of the inputs folded in, per output channel.
    pub bias: Vec<i32>,
    /// What becomes of the sums.
    pub output: Output,
}

/// From the accumulator to the stored integer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Rule A5.
    Direct {
        /// Right shift per output channel, -2..=31.
        shifts: Vec<i8>,
        /// Limit to at least 0 before the zero point is added.
        relu: bool,
    },
    /// Rule A6.
    Function {
        /// Index in `QGraph::functions`.
        function: usize,
        /// Right shift to the argument per output channel, -8..=31.
        arguments: Vec<i8>,
        /// Right shift to the output per output channel, 0..=15.
        shifts: Vec<i8>,
        /// Where the second input is added.
        residual: Option<Residual>,
    },
    /// Rule A13.
    Dpu {
        /// `k`: the accumulator is shifted left by it.
        accumulator_shift: u8,
        /// `max(0, shift_bias)`: the bias is shifted left by it.
        bias_shift: u8,
        /// `S`.
        shift: u8,
        /// What is done to N.
        activation: DpuActivation,
    },
}

/// Activations that the DPU rules know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DpuActivation {
    /// None.
    None,
    /// At least 0.
    Relu,
    /// 26/256 below 0.
    LeakyRelu,
}

impl QConv {
    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Weights of one output channel.
    pub fn taps(&self) -> usize {
        self.weights.len() / self.bias.len().max(1)
    }

    /// Input channels of one group.
    pub fn group_inputs(&self) -> usize {
        self.taps() / (self.axes[0].kernel * self.axes[1].kernel).max(1)
    }

    /// Whether a second input is added.
    pub fn residual(&self) -> Option<Residual> {
        match self.output {
            Output::Function { residual, .. } => residual,
            Output::Direct { .. } | Output::Dpu { .. } => None,
        }
    }
}
