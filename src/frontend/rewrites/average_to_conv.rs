//! Average pooling becomes a depthwise convolution with equal weights, which the accelerator does.
//!
//! The weight 1 / count is one number, so that int8 with a power-of-two scale holds it to 1 part in 128 or
//! better, and the convolution rounds once. A mean over a larger plane than a convolution takes is a mean of means
//! over parts of it. That takes windows which all count the same number of elements:
//! where pads do not count, or a last window is cut off, the divisor changes at the border, which no
//! convolution does; such means stay as they are.

use super::{MAX_KERNEL, Rewrite};
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::average_pool::AveragePool;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::flatten::Flatten;
use crate::frontend::ops::global_pool::GlobalPool;
use crate::frontend::ops::reduce::Reduction;
use crate::frontend::ops::window::{Axis, Window};
use crate::frontend::ops::{Fact, Op};

/// See the module.
pub struct AverageToConv;

/// A sum over windows, times a weight.
struct Sum {
    window: Window,
    weight: f32,
    output: [usize; 2],
}

impl Rewrite for AverageToConv {
    fn name(&self) -> &'static str {
        "average-to-conv"
    }

    fn description(&self) -> &'static str {
        "turn average pooling into depthwise convolutions with equal weights"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut turned = 0;
        for index in 0..graph.nodes.len() {
            let Some((input, sums)) = mean(graph, &graph.nodes[index]) else { continue };
            if graph.fact(graph.nodes[index].outputs[0]).shape.len() == 2 {
                flatten_behind(graph, index);
            }
            chain(graph, index, input, sums)?;
            turned += 1;
        }
        Ok(turned)
    }
}

/// Lets the node at `index` give planes of one pixel, for a reduction that drops its axes, and
/// flattens them behind it.
pub(super) fn flatten_behind(graph: &mut Graph, index: usize) {
    let (name, output) = (graph.nodes[index].name.clone(), graph.nodes[index].outputs[0]);
    let [images, channels] = graph.fact(output).shape[..] else { return };
    let fact = Fact::new(DType::F32, [images, channels, 1, 1]);
    let planes = graph.add_value(&format!("{name}:planes"), fact);
    graph.nodes[index].outputs = vec![planes];
    graph.nodes.push(Node {
        name: format!("{name}:flatten"),
        op: Flatten { axis: 1 }.into(),
        inputs: vec![Some(planes)],
        outputs: vec![output],
        sources: Vec::new(),
    });
}

/// Puts depthwise convolutions in the place of the node at `index`, which becomes the last of them.
fn chain(graph: &mut Graph, index: usize, mut input: ValueId, sums: Vec<Sum>) -> Result<()> {
    let &[images, channels, ..] = &graph.fact(input).shape[..] else { return Ok(()) };
    let (name, last) = (graph.nodes[index].name.clone(), sums.len() - 1);
    for (number, Sum { window, weight, output: [height, width] }) in sums.into_iter().enumerate() {
        let shape = [channels, 1, window.kernel[0], window.kernel[1]];
        let weights = vec![weight; shape.iter().product()];
        let part = if number == last { "mean".into() } else { format!("part{}", number + 1) };
        let weights = graph.add_constant(&format!("{name}:{part}"), Tensor::new(&shape, weights)?);
        let op = Conv { window, group: channels, epilogue: Default::default() }.into();
        let inputs = vec![Some(input), Some(weights)];
        if number == last {
            let node = &mut graph.nodes[index];
            (node.op, node.inputs) = (op, inputs);
            break;
        }
        let name = format!("{name}:{part}");
        let fact = Fact::new(DType::F32, [images, channels, height, width]);
        input = graph.add_value(&name, fact);
        let (sources, outputs) = (Vec::new(), vec![input]);
        graph.nodes.push(Node { name, op, inputs, outputs, sources });
    }
    Ok(())
}

