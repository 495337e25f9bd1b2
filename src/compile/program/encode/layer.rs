//! Layers as the hardware sees them: weights between channels, and lanes.
//!
//! Additions, changes of scale and copies are convolutions with a diagonal of weights.

use crate::base::arithmetic::Rounding;
use crate::base::error::{Error, Result, codes};
use crate::compile::capabilities::{Aligned, Datapath, Product, Role, align, products};
use crate::compile::program::design::Design;
use crate::compile::program::format::record::Lane;
use crate::compile::program::refusal::{limit, refused};
use crate::frontend::ops::epilogue::Residual;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{ConvOutput, QConv, QGraph, QValueId, Scale, Width, accumulator_bound};

/// The output stage of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Rule A5.
    Direct {
        /// Limited to at least 0.
        relu: bool,
    },
    /// Rule A6.
    Function {
        /// Index of the function in the graph.
        function: usize,
        /// Where the second input is added.
        residual: Option<Residual>,
    },
}

/// How a layer's channels are connected.
enum Kind<'a> {
    Conv(&'a QConv),
    /// One weight per view and channel: `weights[view][channel]`.
    Diagonal(Vec<Vec<i8>>),
    /// A number per channel that the network computes.
    Products(Vec<Product>),
}

/// A layer on the dense array or, when it is depthwise, on the plane engine.
pub struct Layer<'a> {
    graph: &'a QGraph,
    layer: usize,
    /// The value that it computes.
    pub value: QValueId,
    kind: Kind<'a>,
    lanes: Vec<Lane>,
    /// Rows, then columns.
    pub axes: [Axis; 2],
    /// Output stage.
    pub stage: Stage,
    /// Width of the result.
    pub width: Width,
}

impl<'a> Layer<'a> {
    /// Looks at a layer; `copied` is the value that a movement, done as a copy, writes.
    ///
    /// # Errors
    /// [`codes::PROGRAM_LIMIT`] when the hardware cannot do it exactly.
    pub fn new(graph: &'a QGraph, layer: usize, copied: Option<QValueId>) -> Result<Self> {
        if graph.rounding != Rounding::HalfUp {
            return Err(limit("the accelerator rounds half up, the model rounds half to even"));
        }
        let op = &graph.layers[layer].op;
        match Datapath::of(op).map_err(refused)? {
            Datapath::Convolution(conv) => Self::conv(graph, layer, conv),
            Datapath::Sum(inputs) => Self::diagonal(graph, layer, inputs),
            Datapath::ChannelMul => Self::products_of(graph, layer),
            Datapath::Movement(_) => match copied {
                Some(value) => Self::copy(graph, layer, value),
                None => Err(limit("a movement whose result is not stored")),
            },
            Datapath::Maximum => {
                Err(limit(format!("{} is nothing for the output lanes", op.kind())))
            }
        }
    }

    fn conv(graph: &'a QGraph, layer: usize, conv: &'a QConv) -> Result<Self> {
        let (width, scales) = output(graph, layer)?;
        let residual = graph.layers[layer].input(1).and_then(|id| graph.value(id).integer());
        let residual = |channel: usize| residual.map_or(Scale::default(), |(_, s)| s[channel]);
        let lane = |channel: usize| -> Lane {
            let bias = conv.bias[channel];
            let zero = scales[channel].zero.into();
            let idle = Lane { bias, zero, ..Lane::IDLE };
            match &conv.output {
                ConvOutput::Direct { shifts, .. } => {
                    Lane { argument: shifts[channel].into(), ..idle }
                }
                ConvOutput::Function { arguments, shifts, residual: place, .. } => {
                    let added = place.map(|_| residual(channel));
                    let right = added.map_or(0, |scale| {
                        conv.residual_shift(&graph.functions, channel, scale.exponent)
                    });
                    Lane {
                        argument: arguments[channel].into(),
                        out: shifts[channel].into(),
                        res_zero: added.map_or(0, |scale| scale.zero.into()),
                        res_shift: -right,
                        ..idle
                    }
                }
                ConvOutput::Dpu { .. } => idle,
            }
        };
        let stage = match &conv.output {
            ConvOutput::Direct { relu, .. } => Stage::Direct { relu: *relu },
            ConvOutput::Function { function, residual, .. } => {
                Stage::Function { function: *function, residual: *residual }
            }
            ConvOutput::Dpu { .. } => {
                return Err(limit("convolutions under the DPU rules (A13) have no unit"));
            }
        };
        let lanes = (0..conv.outputs()).map(lane).collect();
        let value = graph.layers[layer].outputs[0];
        let kind = Kind::Conv(conv);
        Ok(Self { graph, layer, value, kind, lanes, axes: conv.axes, stage, width })
    }

