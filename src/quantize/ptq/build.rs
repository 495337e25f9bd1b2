//! Decisions, scales and rounded weights put together as a quantized graph.

use std::collections::HashMap;

use super::assign::{Assignment, Kind};
use super::filters::is_direct;
use super::fixed_point::{FixedPoint, FixedPoints};
use super::scales::Scales;
use super::weights::{Folded, Rounded};
use crate::base::arithmetic::{Function, Rounding};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::epilogue::Epilogue;
use crate::frontend::ops::{Inputs, Op};
use crate::model::qgraph::{
    ConvOutput, Format, Layer, Operand, QConv, QGraph, QOp, QOutput, QValue, QValueId, Scale,
};

/// What a quantized graph is made from, besides weights.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The float network.
    pub graph: &'a Graph,
    /// What is done in integers.
    pub assignment: &'a Assignment,
    /// Scales of all integer values.
    pub scales: &'a Scales,
    /// Fixed points of output stages by rule A6.
    pub points: &'a FixedPoints,
}

/// Builds and validates the quantized graph.
pub fn build(
    source: Source<'_>,
    folded: &[Folded],
    rounded: &HashMap<usize, Rounded>,
) -> Result<QGraph> {
    let mut builder = Builder::new(source);
    let folded: HashMap<usize, &Folded> = folded.iter().map(|conv| (conv.node, conv)).collect();
    for (index, node) in source.graph.nodes.iter().enumerate() {
        let op = match source.assignment.kinds[index] {
            Kind::Conv => {
                let functions = &mut builder.built.functions;
                source.conv(functions, node, folded[&index], &rounded[&index])?
            }
            Kind::Add => QOp::Add,
            Kind::ChannelMul => QOp::ChannelMul,
            Kind::Kept | Kind::Move => QOp::on_integers(&node.op).ok_or_else(|| {
                Error::new(&codes::INTERNAL, "not an operator on integers").at(node.place())
            })?,
            Kind::Float => QOp::Float(node.op.clone().into()),
        };
        builder.layer(node, op);
    }
    let built = builder.built;
    built.validate()?;
    Ok(built)
}

impl Source<'_> {
    /// The layer for a node; a function that it needs is looked up in `functions` or added.
    pub fn conv(
        self,
        functions: &mut Vec<Function>,
        node: &Node,
        folded: &Folded,
        rounded: &Rounded,
    ) -> Result<QOp> {
        let mut made = || {
            let broken = || Error::new(&codes::INTERNAL, "not a quantizable convolution");
            let (Op::Conv(conv), Some(input)) = (&node.op, node.input(0)) else {
                return Err(broken());
            };
            let (_, axes) = conv.geometry(Inputs::new(&self.graph.input_facts(node)))?;
            let &[rows, columns] = &axes[..] else { return Err(broken()) };
            let zeros = self.scales.of(self.assignment, input);
            let own = self.scales.of(self.assignment, node.outputs[0]);
            let point = self.points.get(&node.outputs[0]);
            Ok(QConv {
                axes: [rows, columns],
                group: conv.group,
                weights: rounded.weights.clone(),
                exponents: rounded.exponents.iter().map(|&exponent| exponent as i8).collect(),
                bias: biases(folded, rounded, &zeros)?,
                output: output(functions, (conv.epilogue, point), &rounded.exponents, &own)?,
            })
        };
        made().map(|conv| QOp::Conv(Box::new(conv))).at(|| node.place())
    }
}

struct Builder<'a> {
    graph: &'a Graph,
    ids: HashMap<ValueId, QValueId>,
    built: QGraph,
}

impl<'a> Builder<'a> {
    fn new(Source { graph, assignment, scales, .. }: Source<'a>) -> Self {
        let mut ids = HashMap::new();
        let mut values = Vec::new();
        let computed = graph.nodes.iter().flat_map(|node| &node.outputs);
        for &id in graph.inputs.iter().chain(computed) {
            ids.insert(id, QValueId(values.len()));
            let value = graph.value(id);
            let format = match assignment.widths[id.0] {
                None => Format::Float,
                Some(width) => Format::Integer { width, scales: scales.of(assignment, id) },
            };
            values.push(QValue {
                name: value.name.clone(),
                shape: value.fact.shape.clone(),
                format,
            });
        }
        let outputs = graph.outputs.iter().filter_map(|output| {
            Some(QOutput { name: output.name.clone(), value: *ids.get(&output.value)? })
        });
        let built = QGraph {
            name: graph.name.clone(),
            values,
            layers: Vec::new(),
            inputs: graph.inputs.iter().map(|id| ids[id]).collect(),
            outputs: outputs.collect(),
            functions: Vec::new(),
            rounding: Rounding::HalfUp,
        };
        Self { graph, ids, built }
    }

