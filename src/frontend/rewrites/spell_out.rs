//! Operators of planes that the accelerator has not, written by those that it has:
//!
//! - `Abs(x)` is PRelu with slopes of -1, `Selu` a multiple of `Elu`, `Pow(x, 2)` the product of `x` with itself,
//! - a mean of tensors is a part of their sum, a sum with constants a sum of two at a time,
//! - `ReduceMin` is the negative of the largest negative, `ReduceL1` and `ReduceSumSquare` are sums of magnitudes and squares,
//! - nearest neighbors by a whole number that is no power of two are a transposed convolution with ones.
//!
//! Behind the last layer with weights, where numbers are in float, they stay.

use super::affine_to_conv::leads_to_weights;
use super::{Chain, Rewrite, bend_by_slopes};
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::conv_transpose::ConvTranspose;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::reduce::{Reduce, Reduction};
use crate::frontend::ops::reshape::Reshape;
use crate::frontend::ops::resize::Samples;
use crate::frontend::ops::sum::Sum;
use crate::frontend::ops::window::Window;
use crate::frontend::ops::{Inputs, Op};

/// See the module.
pub struct SpellOut;

impl Rewrite for SpellOut {
    fn name(&self) -> &'static str {
        "spell-out"
    }

    fn description(&self) -> &'static str {
        "write operators that the accelerator has not by those that it has"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let (mut turned, leads) = (0, leads_to_weights(graph));
        // Values that come of it lead where those do that they are a part of; their nodes are looked at, too.
        let leading = |output: &ValueId| leads.get(output.0).is_none_or(|&leads| leads);
        let mut next = 0;
        while next < graph.nodes.len() {
            let index = next;
            next += 1;
            if !graph.nodes[index].outputs.iter().all(leading) {
                continue;
            }
            take_out(graph, index);
            if let Some(channels) = magnitudes(graph, &graph.nodes[index]) {
                bend_by_slopes(graph, index, &vec![-1.0; channels])?;
                turned += 1;
            } else if let Some(meaning) = meaning(graph, &graph.nodes[index])? {
                spell(graph, index, meaning)?;
                turned += 1;
            }
        }
        Ok(turned)
    }
}

/// Gives an activation that is spelled out, where it is a part of the convolution at `index`, a node of its own again, and the
/// addition behind it, too.
fn take_out(graph: &mut Graph, index: usize) {
    let Op::Conv(conv) = &graph.nodes[index].op else { return };
    let Some(activation) = conv.epilogue.activation else { return };
    if !matches!(activation, Activation::Abs | Activation::Selu { .. }) {
        return;
    }
    let node = &mut graph.nodes[index];
    let mut behind = vec![("activation", Op::from(activation), None)];
    if let Op::Conv(conv) = &mut node.op {
        conv.epilogue.activation = None;
        if conv.epilogue.residual == Some(Residual::AfterActivation) {
            conv.epilogue.residual = None;
            let added = node.inputs.drain(Epilogue::RESIDUAL_INPUT..).flatten().next();
            behind.push(("sum", Binary::Add.into(), added));
        }
    }
    let (name, output) = (node.name.clone(), node.outputs[0]);
    let fact = graph.fact(output).clone();
    let mut input = graph.add_value(&format!("{name}:linear"), fact.clone());
    graph.nodes[index].outputs = vec![input];
    let last = behind.len() - 1;
    for (number, (part, op, other)) in behind.into_iter().enumerate() {
        let name = format!("{name}:{part}");
        let made = if number == last { output } else { graph.add_value(&name, fact.clone()) };
        let inputs = [Some(input)].into_iter().chain(other.map(Some)).collect();
        graph.nodes.push(Node { name, op, inputs, outputs: vec![made], sources: Vec::new() });
        input = made;
    }
}

/// What a node means in other operators.
enum Meaning {
    Square(ValueId),
    /// So many times what an operator gives.
    Multiple(Op, Vec<ValueId>, f32),
    /// One after the other.
    Additions(Vec<ValueId>),
    /// A minimum along axes, as the maximum of negatives.
    Minimum(ValueId, Reduce, ValueId),
    /// The sum along axes of what an operator gives.
    SumOf(Op, Vec<ValueId>, Reduce, ValueId),
    /// Each pixel so many times along both axes.
    Repeated(ValueId, usize),
}

/// The channels of the planes whose magnitudes a node gives, if it does.
fn magnitudes(graph: &Graph, node: &Node) -> Option<usize> {
    let fact = graph.fact(node.input(0)?);
    let planes = fact.dtype == DType::F32 && fact.shape.len() == 4;
    let computed = graph.constant(node.input(0)?).is_none();
    let is_one = matches!(node.op, Op::Activation(Activation::Abs)) && planes && computed;
    is_one.then(|| fact.shape[1])
}

fn meaning(graph: &Graph, node: &Node) -> Result<Option<Meaning>> {
    let Some(x) = node.input(0) else { return Ok(None) };
    let fact = graph.fact(x);
    if fact.dtype != DType::F32 || fact.shape.len() != 4 {
        return Ok(None);
    }
    let computed = graph.constant(x).is_none();
    Ok(match &node.op {
        &Op::Activation(Activation::Selu { alpha, gamma }) if computed => {
            Some(Meaning::Multiple(Activation::Elu { alpha }.into(), vec![x], gamma))
        }
        Op::Pow(_) if computed && is_two(graph, node) => Some(Meaning::Square(x)),
        Op::Sum(sum) => added(graph, node, sum.mean),
        Op::Reduce(reduce) if computed => reduced(graph, node, x, *reduce),
        Op::Resize(_) if computed => repeated(graph, node, x)?.map(|by| Meaning::Repeated(x, by)),
        _ => None,
    })
}