    /// Rules A8 and A13 (rescale): powers of two as weights, then one shift.
    fn diagonal(graph: &'a QGraph, layer: usize, inputs: &[Role]) -> Result<Self> {
        let (width, scales) = output(graph, layer)?;
        let inputs: Vec<&[Scale]> = inputs
            .iter()
            .map(|role| input(graph, layer, role.position()))
            .collect::<Result<_>>()?;
        let mut weights = vec![Vec::new(); inputs.len()];
        let mut lanes = Vec::new();
        for (aligned, scale) in align(&inputs, scales, width).map_err(refused)?.iter().zip(scales) {
            for (weights, &weight) in weights.iter_mut().zip(&aligned.weights) {
                weights.push(weight);
            }
            let Aligned { bias, shift, .. } = *aligned;
            lanes.push(Lane { bias, argument: shift, zero: scale.zero.into(), ..Lane::IDLE });
        }
        let value = graph.layers[layer].outputs[0];
        Ok(Self::pointwise(graph, layer, value, (Kind::Diagonal(weights), lanes, width)))
    }

    /// Rule A15: factors as weights of the plane engine.
    fn products_of(graph: &'a QGraph, layer: usize) -> Result<Self> {
        let (width, scales) = output(graph, layer)?;
        let inputs = [input(graph, layer, 0)?, input(graph, layer, 1)?];
        let products = products(inputs[0], inputs[1], scales).map_err(refused)?;
        let lane = |(product, scale): (&Product, &Scale)| Lane {
            argument: product.shift,
            zero: scale.zero.into(),
            ..Lane::IDLE
        };
        let lanes = products.iter().zip(scales).map(lane).collect();
        let value = graph.layers[layer].outputs[0];
        Ok(Self::pointwise(graph, layer, value, (Kind::Products(products), lanes, width)))
    }

    /// Of a product with numbers that the network computes, how the plane engine does it, by channel.
    pub fn products(&self) -> Option<&[Product]> {
        match &self.kind {
            Kind::Products(products) => Some(products),
            Kind::Conv(_) | Kind::Diagonal(_) => None,
        }
    }

    fn copy(graph: &'a QGraph, layer: usize, value: QValueId) -> Result<Self> {
        let Some((Width::I8, scales)) = graph.value(value).integer() else {
            return Err(limit("only int8 tensors are copied"));
        };
        let width = Width::I8;
        let kind = Kind::Diagonal(vec![vec![1; scales.len()]]);
        let lanes = vec![Lane::IDLE; scales.len()];
        Ok(Self::pointwise(graph, layer, value, (kind, lanes, width)))
    }

