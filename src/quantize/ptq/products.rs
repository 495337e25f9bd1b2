//! Products of two computed tensors. One with a number per channel (squeeze and excitation) is an operator on
//! integers; another one becomes sums and squares, which the accelerator has: with `s = a x`,
//!
//! `s y = (y + s)^2 / 4 - (y - s)^2 / 4`
//!
//! in three passes of the array: the first square by a function's table, the difference, and the second square with
//! the first one added behind. `a` is a power of two that makes both factors about as large as each other, as
//! calibration frames show them, so that int8 holds the squares; where only convolutions read the product, one per
//! channel, which their weights take back, else one for all, which the function does. A factor of one channel is
//! repeated for all of them before, and then gets powers of two of its own, so that the squares of all channels are
//! about as large.

use std::collections::HashMap;

use super::assign::is_chosen;
use super::{Frames, Options};
use crate::base::error::Result;
use crate::base::parallel;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Links, Node, ValueId};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::window::Window;
use crate::frontend::ops::{Fact, Op};
use crate::frontend::rewrites::spread;
use crate::software::executor::Executor;

/// Frames that are looked at, at most.
const FRAMES: usize = 16;
/// How large factors become that both get powers of two: their sum then stays within 6, where a table of the usual
/// fixed point, which reaches to 8, has its finest bins relative to it.
const GOAL: f64 = 2.0;

/// A gate that calibration frames leave nearly closed may open on others: its function, such as a sigmoid, has steps of
/// about this at best, and powers of two that make a smaller number large are beyond all shifts.
const LEAST: f64 = 1.0 / 256.0;

/// Replaces the products of a network.
///
/// # Errors
/// Those of running the frames.
pub fn replace(graph: &mut Graph, frames: &dyn Frames, options: &Options) -> Result<()> {
    replace_by(graph, options, |graph, wanted| largest(graph, wanted, frames, options))
}

/// Replaces the products of a network of which no frame is known, for what is asked about its nodes.
///
/// # Errors
/// None; those of making tensors.
pub fn replace_unseen(graph: &mut Graph, options: &Options) -> Result<()> {
    replace_by(graph, options, |graph, wanted| {
        let ones = |&id: &ValueId| (id, vec![1.0; graph.fact(id).shape[1]]);
        Ok(wanted.iter().map(ones).collect())
    })
}

/// By value, the largest magnitude of each channel.
type Largest = HashMap<ValueId, Vec<f64>>;

fn replace_by(
    graph: &mut Graph,
    options: &Options,
    largest: impl Fn(&Graph, &[ValueId]) -> Result<Largest>,
) -> Result<()> {
    let products: Vec<(usize, [ValueId; 2])> = (0..graph.nodes.len())
        .filter(|&index| !is_chosen(&graph.nodes[index], options))
        .filter_map(|index| Some((index, factors(graph, &graph.nodes[index])?)))
        .collect();
    let by_pixel = |(_, [_, y]): &(usize, [ValueId; 2])| graph.fact(*y).shape[2..] == [1, 1];
    let (by_channel, products): (Vec<_>, Vec<_>) = products.into_iter().partition(by_pixel);
    for &(index, [x, y]) in &by_channel {
        let channels = graph.fact(x).shape[1];
        let name = graph.nodes[index].name.clone();
        let y = spread(graph, &name, y, &[1, channels, 1, 1], &vec![1.0; channels])?;
        graph.nodes[index].inputs = vec![Some(x), Some(y)];
    }
    if products.is_empty() {
        return if by_channel.is_empty() { Ok(()) } else { graph.tidy() };
    }
    let wanted: Vec<ValueId> = products.iter().flat_map(|(_, factors)| *factors).collect();
    let largest = largest(graph, &wanted)?;
    let links = graph.links();
    for (index, factors) in products {
        let [x, mut y] = factors.map(|id| alive(&largest[&id]));
        if is_bounded(graph, &links, factors[1]) {
            y.iter_mut().for_each(|y| *y = y.max(LEAST));
        }
        let spreads = graph.fact(factors[0]).shape != graph.fact(factors[1]).shape;
        let goals = y.iter().cycle().map(|&y| if spreads { GOAL } else { y });
        let scales = Scales {
            all: balance(most(&x), most(&y)),
            first: x.iter().zip(goals).map(|(&x, goal)| balance(x, goal)).collect(),
            second: x.iter().zip(y.iter().cycle()).map(|(_, &y)| balance(y, GOAL)).collect(),
            spreads,
        };
        replace_one(graph, &links, index, factors, scales)?;
    }
    graph.tidy()?;
    graph.validate()
}

