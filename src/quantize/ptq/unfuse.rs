//! Activations and additions that stand behind a convolution in the network but cannot be done with it in
//! integers, or not well, become layers of their own.

use super::Options;
use super::assign::{Assignment, Kind, Origin, kinds, reaches_compute};
use super::function::function;
use super::statistics::Statistics;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::window::Window;
use crate::frontend::ops::{Fact, Op};
use crate::frontend::rewrites::bend_by_slopes;

/// Magnitude that the arguments and sums of rule A6 reach.
const MOST: f32 = 512.0;
/// Magnitude below which the step 2^-10 of rule A6 is coarser than that of int8.
const LEAST: f32 = 0.125;

/// Gives activations without a function of the accelerator layers of their own.
pub fn unfuse_activations(graph: &mut Graph, options: &Options) -> Result<()> {
    let kinds = kinds(graph, options)?;
    let reaches = reaches_compute(graph, &kinds);
    for (index, kind) in kinds.iter().enumerate() {
        if *kind == Kind::Conv {
            let output = graph.nodes[index].outputs[0];
            unfuse(graph, index, reaches[output.0])?;
        }
    }
    graph.tidy()?;
    graph.validate()
}

/// Takes an activation out of a convolution when the accelerator has no function for it, or when
/// its result goes to the processor only, which then applies it in float to a wide output.
fn unfuse(graph: &mut Graph, index: usize, feeds_accelerator: bool) -> Result<()> {
    let Op::Conv(conv) = &graph.nodes[index].op else { return Ok(()) };
    let epilogue = conv.epilogue;
    let Some(activation) = epilogue.activation else { return Ok(()) };
    let fixed = function(Some(activation)).is_some();
    let after = epilogue.residual == Some(Residual::AfterActivation);
    if activation == Activation::Relu || (fixed && (feeds_accelerator || after)) {
        return Ok(());
    }
    if after {
        take_addition(graph, index);
    }
    let node = &mut graph.nodes[index];
    if let Op::Conv(conv) = &mut node.op {
        conv.epilogue.activation = None;
        conv.epilogue.residual = conv.epilogue.residual.map(|_| Residual::AfterActivation);
    }
    put_behind(graph, index, "linear", ("activation", activation.into()), &[]);
    match activation {
        Activation::LeakyRelu { alpha } if !fixed => {
            let channels = graph.fact(graph.nodes[index].outputs[0]).shape[1];
            bend_by_slopes(graph, graph.nodes.len() - 1, &vec![alpha; channels])
        }
        _ => Ok(()),
    }
}

/// Gives residual additions whose numbers the fixed point of rule A6 does not hold layers of their own,
/// which have a scale per channel (rule A8); returns whether there are any. Only where the activation is a
/// ReLU or none, which the direct output computes at every magnitude.
pub fn unfuse_sums(
    graph: &mut Graph,
    assignment: &Assignment,
    statistics: &Statistics,
) -> Result<bool> {
    let largest = |id: ValueId| -> Option<Vec<f32>> {
        let of = |origin: &Origin| {
            let channel = &statistics.values.get(&origin.owner)?[origin.channel];
            Some(channel.max.max(-channel.min))
        };
        assignment.origins[id.0].iter().map(of).collect()
    };
    let taken = |(node, kind): (&Node, &Kind)| -> bool {
        let Op::Conv(conv) = &node.op else { return false };
        let straight = conv.epilogue.activation.is_none_or(|a| a == Activation::Relu);
        let terms = || {
            let other = largest(node.input(Epilogue::RESIDUAL_INPUT)?)?;
            Some((largest(node.outputs[0])?, other))
        };
        let held = terms().is_none_or(|(sums, others)| holds(&sums, &others));
        *kind == Kind::Conv && conv.epilogue.residual.is_some() && straight && !held
    };
    let pairs = graph.nodes.iter().zip(&assignment.kinds).enumerate();
    let found: Vec<usize> =
        pairs.filter(|(_, pair)| taken(*pair)).map(|(index, _)| index).collect();
    for &index in &found {
        unfuse_sum(graph, index)?;
    }
    graph.tidy()?;
    graph.validate()?;
    Ok(!found.is_empty())
}

/// Whether the fixed point holds a sum, by the largest magnitudes of its channels and of the residual's.
fn holds(sums: &[f32], others: &[f32]) -> bool {
    let within = sums.iter().zip(others).all(|(sum, other)| sum + other < MOST);
    let alive = || sums.iter().filter(|&&sum| sum > 0.0);
    let small = alive().filter(|&&sum| sum < LEAST).count();
    within && 2 * small <= alive().count()
}

fn unfuse_sum(graph: &mut Graph, index: usize) -> Result<()> {
    let Op::Conv(conv) = &mut graph.nodes[index].op else { return Ok(()) };
    let before = conv.epilogue.residual == Some(Residual::BeforeActivation);
    let relu = conv.epilogue.activation.take_if(|_| before);
    let output = graph.nodes[index].outputs[0];
    take_addition(graph, index);
    if relu.is_none() {
        return Ok(());
    }
    // The ReLU of the sum is that of a depthwise convolution which multiplies by 1.
    let channels = graph.fact(output).shape[1];
    let name = format!("{}:ones", graph.nodes[index].name);
    let ones = graph.add_constant(&name, Tensor::new(&[channels, 1, 1, 1], vec![1.0; channels])?);
    let epilogue = Epilogue { activation: relu, residual: None };
    let copy = Conv { window: Window::default(), group: channels, epilogue };
    let addition = graph.nodes.len() - 1;
    put_behind(graph, addition, "sum", ("activation", copy.into()), &[ones]);
    Ok(())
}

/// Takes the residual of the convolution at `index` out and pushes its addition, as the last node.
fn take_addition(graph: &mut Graph, index: usize) {
    let node = &mut graph.nodes[index];
    let residual = node.input(Epilogue::RESIDUAL_INPUT);
    if let (Op::Conv(conv), Some(residual)) = (&mut node.op, residual) {
        conv.epilogue.residual = None;
        node.inputs.truncate(Epilogue::RESIDUAL_INPUT);
        put_behind(graph, index, "term", ("sum", Binary::Add.into()), &[residual]);
    }
}

/// Pushes an operator that reads what the node at `index` gives, then `others`, and gives what that gave.
fn put_behind(
    graph: &mut Graph,
    index: usize,
    between: &str,
    (name, op): (&str, Op),
    others: &[ValueId],
) {
    let (node, output) = (graph.nodes[index].name.clone(), graph.nodes[index].outputs[0]);
    let fact = Fact::new(DType::F32, graph.fact(output).shape.clone());
    let inner = graph.add_value(&format!("{node}:{between}"), fact);
    graph.nodes[index].outputs = vec![inner];
    let inputs = [inner].iter().chain(others).map(|&id| Some(id)).collect();
    let (name, sources, outputs) = (format!("{node}:{name}"), Vec::new(), vec![output]);
    graph.nodes.push(Node { name, op, inputs, outputs, sources });
}
