//! The quantized convolution (rules A4 to A7, or A13).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Alignment, ArrayReader, ArrayWriter, Computation, Dumped, Operands, QOperator, ScaleRule,
    Stored, accumulator_bound, bound, wrong,
};
use crate::base::arithmetic::{FRACTION, FRACTIONS, Function};
use crate::base::error::{Error, Result, codes};
use crate::frontend::ops::epilogue::Residual;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::QGraph;

/// Channels, taps and shifts beyond this are no network of this world; it bounds all index
/// arithmetic.
pub const MAX_EXTENT: usize = 1 << 24;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
        /// Fraction bits F of the argument per output channel, [`FRACTIONS`]; those of the function where
        /// it has constants.
        fractions: Vec<i8>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

    /// Right shift that aligns the second input (`align` of rule A6) in a channel, by its exponent there.
    pub fn residual_shift(&self, functions: &[Function], channel: usize, exponent: i8) -> i32 {
        let Output::Function { function, residual, fractions, .. } = &self.output else { return 0 };
        let gain = match residual {
            Some(Residual::AfterActivation) => functions[*function].unit.gain,
            _ => 0,
        };
        -(i32::from(fractions[channel]) + i32::from(gain) + i32::from(exponent))
    }

    /// Whether a second input is added.
    pub fn residual(&self) -> Option<Residual> {
        match self.output {
            Output::Function { residual, .. } => residual,
            Output::Direct { .. } | Output::Dpu { .. } => None,
        }
    }
}

impl QOperator for QConv {
    fn kind(&self) -> &'static str {
        "Conv"
    }

    fn computation(&self) -> Computation<'_> {
        Computation::Conv(self)
    }

    fn scales(&self) -> ScaleRule {
        ScaleRule::Chosen
    }

    fn check(&self, at: &Operands<'_>) -> Result<()> {
        let (input, _) = at.int8(0)?;
        let &[_, channels, rows, columns] = &input.shape[..] else {
            return Err(wrong("the input of a convolution has rank 4"));
        };
        for (axis, extent) in self.axes.iter().zip([rows, columns]) {
            check_axis(axis, extent)?;
        }
        self.check_weights(channels)?;
        bound::check(self)?;
        self.check_output(at)?;
        if self.residual().is_some() {
            let (residual, _) = at.int8(1)?;
            at.check_shapes(std::slice::from_ref(&residual.shape))?;
        }
        Ok(())
    }

    fn shapes(&self, at: &Operands<'_>) -> Result<Vec<Vec<usize>>> {
        let batch = at.int8(0)?.0.shape.first().copied().unwrap_or(1);
        let [rows, columns] = self.axes;
        Ok(vec![vec![batch, self.outputs(), rows.output, columns.output]])
    }

    fn window(&self, _input: &[usize]) -> Result<Option<Vec<Axis>>> {
        Ok(Some(self.axes.to_vec()))
    }

    fn weights(&self) -> &[i8] {
        &self.weights
    }

    fn macs(&self, output: &[usize]) -> u64 {
        let plane: usize = output.iter().skip(2).product();
        (self.weights.len() * plane) as u64
    }

    fn accumulator_bits(&self) -> Option<u32> {
        Some(u64::BITS - accumulator_bound(self).leading_zeros() + 1)
    }

    fn describe(&self, graph: &QGraph) -> String {
        match &self.output {
            Output::Direct { relu, .. } => if *relu { "Conv + Relu" } else { "Conv" }.to_owned(),
            Output::Function { function, residual, .. } => {
                let function = &graph.functions[*function].name;
                match residual {
                    None => format!("Conv + {function}"),
                    Some(Residual::BeforeActivation) => format!("Conv + Add + {function}"),
                    Some(Residual::AfterActivation) => format!("Conv + {function} + Add"),
                }
            }
            Output::Dpu { .. } => "Conv by DPU rules".to_owned(),
        }
    }

    fn alignment(&self, at: &Operands<'_>, position: usize) -> Alignment {
        let wide = |shifts: &[i8]| shifts.iter().map(|&shift| shift.into()).collect::<Vec<_>>();
        match &self.output {
            _ if position > 0 => {
                let exponents = at.exponents(position).into_iter().enumerate();
                let shifts = exponents.map(|(channel, exponent)| {
                    self.residual_shift(&at.graph.functions, channel, exponent as i8)
                });
                Alignment::new("residual to fixed point", shifts)
            }
            Output::Direct { shifts, .. } => {
                Alignment::new("folded in the weights; sum to output", wide(shifts))
            }
            Output::Function { arguments, .. } => {
                Alignment::new("folded in the weights; sum to argument", wide(arguments))
            }
            Output::Dpu { shift, .. } => {
                Alignment::new("per tensor; sum to output", [i32::from(*shift)])
            }
        }
    }
}