/// Powers of two by which factors are multiplied.
struct Scales {
    /// Of the first factor, the same for all channels, while the second one stays.
    all: f32,
    /// Per channel of the first factor.
    first: Vec<f32>,
    /// Per channel of the second factor, where it is spread.
    second: Vec<f32>,
    spreads: bool,
}

/// The factors of a product, the one of the product's shape first; the other one may be one pixel or channel.
fn factors(graph: &Graph, node: &Node) -> Option<[ValueId; 2]> {
    let (&[Some(a), Some(b)], Op::Binary(Binary::Mul)) = (&node.inputs[..], &node.op) else {
        return None;
    };
    let whole = &graph.fact(node.outputs[0]).shape;
    let shape = |id: ValueId| &graph.fact(id).shape;
    let computed = |id: ValueId| {
        let fact = graph.fact(id);
        fact.value.is_none() && fact.dtype == DType::F32 && fact.shape.len() == 4
    };
    let [x, y] = if shape(a) == whole { [a, b] } else { [b, a] };
    let &[frames, channels, height, width] = &whole[..] else { return None };
    let fits = computed(x) && computed(y) && shape(x) == whole && frames == 1;
    let own = shape(y);
    let known = own == whole
        || own[..] == [1, channels, 1, 1]
        || own[..] == [1, 1, height, width]
        || own[..] == [1, 1, 1, 1];
    (fits && known).then_some([x, y])
}

/// Per value and channel, the largest magnitude that frames show.
fn largest(
    graph: &Graph,
    wanted: &[ValueId],
    source: &dyn Frames,
    options: &Options,
) -> Result<Largest> {
    let available = options.calibrating(source);
    let count = FRAMES.min(available);
    let executor = Executor::new(graph);
    let per_frame = parallel::map(count, |number| {
        let mut seen = Vec::new();
        executor.run_observed(&source.frame(number * available / count)?, |id, tensor| {
            if let (true, Ok(values)) = (wanted.contains(&id), tensor.values::<f32>()) {
                let plane: usize = tensor.shape().iter().skip(2).product();
                let channels = values.chunks(plane.max(1)).map(|values| {
                    let finite = values.iter().filter(|value| value.is_finite());
                    finite.fold(0f64, |most, &value| most.max(f64::from(value).abs()))
                });
                seen.push((id, channels.collect::<Vec<f64>>()));
            }
        })?;
        Ok(seen)
    })?;
    let mut largest = Largest::new();
    for (id, channels) in per_frame.into_iter().flatten() {
        let all = largest.entry(id).or_insert_with(|| vec![0.0; channels.len()]);
        all.iter_mut().zip(channels).for_each(|(all, own)| *all = all.max(own));
    }
    Ok(largest)
}

/// Whether a function with an upper bound gives a value.
fn is_bounded(graph: &Graph, links: &Links, id: ValueId) -> bool {
    let activation = match graph.producer(links, id).map(|(_, node)| &node.op) {
        Some(Op::Activation(activation)) => Some(*activation),
        Some(Op::Conv(conv)) => conv.epilogue.activation,
        _ => None,
    };
    activation.and_then(Activation::upper_bound).is_some()
}

fn most(channels: &[f64]) -> f64 {
    channels.iter().fold(0f64, |most, &own| most.max(own))
}

/// Channels that are next to nothing count as more than that, so that they get no absurd factor.
fn alive(channels: &[f64]) -> Vec<f64> {
    let least = most(channels) / 128.0;
    channels.iter().map(|&own| own.max(least)).collect()
}

/// The power of two by which the first factor becomes about as large as the second; 1 where one is always 0.
fn balance(x: f64, y: f64) -> f32 {
    match x > 0.0 && y > 0.0 {
        true => 2f64.powi((y / x).log2().round().clamp(-24.0, 24.0) as i32) as f32,
        false => 1.0,
    }
}