/// The input of a mean and the sums that make it, if depthwise convolutions can do it.
fn mean(graph: &Graph, node: &Node) -> Option<(ValueId, Vec<Sum>)> {
    let input = node.input(0)?;
    let &[_, _, height, width] = &graph.fact(input).shape[..] else { return None };
    let plane = [height, width];
    let sums = match &node.op {
        Op::AveragePool(pool) => of_pool(pool, plane)?,
        Op::GlobalPool(GlobalPool::Average) => whole(plane),
        Op::Reduce(reduce) if reduce.reduction == Reduction::Mean => {
            let axes = graph.constant(node.input(1)?)?.values::<i64>().ok()?;
            let spatial =
                [2, 3].iter().all(|axis| axes.contains(axis) || axes.contains(&(axis - 4)));
            if !spatial || axes.len() != 2 {
                return None;
            }
            whole(plane)
        }
        _ => return None,
    };
    let fits = |sum: &Sum| sum.window.kernel.iter().all(|taps| (1..=MAX_KERNEL).contains(taps));
    (!sums.is_empty() && sums.iter().all(fits)).then_some((input, sums))
}

/// The mean over a whole plane: sums over parts side by side, until one window is left. A part that the
/// plane's end cuts off is padded, with zeros, which add nothing.
fn whole(mut plane: [usize; 2]) -> Vec<Sum> {
    let mut left = plane.iter().product::<usize>() as f32;
    let mut sums = Vec::new();
    while left > 0.0 {
        let side = part(plane);
        let kernel = plane.map(|extent| extent.min(side));
        let output = plane.map(|extent| extent.div_ceil(side));
        let pads =
            [0, 1].map(|axis| (0, (output[axis] * kernel[axis]).saturating_sub(plane[axis])));
        // Each part but the last is a mean of its own, so that int8 holds it.
        let one = output == [1, 1];
        let count = if one { left } else { (kernel[0] * kernel[1]) as f32 };
        let strides = if one { Vec::new() } else { vec![side; 2] };
        let (kernel, pads) = (kernel.to_vec(), pads.to_vec());
        let window = Window { kernel, strides, pads, ..Window::default() };
        sums.push(Sum { window, weight: 1.0 / count, output });
        plane = output;
        if one {
            break;
        }
        left /= count;
    }
    sums
}

/// The side of the parts into which a plane is cut: the plane itself where one window takes it, else one that
/// leaves a plane for one window, if possible without rest.
fn part(plane: [usize; 2]) -> usize {
    let most = plane[0].max(plane[1]);
    if most <= MAX_KERNEL {
        return most;
    }
    let mut sides = most.div_ceil(MAX_KERNEL)..=MAX_KERNEL;
    let even = |side: &usize| plane.iter().all(|extent| extent.is_multiple_of(*side));
    sides.clone().find(even).or_else(|| sides.next()).unwrap_or(MAX_KERNEL)
}

/// The sums of an average pool.
fn of_pool(pool: &AveragePool, plane: [usize; 2]) -> Option<Vec<Sum>> {
    let axes = pool.window.axes(&pool.window.kernel, &plane, pool.ceil).ok()?;
    let covers = |axis: &Axis| (axis.kernel, axis.begin, axis.output) == (axis.input, 0, 1);
    if axes.iter().all(|axis| covers(axis) && (axis.end, axis.dilation) == (0, 1)) {
        return Some(whole(plane));
    }
    let &[rows, columns] = &axes[..] else { return None };
    let (window, count) = windows(pool, &plane)?;
    let output = [rows.output, columns.output];
    (count > 0.0).then(|| vec![Sum { window, weight: 1.0 / count, output }])
}

/// The windows of a pool with all pads written out, and how many elements each counts; `None` when
/// that is not the same for all of them.
fn windows(pool: &AveragePool, input: &[usize; 2]) -> Option<(Window, f32)> {
    let axes = pool.window.axes(&pool.window.kernel, input, pool.ceil).ok()?;
    let mut count = 1.0;
    for axis in &axes {
        let counts = pool.counts(axis);
        let first = *counts.first()?;
        if counts.iter().any(|&other| other != first) {
            return None;
        }
        count *= first;
    }
    let list = |of: fn(&Axis) -> usize| axes.iter().map(of).collect();
    let window = Window {
        kernel: pool.window.kernel.clone(),
        strides: list(|axis| axis.stride),
        pads: axes.iter().map(|axis| (axis.begin, end(axis))).collect(),
        dilations: list(|axis| axis.dilation),
        ..Window::default()
    };
    Some((window, count))
}

/// The padding at the end with which a convolution has just as many outputs; `ceil_mode` adds windows
/// that reach behind the pads of the file.
fn end(axis: &Axis) -> usize {
    let reach = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1;
    reach.saturating_sub(axis.input + axis.begin).max(axis.end)
}
