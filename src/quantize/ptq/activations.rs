//! Activations that stand behind something else than a convolution of their own, such as an addition, a maximum or a
//! concatenation, become the function of a depthwise convolution with weights of 1. An addition in front that nothing
//! else reads goes with them, as the residual.

use super::Options;
use super::assign::{Kind, is_chosen, kinds, reaches_compute};
use super::function::function;
use crate::base::arithmetic::Unit;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Links, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::window::Window;

/// Makes convolutions of the activations whose results reach a layer of integers.
///
/// # Errors
/// Those of making tensors, and `LAYER_NAME` for options that name no layer.
pub fn to_convolutions(graph: &mut Graph, options: &Options) -> Result<()> {
    // What is read by an activation only reaches integers when that one does.
    while step(graph, options)? {
        graph.tidy()?;
    }
    graph.validate()
}

fn step(graph: &mut Graph, options: &Options) -> Result<bool> {
    let kinds = kinds(graph, options)?;
    let reaches = reaches_compute(graph, &kinds);
    let links = graph.links();
    let mut made = false;
    for (index, kind) in kinds.iter().enumerate() {
        let node = &graph.nodes[index];
        let Op::Activation(activation) = node.op else { continue };
        let lone = *kind == Kind::Float && !is_chosen(node, options) && reaches[node.outputs[0].0];
        if lone && function(Some(activation), Unit::default()).is_some() {
            made |= to_convolution(graph, &links, index, activation, options)?;
        }
    }
    Ok(made)
}

/// Makes a convolution of the activation at `index`, if it has one feature map.
fn to_convolution(
    graph: &mut Graph,
    links: &Links,
    index: usize,
    activation: Activation,
    options: &Options,
) -> Result<bool> {
    let node = &graph.nodes[index];
    let Some(input) = node.input(0) else { return Ok(false) };
    let fact = graph.fact(input);
    let &[1, channels, _, _] = &fact.shape[..] else { return Ok(false) };
    if fact.dtype != DType::F32 || fact.value.is_some() {
        return Ok(false);
    }
    let sum =
        sum(graph, links, index, input).filter(|(add, _)| !is_chosen(&graph.nodes[*add], options));
    let residual = sum.map(|_| Residual::BeforeActivation);
    let epilogue = Epilogue { activation: Some(activation), residual };
    let name = node.name.clone();
    let weights = Tensor::new(&[channels, 1, 1, 1], vec![1f32; channels])?;
    let weights = graph.add_constant(&format!("{name}:weight"), weights);
    let zeros = Tensor::vector(vec![0f32; channels]);
    let bias = graph.add_constant(&format!("{name}:bias"), zeros);
    let added = sum.map_or(Vec::new(), |(add, _)| graph.nodes[add].sources.clone());
    let node = &mut graph.nodes[index];
    node.op = Conv { window: Window::default(), group: channels, epilogue }.into();
    node.sources.splice(..0, added);
    let [first, second] = sum.map_or([Some(input), None], |(_, terms)| terms.map(Some));
    node.inputs = [first, Some(weights), Some(bias)].into_iter().chain(second.map(Some)).collect();
    Ok(true)
}

/// The addition of two feature maps that gives `input`, with its terms, if the node at `index` alone reads it.
fn sum(
    graph: &Graph,
    links: &Links,
    index: usize,
    input: ValueId,
) -> Option<(usize, [ValueId; 2])> {
    let (add, node) = graph.producer(links, input)?;
    let (Op::Binary(Binary::Add), &[Some(a), Some(b)]) = (&node.op, &node.inputs[..]) else {
        return None;
    };
    let shape = &graph.fact(input).shape;
    let whole = |id: ValueId| graph.fact(id).shape == *shape && graph.constant(id).is_none();
    let alone = links.only_consumer(input) == Some(index);
    (alone && whole(a) && whole(b) && a != b).then_some((add, [a, b]))
}