fn replace_one(
    graph: &mut Graph,
    links: &Links,
    index: usize,
    [x, y]: [ValueId; 2],
    scales: Scales,
) -> Result<()> {
    let node = graph.nodes[index].clone();
    let fact = graph.fact(node.outputs[0]).clone();
    let channels = fact.shape[1];
    let Scales { all, first, second, spreads } = scales;
    let second = if spreads { second } else { vec![1.0; channels] };
    let both: Vec<f32> = first.iter().zip(&second).map(|(first, second)| first * second).collect();
    let (first, second, quarter) = match take_back(graph, links, node.outputs[0], &both)? {
        true => (first, second, 0.25),
        false => (vec![all; channels], vec![1.0; channels], 0.25 / all),
    };
    let y = spread(graph, &node.name, y, &fact.shape, &second)?;
    let square = |factor: f32| Some(Activation::Square { factor });
    let depthwise = |graph: &mut Graph, part: &str, weights: Vec<f32>, epilogue: Epilogue| {
        let name = format!("{}:{part}", node.name);
        let zeros = Tensor::vector(vec![0f32; channels]);
        let weights = Tensor::new(&[channels, 1, 1, 1], weights)?;
        let weights = graph.add_constant(&format!("{name}:weight"), weights);
        let bias = graph.add_constant(&format!("{name}:bias"), zeros);
        let op: Op = Conv { window: Window::default(), group: channels, epilogue }.into();
        Ok::<_, crate::base::error::Error>((name, op, [weights, bias]))
    };
    let before = |activation| Epilogue { activation, residual: Some(Residual::BeforeActivation) };
    let negative = first.iter().map(|scale| -scale).collect();
    let mut made = Vec::with_capacity(2);
    for (part, weights, activation) in
        [("square", first, square(quarter)), ("difference", negative, None)]
    {
        let (name, op, [weight, bias]) = depthwise(graph, part, weights, before(activation))?;
        let output = graph.add_value(&name, Fact::new(DType::F32, fact.shape.clone()));
        let inputs = [x, weight, bias, y].map(Some).to_vec();
        graph.nodes.push(Node { name, op, inputs, outputs: vec![output], sources: Vec::new() });
        made.push(output);
    }
    let behind =
        Epilogue { activation: square(-quarter), residual: Some(Residual::AfterActivation) };
    let (_, op, [weight, bias]) = depthwise(graph, "product", vec![1.0; channels], behind)?;
    graph.nodes[index].op = op;
    graph.nodes[index].inputs = [made[1], weight, bias, made[0]].map(Some).to_vec();
    Ok(())
}

/// Divides the weights of all convolutions that read a value by scales per channel; does nothing where something
/// else reads it.
fn take_back(graph: &mut Graph, links: &Links, value: ValueId, scales: &[f32]) -> Result<bool> {
    let readers = links.consumers(value);
    let takes = |&reader: &usize| {
        let node = &graph.nodes[reader];
        let data = node.inputs.iter().filter(|input| **input == Some(value)).count() == 1;
        let weights = node.input(1).is_some_and(|id| graph.constant(id).is_some());
        matches!(node.op, Op::Conv(_)) && node.input(0) == Some(value) && data && weights
    };
    if links.is_output(value) || !readers.iter().all(takes) {
        return Ok(false);
    }
    for &reader in readers {
        let node = &graph.nodes[reader];
        let (Op::Conv(conv), Some(weight)) = (&node.op, node.input(1)) else { continue };
        let Some(weights) = graph.constant(weight) else { continue };
        let (shape, name) = (weights.shape().to_vec(), format!("{}:weight", node.name));
        let taps: usize = shape.iter().skip(2).product();
        let outputs = (shape[0] / conv.group).max(1);
        let scaled = weights.values::<f32>()?.chunks(taps.max(1)).enumerate();
        let scaled = scaled.flat_map(|(place, own)| {
            let (output, input) = (place / shape[1], place % shape[1]);
            let scale = scales[output / outputs * shape[1] + input];
            own.iter().map(move |weight| weight / scale)
        });
        let weight = Tensor::new(&shape, scaled.collect::<Vec<f32>>())?;
        let weight = graph.add_constant(&name, weight);
        graph.nodes[reader].inputs[1] = Some(weight);
    }
    Ok(true)
}
