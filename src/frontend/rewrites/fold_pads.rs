//! Padding in front of a convolution or a pool becomes its own.
//!
//! A convolution pads with zeros, a mean whose pads count too. A maximum leaves its own pads out, which is
//! the same as padding with a value that is never the largest: minus infinity, or a bound of the input,
//! such as 0 behind a ReLU. That takes windows that each see an element of the input.

use super::Rewrite;
use super::least::least;
use crate::base::error::Result;
use crate::frontend::graph::{Graph, Links, Node, ValueId};
use crate::frontend::ops::average_pool::AveragePool;
use crate::frontend::ops::pad::PadMode;
use crate::frontend::ops::window::{Axis, Window};
use crate::frontend::ops::{Inputs, Op};

/// At or below this, a pad before a maximum is meant as minus infinity: exporters write the least number
/// of f32 or of bfloat16, rounded or not, and no network computes with such values.
const LOWEST: f32 = -1e30;

/// See the module.
pub struct FoldPads;

impl Rewrite for FoldPads {
    fn name(&self) -> &'static str {
        "fold-pads"
    }

    fn description(&self) -> &'static str {
        "let convolutions and pools pad by themselves"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let mut folded = 0;
        for index in 0..graph.nodes.len() {
            // One pad behind the other folds too.
            while fold(graph, index) {
                folded += 1;
            }
        }
        Ok(folded)
    }
}

/// Folds the pad in front of the node at `index`, if there is one that fits.
fn fold(graph: &mut Graph, index: usize) -> bool {
    let links = graph.links();
    let Some((pad_index, pad)) =
        graph.nodes[index].input(0).and_then(|id| graph.producer(&links, id))
    else {
        return false;
    };
    let Some(pads) = SpatialPad::of(graph, pad) else { return false };
    let Some(op) = padded(graph, &links, &graph.nodes[index].op, &pads) else { return false };
    let sources = pad.sources.clone();
    let only = links.only_consumer(pad.outputs[0]) == Some(index);
    let node = &mut graph.nodes[index];
    node.op = op;
    node.inputs[0] = Some(pads.input);
    if only {
        node.sources.extend(sources);
        graph.nodes[pad_index].sources.clear();
    }
    true
}

/// A pad with one value along the spatial axes alone.
struct SpatialPad {
    input: ValueId,
    /// Spatial extents of the input.
    extents: Vec<usize>,
    begin: Vec<usize>,
    end: Vec<usize>,
    value: f32,
}

impl SpatialPad {
    fn of(graph: &Graph, node: &Node) -> Option<Self> {
        let Op::Pad(pad) = &node.op else { return None };
        let input = node.input(0)?;
        let shape = &graph.fact(input).shape;
        let pads = pad.pads(Inputs::new(&graph.input_facts(node))).ok()?;
        let value = match node.input(2) {
            None => 0.0,
            Some(id) => *graph.constant(id)?.values::<f32>().ok()?.first()?,
        };
        let size = |pad: i64| usize::try_from(pad).ok();
        let begin = pads.iter().map(|pad| size(pad.0)).collect::<Option<Vec<_>>>()?;
        let end = pads.iter().map(|pad| size(pad.1)).collect::<Option<Vec<_>>>()?;
        let outer = pads.iter().take(2).all(|&pad| pad == (0, 0));
        (pad.mode == PadMode::Constant && shape.len() > 2 && outer).then(|| Self {
            input,
            extents: shape[2..].to_vec(),
            begin: begin[2..].to_vec(),
            end: end[2..].to_vec(),
            value,
        })
    }

    /// The windows of a pool over the padded input, and the same with the pad as their own.
    fn windows(&self, window: &Window, ceil: bool) -> Option<Windows> {
        let extents = self.extents.iter().zip(self.begin.iter().zip(&self.end));
        let padded: Vec<usize> =
            extents.map(|(extent, (begin, end))| extent + begin + end).collect();
        let before = window.axes(&window.kernel, &padded, ceil).ok()?;
        let pads = before.iter().zip(self.begin.iter().zip(&self.end));
        let own = Window {
            kernel: window.kernel.clone(),
            strides: before.iter().map(|axis| axis.stride).collect(),
            pads: pads.map(|(axis, (begin, end))| (axis.begin + begin, axis.end + end)).collect(),
            dilations: before.iter().map(|axis| axis.dilation).collect(),
            ..Window::default()
        };
        // Without `ceil_mode` where the outputs are as many: the pads written out say it all.
        let ceil = [false, true].into_iter().find_map(|ceil| {
            let after = own.axes(&own.kernel, &self.extents, ceil).ok()?;
            let outputs = after.iter().zip(&before).all(|(one, other)| one.output == other.output);
            outputs.then_some((after, ceil))
        });
        ceil.map(|(after, ceil)| Windows { before, after, own, ceil })
    }
}

/// A pool's windows before and after a pad became their own.
struct Windows {
    before: Vec<Axis>,
    after: Vec<Axis>,
    own: Window,
    ceil: bool,
}

/// The operator that pads by itself and gives the same; `None` where there is none.
fn padded(graph: &Graph, links: &Links, op: &Op, pad: &SpatialPad) -> Option<Op> {
    let mut op = op.clone();
    let fits = match &mut op {
        Op::Conv(conv) => pad.value == 0.0 && conv.window.add_padding(&pad.begin, &pad.end),
        Op::AveragePool(pool) if pad.value == 0.0 => {
            let windows = pad.windows(&pool.window, pool.ceil)?;
            let own =
                AveragePool { window: windows.own, ceil: windows.ceil, count_include_pad: true };
            let mut axes = windows.before.iter().zip(&windows.after);
            let same = axes.all(|(before, after)| pool.counts(before) == own.counts(after));
            *pool = own;
            same
        }
        Op::MaxPool(pool) => {
            let windows = pad.windows(&pool.window, pool.ceil)?;
            (pool.window, pool.ceil) = (windows.own, windows.ceil);
            let never =
                pad.value <= LOWEST || f64::from(pad.value) <= least(graph, links, pad.input);
            never && windows.after.iter().all(sees_input)
        }
        _ => false,
    };
    fits.then_some(op)
}

/// Whether every window along an axis reads an element of the input.
fn sees_input(axis: &Axis) -> bool {
    let reach = axis.extent();
    axis.begin < reach
        && (axis.output - 1) * axis.stride < axis.input + axis.begin
        && (0..axis.output)
            .all(|output| (0..axis.kernel).any(|tap| axis.inside(tap).0.contains(&output)))
}
