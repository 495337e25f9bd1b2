//! Maximum pooling over windows beyond the plane engine's becomes a chain of small ones: the whole plane
//! (GlobalMaxPool, ReduceMax over rows and columns, a MaxPool as large as its input), windows of 4, 8, 16, ...
//! side by side, and windows of any other size, padding and stride (the same along both axes).
//!
//! A maximum of maxima is the maximum, so maxima of maxima are exact in float and in integers. Planes and windows
//! side by side are halved step by step: windows of 2 cover an even extent, windows of 3 an odd one, both without
//! padding. Other windows grow by 2 at stride 1 with each step. A stride beyond 2 takes every n-th pixel by a
//! convolution, which is exact in float and may change the scale in integers. Where windows reach out of the plane on
//! both sides together by their whole length, so that there are more results than pixels, the plane gets the border that
//! they see: of zeros if nothing in it is below, else of the pixels at its edge, which are in every such window.

use super::affine_to_conv::leads_to_weights;
use super::average_to_conv::flatten_behind;
use super::borders::repeat;
use super::least::least;
use super::{Chain, MAX_KERNEL, Rewrite};
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::global_pool::GlobalPool;
use crate::frontend::ops::max_pool::MaxPool;
use crate::frontend::ops::reduce::Reduction;
use crate::frontend::ops::window::{Axis, Window};
use crate::frontend::ops::{Fact, Op};

/// See the module.
pub struct SplitMaximum;

impl Rewrite for SplitMaximum {
    fn name(&self) -> &'static str {
        "split-maximum"
    }

    fn description(&self) -> &'static str {
        "turn maxima over large windows or at large strides into chains of small windows"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let leads = leads_to_weights(graph);
        let mut split = 0;
        for index in 0..graph.nodes.len() {
            if graph.nodes[index].outputs.first().is_some_and(|output| leads[output.0]) {
                extend(graph, index)?;
            }
            let Some(steps) = steps(graph, &graph.nodes[index]) else { continue };
            if graph.fact(graph.nodes[index].outputs[0]).shape.len() == 2 {
                flatten_behind(graph, index);
            }
            chain(graph, index, steps)?;
            split += 1;
        }
        Ok(split)
    }
}

/// One node of a chain: its operator and the extents of what it gives.
struct Step {
    op: Op,
    output: [usize; 2],
}

/// A maximum without gaps or padding at stride 2.
fn halving(kernel: [usize; 2], output: [usize; 2]) -> Step {
    let window = Window { kernel: kernel.to_vec(), strides: vec![2, 2], ..Window::default() };
    Step { op: MaxPool { window, ceil: false }.into(), output }
}

/// The steps that replace a node; `None` where it is no such maximum or one step does it.
fn steps(graph: &Graph, node: &Node) -> Option<Vec<Step>> {
    let fact = graph.fact(node.input(0)?);
    let &[_, channels, height, width] = &fact.shape[..] else { return None };
    let plane = [height, width];
    let steps = match &node.op {
        Op::GlobalPool(GlobalPool::Max) => whole(plane),
        Op::Reduce(reduce) if reduce.reduction == Reduction::Max => {
            let axes = graph.constant(node.input(1)?)?.values::<i64>().ok()?;
            let spatial =
                [2, 3].iter().all(|axis| axes.contains(axis) || axes.contains(&(axis - 4)));
            if !spatial || axes.len() != 2 {
                return None;
            }
            whole(plane)
        }
        Op::MaxPool(pool) => of_pool(pool, plane, channels)?,
        _ => return None,
    };
    let small = matches!(node.op, Op::MaxPool(_)) && steps.len() < 2;
    (fact.dtype == DType::F32 && !steps.is_empty() && !small).then_some(steps)
}

/// The steps to the maximum of a plane. A plane of one pixel takes one, which moves nothing.
fn whole(mut plane: [usize; 2]) -> Vec<Step> {
    let mut steps = Vec::new();
    while !plane.contains(&0) && (steps.is_empty() || plane != [1, 1]) {
        let kernel = plane.map(|extent| if extent == 1 { 1 } else { 2 + extent % 2 });
        plane = plane.map(|extent| (extent / 2).max(1));
        steps.push(halving(kernel, plane));
    }
    steps
}