/// Refuses a window along an axis that the rules do not describe.
fn check_axis(axis: &Axis, extent: usize) -> Result<()> {
    let limits = [axis.kernel, axis.stride, axis.dilation, axis.output];
    let padded = axis.begin.max(axis.end) < MAX_EXTENT;
    if limits.iter().any(|&limit| limit == 0 || limit >= MAX_EXTENT) || !padded {
        return Err(wrong(format!("the window {axis:?} is absurd")));
    }
    let reach = (axis.kernel - 1) * axis.dilation + (axis.output - 1) * axis.stride;
    if axis.input != extent || reach >= axis.input + axis.begin + axis.end {
        return Err(wrong(format!("the window {axis:?} does not fit {extent}")));
    }
    Ok(())
}

/// What [`QOperator::check`] looks at.
impl QConv {
    fn check_weights(&self, channels: usize) -> Result<()> {
        let outputs = self.outputs();
        let whole = |count: usize| count.is_multiple_of(self.group);
        let grouped = self.group > 0 && whole(outputs) && whole(channels);
        let taps = self.axes[0].kernel * self.axes[1].kernel;
        if !grouped
            || outputs == 0
            || self.weights.len() != outputs * (channels / self.group) * taps
        {
            return Err(wrong(format!(
                "{} weights for {channels} to {outputs} channels in {} groups",
                self.weights.len(),
                self.group
            )));
        }
        if self.exponents.len() != outputs {
            return Err(wrong("one weight exponent per output channel is needed"));
        }
        Ok(())
    }

    fn check_output(&self, at: &Operands<'_>) -> Result<()> {
        let within = |shifts: &[i8], low: i8, high: i8| {
            let fits = |shift| (low..=high).contains(shift);
            shifts.len() == self.outputs() && shifts.iter().all(fits)
        };
        let fits = match &self.output {
            Output::Direct { shifts, .. } => within(shifts, -2, 31),
            Output::Function { function, arguments, shifts, fractions, .. } => {
                let own = at.graph.functions.get(*function);
                let (least, most) = FRACTIONS;
                own.is_some_and(|own| {
                    !own.has_unit()
                        || fractions.iter().all(|&fraction| fraction == own.unit.fraction)
                }) && within(arguments, -8, 31)
                    && within(shifts, 0, 15)
                    && within(fractions, least as i8, most as i8)
            }
            Output::Dpu { accumulator_shift, bias_shift, shift, .. } => {
                at.check_zeros()?;
                *accumulator_shift <= 24 && *bias_shift <= 16 && *shift <= 40
            }
        };
        if fits {
            return Ok(());
        }
        Err(wrong("a shift is out of range or the function does not exist"))
    }
}

/// A convolution for people: weights are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConvDump {
    /// Rows, then columns.
    pub axes: [Axis; 2],
    /// Independent groups of channels.
    pub group: usize,
    /// How many weights there are.
    pub weights: usize,
    /// Exponent of one accumulator step, per output channel.
    pub exponents: Vec<i8>,
    /// Bias in accumulator steps, per output channel.
    pub bias: Vec<i32>,
    /// What becomes of the sums.
    pub output: Output,
}

