//! Average pooling becomes a depthwise convolution with equal weights, which the accelerator does.
//!
//! The weight 1 / count is one number, so that int8 with a power-of-two scale holds it to 1 part in 128 or
//! better, and the convolution rounds once. That takes windows which all count the same number of elements:
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

/// A mean over two-dimensional windows that all count `count` elements.
struct Mean {
    input: ValueId,
    window: Window,
    count: f32,
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
            let Some(Mean { input, window, count }) = mean(graph, &graph.nodes[index]) else {
                continue;
            };
            let channels = graph.fact(input).shape[1];
            let taps = window.kernel[0] * window.kernel[1];
            let shape = [channels, 1, window.kernel[0], window.kernel[1]];
            let weight = Tensor::new(&shape, vec![1.0 / count; channels * taps])?;
            let name = format!("{}:mean", graph.nodes[index].name);
            let weight = graph.add_constant(&name, weight);
            if graph.fact(graph.nodes[index].outputs[0]).shape.len() == 2 {
                flatten_behind(graph, index);
            }
            let node = &mut graph.nodes[index];
            node.op = Conv { window, group: channels, epilogue: Default::default() }.into();
            node.inputs = vec![Some(input), Some(weight)];
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

/// The mean that a node computes, if a depthwise convolution can do it.
fn mean(graph: &Graph, node: &Node) -> Option<Mean> {
    let input = node.input(0)?;
    let &[_, _, height, width] = &graph.fact(input).shape[..] else { return None };
    let mean = match &node.op {
        Op::AveragePool(pool) => {
            windows(pool, &[height, width]).map(|(window, count)| Mean { input, window, count })
        }
        Op::GlobalPool(GlobalPool::Average) => Some(whole(input, height, width)),
        Op::Reduce(reduce) if reduce.reduction == Reduction::Mean => {
            let axes = graph.constant(node.input(1)?)?.values::<i64>().ok()?;
            let spatial =
                [2, 3].iter().all(|axis| axes.contains(axis) || axes.contains(&(axis - 4)));
            (spatial && axes.len() == 2).then(|| whole(input, height, width))
        }
        _ => None,
    };
    let fits = |mean: &Mean| mean.window.kernel.iter().all(|taps| (1..=MAX_KERNEL).contains(taps));
    mean.filter(|mean| mean.count > 0.0 && fits(mean))
}

/// The mean over a whole plane.
fn whole(input: ValueId, height: usize, width: usize) -> Mean {
    let window = Window { kernel: vec![height, width], ..Window::default() };
    Mean { input, window, count: (height * width) as f32 }
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