/// The steps of a MaxPool without gaps: over its whole input, of 2^n side by side, or any other.
fn of_pool(pool: &MaxPool, plane: [usize; 2], channels: usize) -> Option<Vec<Step>> {
    let axes = pool.window.axes(&pool.window.kernel, &plane, pool.ceil).ok()?;
    let &[rows, columns] = &axes[..] else { return None };
    let bare = |axis: &Axis| (axis.begin, axis.end, axis.dilation) == (0, 0, 1);
    if !axes.iter().all(bare) {
        return sliding(&[rows, columns], channels);
    }
    if axes.iter().all(|axis| axis.kernel == axis.input) {
        return Some(whole(plane));
    }
    let side = rows.kernel;
    let beside = axes.iter().all(|axis| {
        // A last window that `ceil_mode` cuts off would need pads.
        (axis.kernel, axis.stride) == (side, side) && axis.output == axis.input / side
    });
    if !(side.is_power_of_two() && beside) {
        return sliding(&[rows, columns], channels);
    }
    let output = |step| plane.map(|extent| extent >> step);
    Some((1..=side.trailing_zeros()).map(|step| halving([2, 2], output(step))).collect())
}

/// The steps of overlapping or padded windows: windows of 2 and 3 at stride 1, the last of them at stride 2 where
/// that divides the stride, then every n-th pixel by a depthwise convolution with one weight of 1.
fn sliding(axes: &[Axis; 2], channels: usize) -> Option<Vec<Step>> {
    let stride = axes[0].stride;
    let halved = if stride.is_multiple_of(2) { 2 } else { 1 };
    let skipped = stride / halved;
    let regular = |axis: &Axis| (axis.dilation, axis.stride) == (1, stride);
    if !axes.iter().all(regular) || cascades(axes) || skipped > MAX_KERNEL {
        return None;
    }
    let [rows, columns] = [small_windows(&axes[0])?, small_windows(&axes[1])?];
    let count = rows.len().max(columns.len()).max(1);
    if count == 1 && skipped == 1 {
        return None;
    }
    let mut plane = [axes[0].input, axes[1].input];
    let mut steps = Vec::new();
    for number in 0..count {
        let stride = if number + 1 == count { halved } else { 1 };
        let at = |windows: &[Small]| windows.get(number).copied().unwrap_or(Small::PIXEL);
        let small = [at(&rows), at(&columns)];
        for (extent, Small { kernel, pads }) in plane.iter_mut().zip(small) {
            *extent = (*extent + pads.0 + pads.1 - kernel) / stride + 1;
        }
        let window = Window {
            kernel: small.map(|small| small.kernel).to_vec(),
            strides: vec![stride; 2],
            pads: small.map(|small| small.pads).to_vec(),
            ..Window::default()
        };
        steps.push(Step { op: MaxPool { window, ceil: false }.into(), output: plane });
    }
    if skipped > 1 {
        let window = Window { strides: vec![skipped; 2], ..Window::default() };
        let op = Conv { window, group: channels, epilogue: Default::default() }.into();
        steps.push(Step { op, output: axes.map(|axis| axis.output) });
    }
    Some(steps)
}