fn is_two(graph: &Graph, node: &Node) -> bool {
    let exponent = node.input(1).and_then(|id| graph.constant(id));
    let floats = exponent.and_then(|own| own.values::<f32>().ok().map(|own| own == [2.0]));
    floats.or_else(|| Some(exponent?.to_i64s().ok()? == [2])).unwrap_or(false)
}

/// A mean of computed planes, or a sum of which some are constant.
fn added(graph: &Graph, node: &Node, mean: bool) -> Option<Meaning> {
    let values = node.inputs.iter().copied().collect::<Option<Vec<ValueId>>>()?;
    let shape = &graph.fact(node.outputs[0]).shape;
    let whole = |&id: &ValueId| graph.constant(id).is_none() && graph.fact(id).shape == *shape;
    let constant = |id: &ValueId| graph.constant(*id).is_some();
    let known = values.iter().all(|id| whole(id) || constant(id));
    if values.len() < 2 || !known || values.iter().all(constant) {
        return None;
    }
    match (mean, values.iter().any(constant)) {
        (true, _) => {
            let part = 1.0 / values.len() as f32;
            Some(Meaning::Multiple(Sum { mean: false }.into(), values, part))
        }
        (false, true) => Some(Meaning::Additions(values)),
        (false, false) => None,
    }
}

fn reduced(graph: &Graph, node: &Node, x: ValueId, reduce: Reduce) -> Option<Meaning> {
    let axes = node.input(1)?;
    // Minima over channels are as good as maxima, for `channel-maxima`.
    let along = graph.constant(axes)?.values::<i64>().ok()?;
    let spatial = along.iter().all(|axis| [2, 3, -1, -2].contains(axis));
    let sum = Reduce { reduction: Reduction::Sum, ..reduce };
    match reduce.reduction {
        Reduction::Min if spatial => Some(Meaning::Minimum(x, reduce, axes)),
        Reduction::L1 => Some(Meaning::SumOf(Activation::Abs.into(), vec![x], sum, axes)),
        Reduction::SumSquare => Some(Meaning::SumOf(Binary::Mul.into(), vec![x, x], sum, axes)),
        _ => None,
    }
}

/// By how much a node repeats each pixel along rows and columns, where doublings do not make that.
fn repeated(graph: &Graph, node: &Node, x: ValueId) -> Result<Option<usize>> {
    let Op::Resize(op) = &node.op else { return Ok(None) };
    let samples = op.samples(Inputs::new(&graph.input_facts(node)))?;
    let shape = &graph.fact(x).shape;
    let (Some([images, channels, rows, columns]), &[1, _, height, width]) =
        (samples.as_deref(), &shape[..])
    else {
        return Ok(None);
    };
    let by = |samples: &[Samples], times: usize| {
        samples.iter().enumerate().all(|(at, own)| own[..] == [(at / times, 1.0)])
    };
    let times = rows.len() / height.max(1);
    let whole = [rows.len(), columns.len()] == [height * times, width * times];
    let one_by_one = by(images, 1) && by(channels, 1);
    let repeats = whole && one_by_one && times > 2 && by(rows, times) && by(columns, times);
    Ok((repeats && !times.is_power_of_two() && times <= super::MAX_KERNEL).then_some(times))
}

fn spell(graph: &mut Graph, index: usize, meaning: Meaning) -> Result<()> {
    let name = format!("{}:step", graph.nodes[index].name);
    let output = graph.nodes[index].outputs[0];
    let shape: Vec<i64> = graph.fact(output).shape.iter().map(|&extent| extent as i64).collect();
    let mut chain = Chain::new(graph, name);
    let inputs = |values: &[ValueId]| values.iter().copied().map(Some).collect::<Vec<_>>();
    match meaning {
        Meaning::Square(x) => {
            chain.push(Binary::Mul.into(), inputs(&[x, x]))?;
        }
        Meaning::Multiple(op, values, factor) => {
            let value = chain.push(op, inputs(&values))?;
            let factor = chain.constant(Tensor::scalar(factor));
            chain.push(Binary::Mul.into(), inputs(&[value, factor]))?;
        }
        Meaning::Additions(values) => {
            values[1..].iter().try_fold(values[0], |sum, &value| {
                chain.push(Binary::Add.into(), inputs(&[sum, value]))
            })?;
        }
        Meaning::Minimum(x, reduce, axes) => {
            let negative = chain.push(Activation::Neg.into(), inputs(&[x]))?;
            let largest = Reduce { reduction: Reduction::Max, keep_dims: true, ..reduce };
            let largest = chain.push(largest.into(), inputs(&[negative, axes]))?;
            let smallest = chain.push(Activation::Neg.into(), inputs(&[largest]))?;
            if !reduce.keep_dims {
                let shape = chain.constant(Tensor::vector(shape));
                chain.push(Reshape { allow_zero: false }.into(), inputs(&[smallest, shape]))?;
            }
        }
        Meaning::SumOf(op, values, sum, axes) => {
            let value = chain.push(op, inputs(&values))?;
            chain.push(sum.into(), inputs(&[value, axes]))?;
        }
        Meaning::Repeated(x, times) => {
            let channels = chain.shape(x)[1];
            let ones =
                Tensor::new(&[channels, 1, times, times], vec![1f32; channels * times * times])?;
            let ones = chain.constant(ones);
            let op = ConvTranspose {
                window: Window { strides: vec![times; 2], ..Window::default() },
                group: channels,
                output_padding: Vec::new(),
                output_shape: Vec::new(),
                epilogue: Epilogue::default(),
            };
            chain.push(op.into(), inputs(&[x, ones]))?;
        }
    }
    chain.replace(index);
    Ok(())
}
