//! Functions with a bend per channel become two depthwise 1 x 1 convolutions, since the functions of the
//! accelerator have one form for a whole layer.
//!
//! With `r = relu(...)` the first convolution and its ReLU, the second one gives
//!
//! - PRelu: `x + (1 - a) r` with `r = relu(-x)`,
//! - the larger of `x` and a constant: `r + c` with `r = relu(x - c)`,
//! - the smaller: `c - r` with `r = relu(c - x)`,
//!
//! which holds for slopes of any sign and size.

use super::Rewrite;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::epilogue::{Epilogue, Residual};
use crate::frontend::ops::min_max::MinMax;
use crate::frontend::ops::window::Window;
use crate::frontend::ops::{Fact, Op};

/// See the module.
pub struct BendsToConv;

/// `second * relu(first * x + shift) + back`, channel by channel, to which `x` is added where `straight`.
struct Bends {
    first: f32,
    shift: Vec<f32>,
    second: Vec<f32>,
    back: Vec<f32>,
    straight: bool,
}

impl Rewrite for BendsToConv {
    fn name(&self) -> &'static str {
        "bends-to-conv"
    }

    fn description(&self) -> &'static str {
        "turn PRelu, Max and Min with a constant per channel into depthwise convolutions with ReLU"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            if let Some((input, bends)) = bends(graph, &graph.nodes[index]) {
                bend(graph, index, input, bends)?;
                turned += 1;
            }
        }
        Ok(turned)
    }
}

/// Gives the node at `index`, whose first input has rank 4, the function of a PRelu with a slope per channel.
///
/// # Errors
/// None; those of making tensors.
pub fn bend_by_slopes(graph: &mut Graph, index: usize, slopes: &[f32]) -> Result<()> {
    match graph.nodes[index].input(0) {
        Some(input) => bend(graph, index, input, Bends::slopes(slopes)),
        None => Ok(()),
    }
}

impl Bends {
    fn slopes(slopes: &[f32]) -> Self {
        let zeros = vec![0.0; slopes.len()];
        let second = slopes.iter().map(|slope| 1.0 - slope).collect();
        Self { first: -1.0, shift: zeros.clone(), second, back: zeros, straight: true }
    }

    fn bounds(kind: MinMax, bounds: Vec<f32>) -> Self {
        let negated = |bounds: &[f32]| bounds.iter().map(|bound| -bound).collect();
        let (first, shift) = match kind {
            MinMax::Max => (1.0, negated(&bounds)),
            MinMax::Min => (-1.0, bounds.clone()),
        };
        let second = vec![first; bounds.len()];
        Self { first, shift, second, back: bounds, straight: false }
    }
}

/// The input and the bends of a node, if it has a finite constant for each channel of a plane.
fn bends(graph: &Graph, node: &Node) -> Option<(ValueId, Bends)> {
    let [Some(a), Some(b)] = node.inputs[..] else { return None };
    let made = |input: ValueId, constant: ValueId, of: fn(&Op, Vec<f32>) -> Option<Bends>| {
        let numbers = per_channel(graph, graph.constant(constant)?, input)?;
        Some((input, of(&node.op, numbers)?))
    };
    let slopes = |_: &Op, slopes: Vec<f32>| Some(Bends::slopes(&slopes));
    let bounds = |op: &Op, bounds: Vec<f32>| match op {
        Op::MinMax(kind) => Some(Bends::bounds(*kind, bounds)),
        _ => None,
    };
    match &node.op {
        Op::PRelu(_) => made(a, b, slopes),
        Op::MinMax(_) if graph.constant(a).is_some() => made(b, a, bounds),
        Op::MinMax(_) => made(a, b, bounds),
        _ => None,
    }
}

/// The numbers of a constant that broadcasts along all axes of `input` but the channels.
fn per_channel(graph: &Graph, constant: &Tensor, input: ValueId) -> Option<Vec<f32>> {
    let fact = graph.fact(input);
    let &[_, channels, _, _] = &fact.shape[..] else { return None };
    let shape = constant.shape();
    // A constant of lower rank lacks the outer axes.
    let extent = |axis: usize| (axis + shape.len()).checked_sub(4).map_or(1, |axis| shape[axis]);
    let along = shape.len() <= 4 && [0, 2, 3].iter().all(|&axis| extent(axis) == 1);
    let values = constant.values::<f32>().ok()?;
    let numbers = match extent(1) {
        1 => vec![*values.first()?; channels],
        count if count == channels => values.to_vec(),
        _ => return None,
    };
    let usable = fact.dtype == DType::F32 && graph.constant(input).is_none();
    (along && usable && numbers.iter().all(|number| number.is_finite())).then_some(numbers)
}

/// Puts the two convolutions in the place of the node at `index`, which becomes the second.
fn bend(graph: &mut Graph, index: usize, input: ValueId, bends: Bends) -> Result<()> {
    let name = graph.nodes[index].name.clone();
    let fact = Fact::new(DType::F32, graph.fact(input).shape.clone());
    let channels = bends.second.len();
    let constant = |graph: &mut Graph, part: &str, shape: &[usize], values: Vec<f32>| {
        Tensor::new(shape, values).map(|value| graph.add_constant(&format!("{name}:{part}"), value))
    };
    let filters = [channels, 1, 1, 1];
    let first = constant(graph, "first", &filters, vec![bends.first; channels])?;
    let shift = constant(graph, "shift", &[channels], bends.shift)?;
    let second = constant(graph, "second", &filters, bends.second)?;
    let back = constant(graph, "back", &[channels], bends.back)?;
    let bent = graph.add_value(&format!("{name}:bent"), fact);
    let depthwise = |activation, residual| -> Op {
        let epilogue = Epilogue { activation, residual };
        Conv { window: Window::default(), group: channels, epilogue }.into()
    };
    graph.nodes.push(Node {
        name: format!("{name}:bend"),
        op: depthwise(Some(Activation::Relu), None),
        inputs: [input, first, shift].map(Some).to_vec(),
        outputs: vec![bent],
        sources: Vec::new(),
    });
    let node = &mut graph.nodes[index];
    node.op = depthwise(None, bends.straight.then_some(Residual::AfterActivation));
    node.inputs = [bent, second, back].map(Some).to_vec();
    if bends.straight {
        node.inputs.push(Some(input));
    }
    Ok(())
}