/// Gives the plane the border that windows see where they reach out too far.
fn extend(graph: &mut Graph, index: usize) -> Result<()> {
    let node = &graph.nodes[index];
    let (Op::MaxPool(pool), Some(input)) = (&node.op, node.input(0)) else { return Ok(()) };
    let fact = graph.fact(input);
    let &[_, _, height, width] = &fact.shape[..] else { return Ok(()) };
    let axes = pool.window.axes(&pool.window.kernel, &[height, width], pool.ceil)?;
    let pads: Vec<(usize, usize)> = axes.iter().map(outside).collect();
    let small = |axis: &Axis| small_windows(axis).is_some();
    let regular = |axis: &Axis| (axis.dilation, axis.stride) == (1, axes[0].stride);
    if fact.dtype != DType::F32 || axes.iter().all(small) || !axes.iter().all(regular) {
        return Ok(());
    }
    let window = Window { pads: Vec::new(), ..pool.window.clone() };
    let positive = least(graph, &graph.links(), input) >= 0.0;
    let mut chain = Chain::new(graph, format!("{}:border", graph.nodes[index].name));
    let mut plane = input;
    if positive {
        plane = chain.depthwise(plane, Window { pads, ..Window::default() }, &[1.0], None)?;
    } else {
        for (axis, (begin, end)) in pads.into_iter().enumerate() {
            for first in std::iter::repeat_n(true, begin).chain(std::iter::repeat_n(false, end)) {
                plane = repeat(&mut chain, plane, axis, first)?;
            }
        }
    }
    let node = &mut graph.nodes[index];
    node.op = MaxPool { window, ceil: false }.into();
    node.inputs[0] = Some(plane);
    Ok(())
}

/// Positions in front of the plane and behind it that windows reach.
fn outside(axis: &Axis) -> (usize, usize) {
    let reach = (axis.output - 1) * axis.stride + axis.extent();
    (axis.begin, reach.saturating_sub(axis.input + axis.begin))
}

/// Whether the plane engine has the windows as they are: as a cascade, or as one of 3 x 3.
fn cascades([rows, columns]: &[Axis; 2]) -> bool {
    let same = |axis: &Axis| {
        (axis.kernel % 2, axis.stride, axis.begin) == (1, 1, axis.kernel / 2)
            && axis.output == axis.input
    };
    rows.kernel == columns.kernel && same(rows) && same(columns)
}

/// A window of at most 3 along an axis; one of 3 may reach out of the plane by 1 on both sides, one of 2 on one.
#[derive(Clone, Copy)]
struct Small {
    kernel: usize,
    pads: (usize, usize),
}

impl Small {
    const PIXEL: Self = Self { kernel: 1, pads: (0, 0) };
}

/// The windows that make a larger one, one behind the other; `None` where it reaches out on both sides together
/// by its whole length, so that the result is larger than the plane.
fn small_windows(axis: &Axis) -> Option<Vec<Small>> {
    let (begin, end) = outside(axis);
    let both = begin.min(end);
    let lone = begin.max(end) - both;
    let left = (axis.kernel - 1).checked_sub(2 * both).filter(|&left| lone <= left)?;
    let count = left.div_ceil(2).max(lone);
    let further = (0..count).map(|number| {
        let pad = usize::from(number < lone);
        let pads = if begin > end { (pad, 0) } else { (0, pad) };
        Small { kernel: if number < left - count { 3 } else { 2 }, pads }
    });
    Some(vec![Small { kernel: 3, pads: (1, 1) }; both].into_iter().chain(further).collect())
}

/// Puts the steps in the place of the node at `index`, which becomes the last of them.
fn chain(graph: &mut Graph, index: usize, steps: Vec<Step>) -> Result<()> {
    let node = graph.nodes[index].clone();
    let last = steps.len() - 1;
    let [images, channels] = [0, 1].map(|axis| graph.fact(node.outputs[0]).shape[axis]);
    let mut input = node.inputs[0];
    for (number, Step { op, output: [height, width] }) in steps.into_iter().enumerate() {
        let mut inputs = vec![input];
        if matches!(op, Op::Conv(_)) {
            let ones = Tensor::new(&[channels, 1, 1, 1], vec![1.0; channels])?;
            inputs.push(Some(graph.add_constant(&format!("{}:ones", node.name), ones)));
        }
        if number == last {
            graph.nodes[index].op = op;
            graph.nodes[index].inputs = inputs;
            break;
        }
        let name = format!("{}:part{}", node.name, number + 1);
        let fact = Fact::new(DType::F32, [images, channels, height, width]);
        let output = graph.add_value(&name, fact);
        let (sources, outputs) = (Vec::new(), vec![output]);
        graph.nodes.push(Node { name, op, inputs, outputs, sources });
        input = Some(output);
    }
    Ok(())
}
