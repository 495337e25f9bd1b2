//! Rows and columns of taps that see nothing but padding, whatever the output, are left out: a 3 x 3 kernel of
//! dilation 24 over a plane of 12 x 12 is the tap in its middle.

use std::ops::Range;

use super::Rewrite;
use crate::base::error::Result;
use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, Node};
use crate::frontend::ops::Op;
use crate::frontend::ops::window::{Axis, Window};

/// See the module.
pub struct TrimWindows;

impl Rewrite for TrimWindows {
    fn name(&self) -> &'static str {
        "trim-windows"
    }

    fn description(&self) -> &'static str {
        "leave out the taps of convolutions that see padding alone"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut trimmed = 0;
        for index in 0..graph.nodes.len() {
            let Some((window, weights)) = trim(graph, &graph.nodes[index])? else { continue };
            let name = format!("{}:trimmed", graph.nodes[index].name);
            let weights = graph.add_constant(&name, weights);
            let node = &mut graph.nodes[index];
            node.inputs[1] = Some(weights);
            if let Op::Conv(conv) = &mut node.op {
                conv.window = window;
                trimmed += 1;
            }
        }
        Ok(trimmed)
    }
}

/// The window and the weights of a convolution with the taps that see its input.
fn trim(graph: &Graph, node: &Node) -> Result<Option<(Window, Tensor)>> {
    let Op::Conv(conv) = &node.op else { return Ok(None) };
    let Some(weights) = node.input(1).and_then(|id| graph.constant(id)) else { return Ok(None) };
    let Some(shape) = node.input(0).map(|id| &graph.fact(id).shape) else { return Ok(None) };
    let (&[_, _, height, width], &[filters, inputs, rows, columns]) = (&shape[..], weights.shape())
    else {
        return Ok(None);
    };
    let Ok(axes) = conv.window.axes(&[rows, columns], &[height, width], false) else {
        return Ok(None);
    };
    let kept: Vec<Range<usize>> = axes.iter().map(seeing).collect();
    let [y, x] = &kept[..] else { return Ok(None) };
    if y.len() * x.len() == rows * columns {
        return Ok(None);
    }
    let values = weights.values::<f32>()?;
    let windows = values.chunks((rows * columns).max(1));
    let taps = windows.flat_map(|window| {
        let rows = y.clone();
        rows.flat_map(|row| window[row * columns..][x.clone()].iter().copied())
    });
    let trimmed = Tensor::new(&[filters, inputs, y.len(), x.len()], taps.collect::<Vec<_>>())?;
    let pads = axes.iter().zip(&kept).map(|(axis, kept)| {
        let (before, after) = (kept.start, axis.kernel - kept.end);
        (axis.begin - before * axis.dilation, axis.end - after * axis.dilation)
    });
    let dilation = |(axis, kept): (&Axis, &Range<usize>)| {
        if kept.len() > 1 { axis.dilation } else { 1 }
    };
    let window = Window {
        kernel: kept.iter().map(ExactSizeIterator::len).collect(),
        strides: axes.iter().map(|axis| axis.stride).collect(),
        pads: pads.collect(),
        dilations: axes.iter().zip(&kept).map(dilation).collect(),
        ..Window::default()
    };
    Ok(Some((window, trimmed)))
}

/// The taps from the first to the last that reads inside of the input; none is left out behind which the pads would
/// become negative.
fn seeing(axis: &Axis) -> Range<usize> {
    let blind = |tap: &usize| axis.inside(*tap).0.is_empty();
    let most = axis.kernel.saturating_sub(1);
    let room = |pad: usize| pad / axis.dilation.max(1);
    let before = (0..most.min(room(axis.begin))).take_while(blind).count();
    let end = (before + 1..axis.kernel).rev();
    let after = end.take_while(blind).count().min(room(axis.end));
    before..axis.kernel - after
}
