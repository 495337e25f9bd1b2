//! The network as other programs know quantized networks: float operators between
//! QuantizeLinear and DequantizeLinear, with a scale and a zero point per channel.
//!
//! ONNX rounds halves to even, so a number that lies between two integers may become the other
//! one. Functions as operators add the error of the reference's tables; functions as tables do not.

use std::borrow::Cow;

use super::convolution::{Filters, attributes};
use super::exported::Exported;
use super::function::function;
use super::operator::{activation, operator};
use super::stage::Stage;
use super::writer::{Real, Writer};
use crate::base::arithmetic::{Base, Function, X_BITS, power};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::onnx::Attributes;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::epilogue::Residual;
use crate::model::qgraph::{
    Computation, ConvOutput, DpuActivation, Layer, Operand, QConv, QGraph, QValue, QValueId, Width,
};

/// How activation functions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Functions {
    /// As the ONNX operator whose table the function holds; by the table where there is none.
    Operators,
    /// By their tables, so that the model differs from the reference on ties only.
    #[default]
    Tables,
}

/// Writes a model with QuantizeLinear and DequantizeLinear. Values keep their names; the stored
/// integers of `name` are `name:q`. The shifts of each convolution are in the model's metadata.
///
/// # Errors
/// Those of [`QGraph::validate`].
pub fn qdq(graph: &QGraph, functions: Functions) -> Result<Exported> {
    graph.validate()?;
    let mut writer = Writer::default();
    for name in graph.values.iter().map(|value| &value.name) {
        writer.reserve(name);
    }
    for output in &graph.outputs {
        writer.reserve(&output.name);
    }
    let names = (0..graph.values.len()).map(|index| number_name(graph, QValueId(index))).collect();
    let mut export = Qdq { graph, functions, writer, names };
    for &id in &graph.inputs {
        let value = graph.value(id);
        export.writer.enter(&value.name);
        export.writer.input(&value.name, &value.shape);
        let name = export.names[id.0].clone();
        if name != value.name {
            export.quantize(value, &value.name, &name);
        }
    }
    for layer in &graph.layers {
        export.writer.enter(&layer.name);
        export.layer(layer).at(|| layer.place())?;
    }
    export.writer.enter("outputs");
    for output in &graph.outputs {
        let value = graph.value(output.value);
        let source = export.names[output.value.0].clone();
        if source != output.name {
            export.writer.rename(&source, &output.name);
        }
        export.writer.output(&output.name, &value.shape);
    }
    export.writer.note("seigo.export", "qdq".into());
    Ok(export.writer.finish(&graph.name))
}

struct Qdq<'a> {
    graph: &'a QGraph,
    functions: Functions,
    writer: Writer,
    /// Name of the float that each value is.
    names: Vec<String>,
}

/// A value's own name; a longer one where an output of another value has taken it, or where it is
/// that of the network input before it is quantized.
fn number_name(graph: &QGraph, id: QValueId) -> String {
    let value = graph.value(id);
    let entering = value.integer().is_some() && graph.inputs.contains(&id);
    let taken = graph.outputs.iter().any(|output| output.name == value.name && output.value != id);
    if entering || taken { format!("{}:number", value.name) } else { value.name.clone() }
}

