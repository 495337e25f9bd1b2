//! Average pooling becomes a depthwise convolution with equal weights, which the accelerator does.
//!
//! The weight 1 / (kernel height x kernel width) is one number, so that int8 with a power-of-two scale holds
//! it to 1 part in 128 or better, and the convolution rounds once.

use super::Rewrite;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::global_pool::GlobalPool;
use crate::frontend::ops::reduce::Reduction;
use crate::frontend::ops::window::{AutoPad, Window};

/// Largest extent of a window.
const MAX_KERNEL: usize = 15;

/// See the module.
pub struct AverageToConv;

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
            let Some((input, window)) = average(graph, &graph.nodes[index]) else { continue };
            let channels = graph.fact(input).shape[1];
            let taps = window.kernel[0] * window.kernel[1];
            let shape = [channels, 1, window.kernel[0], window.kernel[1]];
            let weight = Tensor::new(&shape, vec![1.0 / taps as f32; channels * taps])?;
            let name = format!("{}:mean", graph.nodes[index].name);
            let weight = graph.add_constant(&name, weight);
            let node = &mut graph.nodes[index];
            node.op = Conv { window, group: channels, epilogue: Default::default() }.into();
            node.inputs = vec![Some(input), Some(weight)];
            turned += 1;
        }
        Ok(turned)
    }
}

/// Input and window of a mean over two-dimensional windows in which every element counts.
fn average(graph: &Graph, node: &Node) -> Option<(ValueId, Window)> {
    let input = node.input(0)?;
    let &[_, _, height, width] = &graph.fact(input).shape[..] else { return None };
    let whole = || Window { kernel: vec![height, width], ..Window::default() };
    let window = match &node.op {
        Op::AveragePool(pool) => {
            let plain = !pool.ceil
                && [AutoPad::Explicit, AutoPad::Valid].contains(&pool.window.auto_pad)
                && pool.window.dilations.iter().all(|&dilation| dilation == 1);
            let padded = pool.window.auto_pad == AutoPad::Explicit
                && pool.window.pads.iter().any(|&pads| pads != (0, 0));
            (plain && (pool.count_include_pad || !padded)).then(|| pool.window.clone())?
        }
        Op::GlobalPool(GlobalPool::Average) => whole(),
        Op::Reduce(reduce) if reduce.reduction == Reduction::Mean && reduce.keep_dims => {
            let axes = graph.constant(node.input(1)?)?.values::<i64>().ok()?;
            let spatial =
                [2, 3].iter().all(|axis| axes.contains(axis) || axes.contains(&(axis - 4)));
            (spatial && axes.len() == 2).then(whole)?
        }
        _ => return None,
    };
    let fits = window.kernel.len() == 2 && window.kernel.iter().all(|&own| own <= MAX_KERNEL);
    fits.then_some((input, window))
}
