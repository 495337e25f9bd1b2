//! The rules of a well-formed quantized graph. After this check every layer can run.

use super::movement::Moved;
use super::{
    ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QValueId, Scale, Width, bound, moved,
};
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::{DType, element_count};
use crate::frontend::ops::window::Axis;
use crate::frontend::ops::{Fact, Inputs, Op};

/// Channels, taps and shifts beyond this are no network of this world; it bounds all index
/// arithmetic.
const MAX_EXTENT: usize = 1 << 24;

/// Largest left shift between two scales (rules A8 and A13): 64 bits hold every sum.
const MAX_ALIGNMENT: i32 = 24;

/// Largest right shift between two scales.
const MAX_SHIFT: i32 = 55;

fn wrong(message: impl Into<String>) -> Error {
    Error::new(&codes::QUANTIZED_GRAPH, message)
}

impl QGraph {
    /// Checks links, order, shapes, scales, shift ranges, tables and accumulator bounds.
    ///
    /// # Errors
    /// [`codes::QUANTIZED_GRAPH`] and [`codes::ACCUMULATOR`], naming the layer.
    pub fn validate(&self) -> Result<()> {
        self.check_values()?;
        for function in &self.functions {
            if !function.is_consistent() {
                return Err(wrong(format!(
                    "function \"{}\" has a ROM of another size",
                    function.name
                )));
            }
        }
        let mut available = vec![false; self.values.len()];
        for id in &self.inputs {
            if std::mem::replace(self.slot(&mut available, *id)?, true) {
                return Err(wrong(format!("input {} comes twice", id.0)));
            }
        }
        for layer in &self.layers {
            self.check_layer(layer, &mut available).map_err(|error| error.at(layer.place()))?;
        }
        for output in &self.outputs {
            if !*self.slot(&mut available, output.value)? {
                return Err(wrong(format!("output \"{}\" is never computed", output.name)));
            }
        }
        Ok(())
    }