impl Qdq<'_> {
    fn layer(&mut self, layer: &Layer) -> Result<()> {
        let [output] = &layer.outputs[..] else { return self.operator(layer) };
        let value = self.graph.value(*output);
        let name = self.names[output.0].clone();
        let result = match layer.op.operator().computation() {
            Computation::Conv(conv) => self.convolution(layer, conv, value)?,
            Computation::Add | Computation::DpuAdd => {
                let (a, b) = (self.operand(layer, 0)?, self.operand(layer, 1)?);
                self.writer.plain("Add", &[&a, &b])
            }
            Computation::ChannelMul => {
                let (data, factors) = (self.operand(layer, 0)?, self.operand(layer, 1)?);
                self.writer.plain("Mul", &[&data, &factors])
            }
            Computation::Rescale => self.operand(layer, 0)?,
            Computation::OnIntegers(_) | Computation::Float(_) => return self.operator(layer),
        };
        self.quantize(value, &result, &name);
        Ok(())
    }

    fn operand(&mut self, layer: &Layer, position: usize) -> Result<String> {
        let id = layer.input(position);
        let id = id.ok_or_else(|| Error::new(&codes::INTERNAL, format!("no input {position}")))?;
        Ok(self.names[id.0].clone())
    }

    /// QuantizeLinear and DequantizeLinear of `x` to `name`. Sums of 32 bits are exact floats.
    fn quantize(&mut self, value: &QValue, x: &str, name: &str) {
        let width = value.integer().map(|(width, _)| width);
        let Some((Width::I8 | Width::I16, scales)) = value.integer() else {
            self.writer.rename(x, name);
            return;
        };
        let one = scales.iter().all(|scale| *scale == scales[0]);
        let scales = if one { &scales[..1] } else { scales };
        let shape: &[usize] = if one { &[] } else { &[scales.len()] };
        let steps: Vec<f64> = scales.iter().map(|scale| power(scale.exponent.into())).collect();
        let steps = self.writer.numbers(Real::F32, shape, &steps);
        let zeros = scales.iter().map(|scale| scale.zero);
        let zeros = match width {
            Some(Width::I16) => tensor(shape, zeros.map(i16::from).collect()),
            _ => tensor(shape, zeros.collect()),
        };
        let zeros = self.writer.constant(&zeros);
        let axis = Attributes::default().with("axis", 1i64);
        let wish = format!("{}:q", value.name);
        let stored = self.writer.fresh(&wish);
        let inputs = |x: &str| vec![x.to_owned(), steps.clone(), zeros.clone()];
        self.writer.write("QuantizeLinear", inputs(x), vec![stored.clone()], &axis);
        self.writer.write("DequantizeLinear", inputs(&stored), vec![name.to_owned()], &axis);
    }

    /// An operator of the graph itself.
    fn operator(&mut self, layer: &Layer) -> Result<()> {
        let op = match layer.op.operator().computation() {
            Computation::OnIntegers(op) => op,
            Computation::Float(op) => Cow::Borrowed(op),
            Computation::Conv(_)
            | Computation::Add
            | Computation::ChannelMul
            | Computation::DpuAdd
            | Computation::Rescale => {
                return Err(Error::new(&codes::INTERNAL, "a layer without its one output"));
            }
        };
        let mut inputs = Vec::with_capacity(layer.inputs.len());
        for operand in &layer.inputs {
            inputs.push(match operand {
                None => String::new(),
                Some(Operand::Constant(tensor)) => self.writer.constant(tensor),
                Some(Operand::Value(id)) => self.names[id.0].clone(),
            });
        }
        let shape = match layer.inputs.first() {
            Some(Some(Operand::Value(id))) => self.graph.value(*id).shape.clone(),
            Some(Some(Operand::Constant(tensor))) => tensor.shape().to_vec(),
            _ => Vec::new(),
        };
        let mut outputs = Vec::with_capacity(layer.outputs.len());
        for &id in &layer.outputs {
            let name = self.names[id.0].clone();
            outputs.push(match self.graph.value(id).integer() {
                Some(_) => self.writer.fresh(&format!("{name}:float")),
                None => name,
            });
        }
        operator(&mut self.writer, &op, &shape, inputs, outputs.clone())?;
        for (&id, output) in layer.outputs.iter().zip(outputs) {
            let value = self.graph.value(id);
            if value.integer().is_some() {
                let name = self.names[id.0].clone();
                self.quantize(value, &output, &name);
            }
        }
        Ok(())
    }

    fn convolution(&mut self, layer: &Layer, conv: &QConv, output: &QValue) -> Result<String> {
        let id = layer.input(0).ok_or_else(|| Error::new(&codes::INTERNAL, "no input"))?;
        let input = self.graph.value(id);
        let x = self.names[id.0].clone();
        let weights = self.weights(conv, input)?;
        let bias = self.bias(conv, input);
        let mut y =
            self.writer.node("Conv", &[&x, &weights, &bias], &attributes(conv.axes, conv.group));
        self.note(layer, conv);
        let residual = match conv.residual() {
            Some(_) => Some(self.operand(layer, 1)?),
            None => None,
        };
        match &conv.output {
            ConvOutput::Direct { relu: true, .. } => y = self.writer.plain("Relu", &[&y]),
            ConvOutput::Direct { .. } => {}
            ConvOutput::Function { function, residual: place, .. } => {
                if let (Some(Residual::BeforeActivation), Some(residual)) = (place, &residual) {
                    y = self.writer.plain("Add", &[&y, residual]);
                }
                let own = &self.graph.functions[*function];
                y = self.function(own, &y, output.shape.len());
                if let (Some(Residual::AfterActivation), Some(residual)) = (place, &residual) {
                    y = self.writer.plain("Add", &[&y, residual]);
                }
            }
            ConvOutput::Dpu { activation: function, .. } => match function {
                DpuActivation::None => {}
                DpuActivation::Relu => y = self.writer.plain("Relu", &[&y]),
                DpuActivation::LeakyRelu => {
                    let slope = Attributes::default().with("alpha", 26.0f32 / 256.0);
                    y = self.writer.node("LeakyRelu", &[&y], &slope);
                }
            },
        }
        Ok(y)
    }

    /// Weights with a scale per output channel, times what the exponents of the input channels
    /// took out of them.
    fn weights(&mut self, conv: &QConv, input: &QValue) -> Result<String> {
        let [rows, columns] = conv.axes;
        let shape = [conv.outputs(), conv.group_inputs(), rows.kernel, columns.kernel];
        let codes = self.writer.constant(&Tensor::new(&shape, conv.weights.clone())?);
        let scales = input.integer().map_or(&[][..], |(_, scales)| scales);
        let base = scales.iter().map(|scale| scale.exponent).min().unwrap_or(0);
        let steps: Vec<f64> = conv
            .exponents
            .iter()
            .map(|&exponent| power(i32::from(exponent) - i32::from(base)))
            .collect();
        let steps = self.writer.numbers(Real::F32, &[steps.len()], &steps);
        let axis = Attributes::default().with("axis", 0i64);
        let weights = self.writer.node("DequantizeLinear", &[&codes, &steps], &axis);
        if scales.iter().all(|scale| scale.exponent == base) {
            return Ok(weights);
        }
        let per_group = (conv.outputs() / conv.group).max(1);
        let inputs = conv.group_inputs();
        let factor = |output: usize, channel: usize| {
            let scale = scales[output / per_group * inputs + channel];
            power(i32::from(base) - i32::from(scale.exponent))
        };
        let outputs = if conv.group == 1 { 1 } else { conv.outputs() };
        let factors: Vec<f64> = (0..outputs)
            .flat_map(|o| (0..inputs).map(move |c| (o, c)))
            .map(|(o, c)| factor(o, c))
            .collect();
        let factors = self.writer.numbers(Real::F32, &[outputs, inputs, 1, 1], &factors);
        Ok(self.writer.plain("Mul", &[&weights, &factors]))
    }

    /// Bias proper, in steps of the sums; the DPU's in its own.
    fn bias(&mut self, conv: &QConv, input: &QValue) -> String {
        let bias = Filters::new(conv, input).bias;
        let finer = match conv.output {
            ConvOutput::Dpu { accumulator_shift, bias_shift, .. } => {
                i32::from(bias_shift) - i32::from(accumulator_shift)
            }
            _ => 0,
        };
        let numbers: Vec<f64> = bias
            .iter()
            .zip(&conv.exponents)
            .map(|(&bias, &exponent)| bias as f64 * power(i32::from(exponent) + finer))
            .collect();
        self.writer.numbers(Real::F32, &[numbers.len()], &numbers)
    }

    /// The function as an operator, or by its table.
    fn function(&mut self, own: &Function, x: &str, rank: usize) -> String {
        if own.rom.is_empty() && own.base == Base::Identity {
            return x.to_owned();
        }
        let straight = own.rom.is_empty();
        let operator = self.functions == Functions::Operators || straight;
        if let Some(known) = recognize(own).filter(|_| operator) {
            let y = self.writer.fresh(&format!("{x}/activation"));
            activation(&mut self.writer, &known, x, y.clone());
            return y;
        }
        let rounding = self.graph.rounding;
        let mut stage = Stage { writer: &mut self.writer, real: Real::F64, rank, rounding };
        let x = stage.enter(x);
        let x = stage.mul(&x, &[power(own.unit.fraction.into())]);
        let x = stage.half_up(&x);
        let x = stage.saturate(&x, X_BITS);
        let y = function(&mut stage, own, &x);
        let y = stage.mul(&y, &[power(-own.unit.result())]);
        stage.leave(y)
    }

    /// The shifts of a layer, for readers of the metadata.
    fn note(&mut self, layer: &Layer, conv: &QConv) {
        if let Ok(text) = serde_json::to_string(&conv.output) {
            self.writer.note(&format!("seigo.output-stage.{}", layer.name), text);
        }
    }
}