    fn pointwise(
        graph: &'a QGraph,
        layer: usize,
        value: QValueId,
        (kind, lanes, width): (Kind<'a>, Vec<Lane>, Width),
    ) -> Self {
        let shape = &graph.value(value).shape;
        let axis = |extent: usize| Axis { input: extent, output: extent, ..Axis::UNIT };
        let axes = [shape.get(2), shape.get(3)].map(|extent| axis(extent.copied().unwrap_or(1)));
        let stage = Stage::Direct { relu: false };
        Self { graph, layer, value, kind, lanes, axes, stage, width }
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        self.lanes.len()
    }

    /// Lane parameters of an output channel; a slot without one is idle.
    pub fn lane(&self, channel: Option<usize>) -> Lane {
        channel.map_or(Lane::IDLE, |channel| self.lanes[channel])
    }

    /// Largest magnitude of a sum with its bias, whatever the inputs are.
    pub fn bound(&self) -> u64 {
        match &self.kind {
            Kind::Conv(conv) => accumulator_bound(conv),
            Kind::Diagonal(weights) => {
                let channel = |(channel, lane): (usize, &Lane)| {
                    let own = weights.iter().map(|view| u64::from(view[channel].unsigned_abs()));
                    own.sum::<u64>() * 128 + u64::from(lane.bias.unsigned_abs())
                };
                self.lanes.iter().enumerate().map(channel).max().unwrap_or(0)
            }
            Kind::Products(_) => 128 * 255,
        }
    }

    /// The value that input `view` must hold.
    pub fn source(&self, view: usize) -> Result<QValueId> {
        let layer = &self.graph.layers[self.layer];
        if layer.op.movement().is_some() {
            return Ok(self.value);
        }
        layer.input(view).ok_or_else(|| Error::new(&codes::INTERNAL, format!("no input {view}")))
    }

    /// Number of inputs that are multiplied.
    pub fn views(&self) -> usize {
        match &self.kind {
            Kind::Conv(_) | Kind::Products(_) => 1,
            Kind::Diagonal(weights) => weights.len(),
        }
    }

    /// The input channels that an output channel needs.
    pub fn needs(&self, output: usize) -> std::ops::Range<usize> {
        match &self.kind {
            Kind::Diagonal(_) | Kind::Products(_) => output..output + 1,
            Kind::Conv(conv) => {
                let inputs = conv.group_inputs();
                let first = output / (conv.outputs() / conv.group) * inputs;
                first..first + inputs
            }
        }
    }

    /// The weight from channel `input` of view `view` to channel `output`, at a tap; of products at one of the 3 x 3 of the
    /// plane engine.
    pub fn weight(&self, output: usize, view: usize, input: usize, tap: [usize; 2]) -> i8 {
        let needs = self.needs(output);
        if !needs.contains(&input) {
            return 0;
        }
        match &self.kind {
            Kind::Diagonal(weights) => weights[view][output],
            // All bits of the factor count at its places.
            Kind::Products(products) => -i8::from(products[output].counts(tap)),
            Kind::Conv(conv) => {
                let [rows, columns] = conv.axes;
                let own = output * conv.taps();
                let offset = (input - needs.start) * rows.kernel + tap[0];
                conv.weights[own + offset * columns.kernel + tap[1]]
            }
        }
    }

    /// Refuses weights that two products in one DSP slice cannot hold.
    pub fn check_weights(&self, design: &Design) -> Result<()> {
        match &self.kind {
            Kind::Conv(conv) if design.pack_products && conv.weights.contains(&i8::MIN) => {
                Err(limit("a weight is -128; packed products take -127 to 127")
                    .help("quantize again with this version of Seigo"))
            }
            _ => Ok(()),
        }
    }

    /// Whether it is a depthwise convolution: output channel c reads input channel c alone.
    pub fn is_depthwise(&self) -> bool {
        let Kind::Conv(conv) = &self.kind else { return false };
        conv.group_inputs() == 1 && conv.group == conv.outputs()
    }
}

fn output(graph: &QGraph, layer: usize) -> Result<(Width, &[Scale])> {
    let value = graph.value(graph.layers[layer].outputs[0]);
    match value.integer() {
        Some((Width::I32, _)) => Err(limit("int32 results do not leave the accelerator")),
        Some(integer) => Ok(integer),
        None => Err(limit("a float result")),
    }
}

fn input(graph: &QGraph, layer: usize, position: usize) -> Result<&[Scale]> {
    let value = graph.layers[layer].input(position).map(|id| graph.value(id));
    let integer = value.and_then(|value| value.integer());
    integer.map(|(_, scales)| scales).ok_or_else(|| limit(format!("input {position} is float")))
}