/// The JSON form; numbers per channel are in the arrays.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Rows, then columns: input, output, kernel, stride, dilation, begin, end.
    axes: [[usize; 7]; 2],
    group: usize,
    /// Output channels.
    channels: usize,
    /// First byte in WGTS, and how many there are.
    weights: (usize, usize),
    /// First byte in PRMS.
    params: usize,
    output: OutputHeader,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OutputHeader {
    Direct {
        relu: bool,
    },
    Function {
        function: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        residual: Option<Residual>,
        /// Whether fraction bits per channel follow the shifts; else they are the usual ones.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        fractions: bool,
    },
    Dpu {
        accumulator_shift: u8,
        bias_shift: u8,
        shift: u8,
        activation: DpuActivation,
    },
}

impl Dumped for Box<QConv> {
    type Dump = Box<ConvDump>;

    fn dump(&self) -> Box<ConvDump> {
        Box::new(ConvDump {
            axes: self.axes,
            group: self.group,
            weights: self.weights.len(),
            exponents: self.exponents.clone(),
            bias: self.bias.clone(),
            output: self.output.clone(),
        })
    }
}

impl Stored for Box<QConv> {
    type Header = Box<Header>;

    fn store(&self, arrays: &mut ArrayWriter) -> Box<Header> {
        let weights = arrays.weights(&self.weights);
        let params = arrays.begin_params();
        arrays.i32s(&self.bias);
        arrays.i8s(&self.exponents);
        let output = match &self.output {
            Output::Direct { shifts, relu } => {
                arrays.i8s(shifts);
                OutputHeader::Direct { relu: *relu }
            }
            Output::Function { function, arguments, shifts, residual, fractions } => {
                arrays.i8s(arguments);
                arrays.i8s(shifts);
                let own = fractions.iter().any(|&fraction| i32::from(fraction) != FRACTION);
                if own {
                    arrays.i8s(fractions);
                }
                OutputHeader::Function { function: *function, residual: *residual, fractions: own }
            }
            &Output::Dpu { accumulator_shift, bias_shift, shift, activation } => {
                OutputHeader::Dpu { accumulator_shift, bias_shift, shift, activation }
            }
        };
        let axes = self.axes.map(|Axis { input, output, kernel, stride, dilation, begin, end }| {
            [input, output, kernel, stride, dilation, begin, end]
        });
        let channels = self.outputs();
        Box::new(Header { axes, group: self.group, channels, weights, params, output })
    }

    fn load(header: Box<Header>, arrays: &ArrayReader<'_>) -> Result<Self> {
        let (first, count) = header.weights;
        let weights = arrays.weights.i8s(first, count)?;
        let channels = header.channels;
        let mut next = header.params;
        let mut begin = |size: usize| -> Result<usize> {
            let length = channels.checked_mul(size);
            let end = length.and_then(|length| next.checked_add(length)).ok_or_else(|| {
                Error::new(&codes::CERAS_FORMAT, format!("{channels} channels are too many"))
            })?;
            Ok(std::mem::replace(&mut next, end))
        };
        let bias = arrays.params.i32s(begin(4)?, channels)?;
        let mut i8s = || arrays.params.i8s(begin(1)?, channels);
        let exponents = i8s()?;
        let output = match header.output {
            OutputHeader::Direct { relu } => Output::Direct { shifts: i8s()?, relu },
            OutputHeader::Function { function, residual, fractions } => Output::Function {
                function,
                arguments: i8s()?,
                shifts: i8s()?,
                residual,
                fractions: if fractions { i8s()? } else { vec![FRACTION as i8; channels] },
            },
            OutputHeader::Dpu { accumulator_shift, bias_shift, shift, activation } => {
                Output::Dpu { accumulator_shift, bias_shift, shift, activation }
            }
        };
        let axes = header.axes.map(|[input, output, kernel, stride, dilation, begin, end]| Axis {
            input,
            output,
            kernel,
            stride,
            dilation,
            begin,
            end,
        });
        Ok(Box::new(QConv { axes, group: header.group, weights, exponents, bias, output }))
    }
}
