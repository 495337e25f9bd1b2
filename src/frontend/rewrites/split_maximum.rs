//! Maximum pooling over windows beyond the plane engine's becomes a chain of small ones: the whole plane
//! (GlobalMaxPool, ReduceMax over rows and columns, a MaxPool as large as its input) and windows of 4, 8,
//! 16, ... side by side.
//!
//! A maximum of maxima is the maximum, so the chain is exact in float and in integers. Each step halves the
//! plane at stride 2: windows of 2 cover an even extent, windows of 3 an odd one, both without padding.

use super::Rewrite;
use super::average_to_conv::flatten_behind;
use crate::base::error::Result;
use crate::base::tensor::DType;
use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::global_pool::GlobalPool;
use crate::frontend::ops::max_pool::MaxPool;
use crate::frontend::ops::reduce::Reduction;
use crate::frontend::ops::window::Window;
use crate::frontend::ops::{Fact, Op};

/// See the module.
pub struct SplitMaximum;

impl Rewrite for SplitMaximum {
    fn name(&self) -> &'static str {
        "split-maximum"
    }

    fn description(&self) -> &'static str {
        "turn maxima over large windows into chains of windows of 2 and 3 at stride 2"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut split = 0;
        for index in 0..graph.nodes.len() {
            let Some(steps) = steps(graph, &graph.nodes[index]) else { continue };
            if graph.fact(graph.nodes[index].outputs[0]).shape.len() == 2 {
                flatten_behind(graph, index);
            }
            chain(graph, index, steps);
            split += 1;
        }
        Ok(split)
    }
}

/// A window at stride 2 and the extents of what it gives.
struct Step {
    kernel: [usize; 2],
    output: [usize; 2],
}

/// The steps that replace a node; `None` where it is no such maximum or one step does it.
fn steps(graph: &Graph, node: &Node) -> Option<Vec<Step>> {
    let fact = graph.fact(node.input(0)?);
    let &[_, _, height, width] = &fact.shape[..] else { return None };
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
        Op::MaxPool(pool) => of_pool(pool, plane)?,
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
        steps.push(Step { kernel, output: plane });
    }
    steps
}

/// The steps of a MaxPool without pads and gaps: over its whole input, or of 2^n side by side.
fn of_pool(pool: &MaxPool, plane: [usize; 2]) -> Option<Vec<Step>> {
    let axes = pool.window.axes(&pool.window.kernel, &plane, pool.ceil).ok()?;
    if axes.iter().any(|axis| (axis.begin, axis.end, axis.dilation) != (0, 0, 1)) {
        return None;
    }
    if axes.iter().all(|axis| axis.kernel == axis.input) {
        return Some(whole(plane));
    }
    let side = axes[0].kernel;
    let beside = axes.iter().all(|axis| {
        // A last window that `ceil_mode` cuts off would need pads.
        (axis.kernel, axis.stride) == (side, side) && axis.output == axis.input / side
    });
    let halvings = (side.is_power_of_two() && beside).then(|| side.trailing_zeros())?;
    let output = |step| plane.map(|extent| extent >> step);
    Some((1..=halvings).map(|step| Step { kernel: [2, 2], output: output(step) }).collect())
}

/// Puts the steps in the place of the node at `index`, which becomes the last of them.
fn chain(graph: &mut Graph, index: usize, steps: Vec<Step>) {
    let node = graph.nodes[index].clone();
    let last = steps.len() - 1;
    let [images, channels] = [0, 1].map(|axis| graph.fact(node.outputs[0]).shape[axis]);
    let mut input = node.inputs[0];
    for (number, Step { kernel, output: [height, width] }) in steps.into_iter().enumerate() {
        let window = Window { kernel: kernel.to_vec(), strides: vec![2, 2], ..Window::default() };
        let op: Op = MaxPool { window, ceil: false }.into();
        if number == last {
            graph.nodes[index].op = op;
            graph.nodes[index].inputs = vec![input];
            return;
        }
        let name = format!("{}:half{}", node.name, number + 1);
        let fact = Fact::new(DType::F32, [images, channels, height, width]);
        let output = graph.add_value(&name, fact);
        let (sources, outputs) = (Vec::new(), vec![output]);
        graph.nodes.push(Node { name, op, inputs: vec![input], outputs, sources });
        input = Some(output);
    }
}