    fn layer(&mut self, node: &Node, op: QOp) {
        let operand = |id: ValueId| match self.ids.get(&id) {
            Some(id) => Some(Operand::Value(*id)),
            None => self.graph.constant(id).cloned().map(Operand::Constant),
        };
        let inputs = match op.conv() {
            Some(conv) => {
                let residual = conv.residual().and(node.input(Epilogue::RESIDUAL_INPUT));
                [node.input(0), residual].into_iter().flatten().map(operand).collect()
            }
            None => node.inputs.iter().map(|id| id.and_then(operand)).collect(),
        };
        self.built.layers.push(Layer {
            name: node.name.clone(),
            op,
            inputs,
            outputs: node.outputs.iter().map(|id| self.ids[id]).collect(),
            sources: node.sources.clone(),
        });
    }
}

fn output(
    functions: &mut Vec<Function>,
    (epilogue, point): (Epilogue, Option<&FixedPoint>),
    exponents: &[i32],
    own: &[Scale],
) -> Result<ConvOutput> {
    if is_direct(epilogue) {
        let shift =
            |(scale, &exponent): (&Scale, &i32)| (i32::from(scale.exponent) - exponent) as i8;
        return Ok(ConvOutput::Direct {
            shifts: own.iter().zip(exponents).map(shift).collect(),
            relu: epilogue.activation == Some(Activation::Relu),
        });
    }
    let point = point.ok_or_else(|| Error::new(&codes::INTERNAL, "no fixed point"))?;
    let fractions = &point.fractions;
    let argument = |(&exponent, &fraction): (&i32, &i32)| (-fraction - exponent) as i8;
    let shift = |(channel, scale): (usize, &Scale)| {
        (point.result(channel) + i32::from(scale.exponent)) as i8
    };
    Ok(ConvOutput::Function {
        function: shared(functions, point.function.clone()),
        arguments: exponents.iter().zip(fractions).map(argument).collect(),
        shifts: own.iter().enumerate().map(shift).collect(),
        residual: epilogue.residual,
        fractions: fractions.iter().map(|&fraction| fraction as i8).collect(),
    })
}

/// Index of a function, shared by all layers that use it.
fn shared(functions: &mut Vec<Function>, function: Function) -> usize {
    functions.iter().position(|known| *known == function).unwrap_or_else(|| {
        functions.push(function);
        functions.len() - 1
    })
}

/// Biases in accumulator steps, zero points of the inputs folded in (rule A4).
fn biases(folded: &Folded, rounded: &Rounded, inputs: &[Scale]) -> Result<Vec<i32>> {
    let outputs = rounded.bias.len();
    let per_group = outputs / folded.group.max(1);
    let window = folded.taps / folded.group_inputs.max(1);
    let filters = rounded.weights.chunks(folded.taps.max(1));
    let rows = filters.zip(rounded.bias.iter().zip(&rounded.exponents)).enumerate();
    rows.map(|(output, (filter, (&bias, &exponent)))| {
        let first = output / per_group.max(1) * folded.group_inputs;
        let zeros: i64 = filter
            .chunks(window.max(1))
            .zip(&inputs[first..])
            .map(|(taps, scale)| {
                taps.iter().map(|&w| i64::from(w)).sum::<i64>() * i64::from(scale.zero)
            })
            .sum();
        let steps = (bias * 2f64.powi(-exponent) + 0.5).floor() as i64;
        i32::try_from(steps - zeros).map_err(|_| {
            Error::new(&codes::ACCUMULATOR, format!("the bias {bias:e} does not fit 32 bits"))
        })
    })
    .collect()
}