/// The operator whose table a function holds.
fn recognize(function: &Function) -> Option<Activation> {
    let unit = power(function.unit.fraction.into());
    if function.rom.is_empty() {
        return match function.base {
            Base::Relu => Some(Activation::Relu),
            Base::Clamp { min, max } => Some(Activation::Clamp {
                min: (f64::from(min) / unit) as f32,
                max: (f64::from(max) / unit) as f32,
            }),
            Base::Leaky { slope } => Some(Activation::LeakyRelu { alpha: slope as f32 / 256.0 }),
            Base::Zero | Base::Identity => None,
        };
    }
    let known = [
        Activation::Silu,
        Activation::Sigmoid,
        Activation::HardSwish,
        Activation::HardSigmoid { alpha: 0.2, beta: 0.5 },
        Activation::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 },
        Activation::Mish,
        Activation::Gelu { tanh: false },
        Activation::Gelu { tanh: true },
        Activation::Elu { alpha: 1.0 },
        Activation::Tanh,
        Activation::Softplus,
        Activation::Softsign,
        Activation::Erf,
    ];
    known.into_iter().find(|activation| {
        let (base, layout, signed) = (function.base, function.layout, function.signed);
        let own =
            Function::tabulate_in(function.unit, "", base, layout, signed, |t| activation.exact(t));
        own.rom == function.rom
    })
}

/// A tensor whose shape fits by construction: a scalar or a vector.
fn tensor<T: crate::base::tensor::Element>(shape: &[usize], values: Vec<T>) -> Tensor
where
    crate::base::tensor::Data: From<Vec<T>>,
{
    match (shape.is_empty(), values.first()) {
        (true, Some(&first)) => Tensor::scalar(first),
        _ => Tensor::vector(values),
    }
}