    fn slot<'a>(&self, available: &'a mut [bool], id: QValueId) -> Result<&'a mut bool> {
        available.get_mut(id.0).ok_or_else(|| wrong(format!("value {} does not exist", id.0)))
    }

    fn check_values(&self) -> Result<()> {
        for value in &self.values {
            element_count(&value.shape)?;
            if let Format::Integer { scales, .. } = &value.format {
                let fits = scales.iter().all(|scale| (-32..=31).contains(&scale.exponent));
                if scales.len() != value.channels() || !fits {
                    return Err(wrong(format!("the scales of \"{}\" do not fit it", value.name)));
                }
            }
        }
        Ok(())
    }

    fn check_layer(&self, layer: &Layer, available: &mut [bool]) -> Result<()> {
        for id in layer.inputs.iter().flatten().filter_map(Operand::value) {
            if !*self.slot(available, id)? {
                return Err(wrong(format!("value {} is read before it is computed", id.0)));
            }
        }
        for id in &layer.outputs {
            if std::mem::replace(self.slot(available, *id)?, true) {
                return Err(wrong(format!("value {} is computed twice", id.0)));
            }
        }
        match &layer.op {
            QOp::Conv(conv) => self.check_conv(layer, conv),
            QOp::Add => self.check_add(layer),
            QOp::DpuAdd => {
                self.check_unshifted(layer)?;
                self.check_add(layer)
            }
            QOp::Rescale => {
                let (input, scales) = self.integers(layer, 0)?;
                self.output(layer, &input.shape)?;
                self.check_alignment(layer, scales.iter().map(|scale| scale.exponent.into()))
            }
            QOp::MaxPool(op) => {
                let Op::MaxPool(pool) = op else {
                    return Err(wrong("not a maximum pooling"));
                };
                self.check_inferred(layer, op)?;
                let (input, scales) = self.integers(layer, 0)?;
                let kernel = &pool.window.kernel;
                let axes = pool.window.axes(kernel, &input.shape[2..], pool.ceil)?;
                if !axes.iter().all(reads_input_everywhere) {
                    return Err(wrong("a window reads nothing but padding"));
                }
                let (_, output_scales) = self.output_integers(layer, 0)?;
                (scales == output_scales)
                    .then_some(())
                    .ok_or_else(|| wrong("pooling changes the scale"))
            }
            QOp::Move(op) => self.check_move(layer, op),
            QOp::Float(op) => self.check_inferred(layer, op),
        }
    }

    fn check_conv(&self, layer: &Layer, conv: &QConv) -> Result<()> {
        let (input, _) = self.integers(layer, 0)?;
        let &[batch, channels, rows, columns] = &input.shape[..] else {
            return Err(wrong("the input of a convolution has rank 4"));
        };
        let outputs = conv.outputs();
        let [vertical, horizontal] = conv.axes;
        for (axis, extent) in [(vertical, rows), (horizontal, columns)] {
            let limits = [axis.kernel, axis.stride, axis.dilation, axis.output];
            let padded = axis.begin.max(axis.end) < MAX_EXTENT;
            if limits.iter().any(|&limit| limit == 0 || limit >= MAX_EXTENT) || !padded {
                return Err(wrong(format!("the window {axis:?} is absurd")));
            }
            let reach = (axis.kernel - 1) * axis.dilation + (axis.output - 1) * axis.stride;
            if axis.input != extent || reach >= axis.input + axis.begin + axis.end {
                return Err(wrong(format!("the window {axis:?} does not fit {extent}")));
            }
        }
        let whole = |count: usize| count.is_multiple_of(conv.group);
        let grouped = conv.group > 0 && whole(outputs) && whole(channels);
        let taps = vertical.kernel * horizontal.kernel;
        if !grouped
            || outputs == 0
            || conv.weights.len() != outputs * (channels / conv.group) * taps
        {
            return Err(wrong(format!(
                "{} weights for {channels} to {outputs} channels in {} groups",
                conv.weights.len(),
                conv.group
            )));
        }
        if conv.exponents.len() != outputs {
            return Err(wrong("one weight exponent per output channel is needed"));
        }
        bound::check(conv)?;
        self.output(layer, &[batch, outputs, vertical.output, horizontal.output])?;
        self.check_output_stage(layer, conv)
    }

    fn check_output_stage(&self, layer: &Layer, conv: &QConv) -> Result<()> {
        let outputs = conv.outputs();
        let within = |shifts: &[i8], low: i8, high: i8| {
            shifts.len() == outputs && shifts.iter().all(|shift| (low..=high).contains(shift))
        };
        let fits = match &conv.output {
            ConvOutput::Direct { shifts, .. } => within(shifts, -2, 31),
            ConvOutput::Function { function, arguments, shifts, .. } => {
                *function < self.functions.len()
                    && within(arguments, -8, 31)
                    && within(shifts, 0, 15)
            }
            ConvOutput::Dpu { accumulator_shift, bias_shift, shift, .. } => {
                *accumulator_shift <= 24 && *bias_shift <= 16 && *shift <= 40
            }
        };
        if !fits {
            return Err(wrong("a shift is out of range or the function does not exist"));
        }
        if matches!(conv.output, ConvOutput::Dpu { .. }) {
            self.check_unshifted(layer)?;
        }
        if conv.residual().is_some() {
            let (residual, _) = self.integers(layer, 1)?;
            self.output(layer, &residual.shape.clone())?;
        }
        Ok(())
    }

    fn check_add(&self, layer: &Layer) -> Result<()> {
        let (a, first) = self.integers(layer, 0)?;
        let (b, second) = self.integers(layer, 1)?;
        let pairs = || first.iter().zip(second).map(|(a, b)| (a.exponent, b.exponent));
        let far = pairs().any(|(a, b)| (i32::from(a) - i32::from(b)).abs() > MAX_ALIGNMENT);
        if a.shape != b.shape || far {
            return Err(wrong("the operands of an addition do not fit each other"));
        }
        self.output(layer, &a.shape)?;
        self.check_alignment(layer, pairs().map(|(a, b)| a.min(b).into()))
    }

    /// Sums with exponents `from` must reach the output's by shifts that rules A8 and A13 allow.
    fn check_alignment(&self, layer: &Layer, from: impl Iterator<Item = i32>) -> Result<()> {
        let (_, scales) = self.output_integers(layer, 0)?;
        let shifts = scales.iter().zip(from).map(|(to, from)| i32::from(to.exponent) - from);
        let far = |shift: i32| !(-MAX_ALIGNMENT..=MAX_SHIFT).contains(&shift);
        match shifts.into_iter().find(|&shift| far(shift)) {
            None => Ok(()),
            Some(shift) => Err(wrong(format!("the output needs a shift of {shift}"))),
        }
    }

    /// Rule A13: no input and no output has a zero point.
    fn check_unshifted(&self, layer: &Layer) -> Result<()> {
        let inputs = layer.inputs.iter().flatten().filter_map(Operand::value);
        let integers = inputs.chain(layer.outputs.iter().copied());
        let mut scales = integers.filter_map(|id| self.value(id).integer()).flat_map(|(_, s)| s);
        if scales.any(|scale| scale.zero != 0) {
            return Err(wrong("zero points other than 0 under the DPU rules"));
        }
        Ok(())
    }

    fn check_move(&self, layer: &Layer, op: &Op) -> Result<()> {
        if !QOp::moves(op) {
            return Err(wrong(format!("{} does not just move integers", op.kind())));
        }
        self.check_inferred(layer, op)?;
        let mut marks = Vec::with_capacity(layer.inputs.len());
        let width = self.width(layer, 0)?;
        for (position, operand) in layer.inputs.iter().enumerate() {
            marks.push(match operand {
                None => None,
                Some(Operand::Constant(tensor)) => Some(Moved::Constant(tensor)),
                Some(Operand::Value(_)) => {
                    let (value, scales) = self.integers(layer, position)?;
                    Some(Moved::Quantized(&value.shape, scales))
                }
            });
        }
        for (position, expected) in moved(op, &marks)?.iter().enumerate() {
            let (own, scales) = self.output_integers(layer, position)?;
            if scales != expected || own != width {
                return Err(wrong("a movement changes width or scale"));
            }
        }
        Ok(())
    }

    /// Compares the stored shapes and types of the outputs with the operator's shape rule.
    fn check_inferred(&self, layer: &Layer, op: &Op) -> Result<()> {
        let float = matches!(layer.op, QOp::Float(_));
        let facts: Vec<Option<Fact>> = layer
            .inputs
            .iter()
            .map(|operand| match operand {
                None => None,
                Some(Operand::Constant(tensor)) => Some(Fact::from(tensor.clone())),
                Some(Operand::Value(id)) => {
                    let value = self.value(*id);
                    let dtype = value.integer().map_or(DType::F32, |(width, _)| width.dtype());
                    Some(Fact::new(if float { DType::F32 } else { dtype }, value.shape.clone()))
                }
            })
            .collect();
        let references: Vec<_> = facts.iter().map(Option::as_ref).collect();
        let inferred = op.infer(Inputs::new(&references))?;
        let stored = layer.outputs.iter().map(|id| &self.value(*id).shape);
        if inferred.len() != layer.outputs.len()
            || inferred.iter().zip(stored).any(|(fact, shape)| fact.shape != *shape)
        {
            return Err(wrong("the stored shapes are not those which the operator gives"));
        }
        if float {
            self.check_float_outputs(layer, &inferred)?;
        }
        Ok(())
    }

    /// What is quantized or read again must be single precision; indices may only leave.
    fn check_float_outputs(&self, layer: &Layer, inferred: &[Fact]) -> Result<()> {
        let read = |id: QValueId| {
            let mut operands = self.layers.iter().flat_map(|layer| layer.inputs.iter().flatten());
            operands.any(|operand| operand.value() == Some(id))
        };
        let stuck = layer.outputs.iter().zip(inferred).find(|(id, fact)| {
            let used = self.value(**id).integer().is_some() || read(**id);
            fact.dtype != DType::F32 && used
        });
        match stuck {
            None => Ok(()),
            Some((_, fact)) => {
                Err(wrong(format!("a result of type {} cannot be used again", fact.dtype)))
            }
        }
    }

    fn integers(&self, layer: &Layer, position: usize) -> Result<(&super::QValue, &[Scale])> {
        let id = layer.input(position).ok_or_else(|| wrong(format!("no input {position}")))?;
        let value = self.value(id);
        let (width, scales) =
            value.integer().ok_or_else(|| wrong(format!("input {position} is not quantized")))?;
        let narrow = matches!(layer.op, QOp::Move(_)) || width == Width::I8;
        narrow
            .then_some((value, scales))
            .ok_or_else(|| wrong(format!("input {position} is not int8")))
    }

    fn width(&self, layer: &Layer, position: usize) -> Result<Width> {
        let id = layer.input(position).ok_or_else(|| wrong(format!("no input {position}")))?;
        let integer = self.value(id).integer();
        integer.map(|(width, _)| width).ok_or_else(|| wrong("the input is not quantized"))
    }

    fn output_integers(&self, layer: &Layer, position: usize) -> Result<(Width, &[Scale])> {
        let id =
            layer.outputs.get(position).ok_or_else(|| wrong(format!("no output {position}")))?;
        self.value(*id)
            .integer()
            .ok_or_else(|| wrong(format!("output {position} is not quantized")))
    }

    /// The one output, which must be quantized and have `shape`.
    fn output(&self, layer: &Layer, shape: &[usize]) -> Result<QValueId> {
        let &[id] = &layer.outputs[..] else { return Err(wrong("one output is needed")) };
        self.output_integers(layer, 0)?;
        if self.value(id).shape != shape {
            return Err(wrong(format!("the output {:?} is not {shape:?}", self.value(id).shape)));
        }
        Ok(id)
    }
}

/// Whether every window has a position inside of the input (rule A9).
fn reads_input_everywhere(axis: &Axis) -> bool {
    (0..axis.output).all(|output| {
        let start = output * axis.stride;
        let tap = axis.begin.saturating_sub(start).div_ceil(axis.dilation);
        tap < axis.kernel && start + tap * axis.dilation < axis.begin + axis.input
    })
}

impl QOp {
    /// Whether an operator only moves elements, so that it may be a [`QOp::Move`].
    pub fn moves(op: &Op) -> bool {
        use crate::frontend::ops::resize::Mode;
        match op {
            Op::Concat(_) | Op::Split(_) | Op::Slice(_) | Op::Reshape(_) | Op::Flatten(_) => true,
            Op::Squeeze(_) | Op::Unsqueeze(_) | Op::Transpose(_) | Op::Identity(_) => true,
            Op::SpaceToDepth(_) | Op::DepthToSpace(_) | Op::ChannelShuffle(_) => true,
            Op::Gather(_) => true,
            Op::Resize(resize) => matches!(resize.mode, Mode::Nearest(_)),
            _ => false,
        }
    }
}
