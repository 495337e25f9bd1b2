//! Which nodes compute in integers, how wide their results are, and which value owns the scale of
//! each channel.

use std::collections::{HashMap, HashSet};

use super::Options;
use super::in_float::InFloat;
use crate::base::error::{Error, Remedy, Result, codes};
use crate::base::pattern;
use crate::frontend::graph::{Graph, Node, ValueId};
use crate::frontend::ops::Op;
use crate::frontend::ops::binary::Binary;
use crate::frontend::ops::epilogue::Epilogue;
use crate::frontend::ops::global_pool::GlobalPool;
use crate::frontend::rewrites::MAX_KERNEL;
use crate::model::qgraph::{Moved, QOp, ScaleRule, Width, moved};

/// How a node is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Quantized convolution.
    Conv,
    /// Quantized addition.
    Add,
    /// Product with a number per channel.
    ChannelMul,
    /// An operator on integers whose results have the scales of its input.
    Kept,
    /// Integers are moved.
    Move,
    /// On the processor in float.
    Float,
}

impl Kind {
    /// Whether results are computed in integers, at scales of their own.
    pub fn computes(self) -> bool {
        matches!(self, Self::Conv | Self::Add | Self::ChannelMul)
    }
}

/// The channel of a value at which a scale was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The value that owns the scale.
    pub owner: ValueId,
    /// Channel of the owner.
    pub channel: usize,
}

/// The decisions for a whole graph.
#[derive(Debug)]
pub struct Assignment {
    /// Per node.
    pub kinds: Vec<Kind>,
    /// Per node: why it is in float.
    reasons: Vec<Option<InFloat>>,
    /// Per value: width of its integers, `None` for float values and constants.
    pub widths: Vec<Option<Width>>,
    /// Per value: where each channel's scale comes from; empty for float values.
    pub origins: Vec<Vec<Origin>>,
    /// Results of convolutions that have the scales of another one's result, since their pixels lie between its
    /// pixels in the end: by such a value, the one that owns the scales.
    pub shared: HashMap<ValueId, ValueId>,
}

impl Assignment {
    pub fn new(graph: &Graph, options: &Options) -> Result<Self> {
        let decisions = decide(graph, options)?;
        let reasons = decisions.iter().map(|decision| decision.err()).collect();
        let kinds = kinds_of(&decisions);
        let reaches = reaches_compute(graph, &kinds);
        let count = graph.values.len();
        let (widths, origins) = (vec![None; count], vec![Vec::new(); count]);
        let shared = phases(graph, &kinds);
        let mut assignment = Self { kinds, reasons, widths, origins, shared };
        for &input in &graph.inputs {
            if reaches[input.0] {
                assignment.own(graph, input, Width::I8);
                assignment.unite(graph, input);
            }
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            assignment.node(graph, index, node, &reaches, options.head);
        }
        Ok(assignment)
    }

    /// Whether any node would compute in integers.
    pub fn computes(&self) -> bool {
        self.kinds.iter().any(|kind| kind.computes())
    }

    /// Why a node is in float.
    pub fn reason(&self, index: usize) -> InFloat {
        self.reasons[index].unwrap_or(InFloat::NoRule)
    }

    /// Whether the value's own channels carry its scales.
    pub fn is_owner(&self, id: ValueId) -> bool {
        self.origins[id.0].first().is_some_and(|origin| origin.owner == id)
    }

    /// The value that owns the scales of what a node computes: itself, but for [`Assignment::shared`].
    pub fn owner(&self, id: ValueId) -> ValueId {
        self.shared.get(&id).copied().unwrap_or(id)
    }

    /// The values that a node each computes with the scales of `owner`, itself among them.
    pub fn sharing(&self, owner: ValueId) -> impl Iterator<Item = ValueId> + '_ {
        let others = self.shared.iter().filter(move |(_, own)| **own == owner);
        std::iter::once(owner).chain(others.map(|(id, _)| *id))
    }

    fn own(&mut self, graph: &Graph, id: ValueId, width: Width) {
        let channels = graph.fact(id).shape.get(1).copied().unwrap_or(1);
        let owner = self.owner(id);
        self.widths[id.0] = Some(width);
        self.origins[id.0] = (0..channels).map(|channel| Origin { owner, channel }).collect();
    }

    /// Gives a network input one scale where a movement would mix its channels: dimension 1 is none of channels
    /// there, such as the rows of an image with the channels last.
    fn unite(&mut self, graph: &Graph, input: ValueId) {
        let readers = graph.nodes.iter().filter(|node| node.input(0) == Some(input));
        let mut movements = readers.filter(|node| node.op.moves());
        let mixes = movements.any(|node| self.movement(graph, node) == Err(InFloat::MixesChannels));
        if mixes {
            let first = Origin { owner: input, channel: 0 };
            self.origins[input.0].fill(first);
        }
    }

    /// The channels that a product multiplies by, which have no zero points.
    pub fn factors(&self, graph: &Graph) -> HashSet<Origin> {
        let products = graph.nodes.iter().zip(&self.kinds);
        let products = products.filter(|(_, kind)| **kind == Kind::ChannelMul);
        let factors = products.filter_map(|(node, _)| node.input(1));
        factors.flat_map(|id| self.origins[id.0].iter().copied()).collect()
    }

    /// Whether all channels of an owner have the scale of the first.
    pub fn is_united(&self, id: ValueId) -> bool {
        let origins = &self.origins[id.0];
        origins.len() > 1 && origins.iter().all(|origin| *origin == origins[0])
    }

    fn node(&mut self, graph: &Graph, index: usize, node: &Node, reaches: &[bool], head: Width) {
        if self.kinds[index] == Kind::Move
            && let Err(reason) = self.movement(graph, node)
        {
            self.kinds[index] = Kind::Float;
            self.reasons[index] = Some(reason);
        }
        for &output in &node.outputs {
            let compute = reaches[output.0];
            match self.kinds[index] {
                Kind::Conv | Kind::Add | Kind::ChannelMul => {
                    self.own(graph, output, if compute { Width::I8 } else { head });
                }
                Kind::Kept => {
                    if let Some(input) = node.input(0) {
                        self.widths[output.0] = self.widths[input.0];
                        self.origins[output.0] = self.origins[input.0].clone();
                    }
                }
                Kind::Float if compute => self.own(graph, output, Width::I8),
                Kind::Float | Kind::Move => {}
            }
        }
    }

    /// Moves the origins through a node, unless an input is float, widths differ or channels would
    /// mix.
    fn movement(&mut self, graph: &Graph, node: &Node) -> std::result::Result<(), InFloat> {
        let mut width = None;
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for input in &node.inputs {
            inputs.push(match input {
                None => None,
                Some(id) => match (graph.constant(*id), self.widths[id.0]) {
                    (Some(value), _) => Some(Moved::Constant(value)),
                    (None, None) => return Err(InFloat::FloatInput),
                    (None, Some(own)) if *width.get_or_insert(own) != own => {
                        return Err(InFloat::Widths);
                    }
                    (None, Some(_)) => {
                        Some(Moved::Quantized(&graph.fact(*id).shape, &self.origins[id.0][..]))
                    }
                },
            });
        }
        let outputs = moved(&node.op, &inputs).map_err(|_| InFloat::MixesChannels)?;
        for (&output, origins) in node.outputs.iter().zip(outputs) {
            self.widths[output.0] = width;
            self.origins[output.0] = origins;
        }
        width.map(|_| ()).ok_or(InFloat::FloatInput)
    }
}

/// The phases of planes: results of convolutions that a depth-to-space interleaves, and nothing else reads.
fn phases(graph: &Graph, kinds: &[Kind]) -> HashMap<ValueId, ValueId> {
    let links = graph.links();
    let mut shared = HashMap::new();
    for node in &graph.nodes {
        let Op::DepthToSpace(op) = &node.op else { continue };
        let joined = node.input(0).filter(|&id| links.only_consumer(id).is_some());
        let joined = joined.and_then(|id| graph.producer(&links, id));
        let Some((_, Node { op: Op::Concat(concat), inputs, .. })) = joined else { continue };
        let phases: Vec<ValueId> = inputs.iter().copied().flatten().collect();
        let alone = |&id: &ValueId| {
            let made = links.producer(id).is_some_and(|index| kinds[index] == Kind::Conv);
            made && links.only_consumer(id).is_some()
        };
        let plain = !op.channel_first && concat.axis == 1;
        if plain && phases.len() == op.block * op.block && phases.iter().all(alone) {
            shared.extend(phases[1..].iter().map(|&id| (id, phases[0])));
        }
    }
    shared
}

/// How each node could be done, its inputs left aside.
///
/// # Errors
/// [`codes::LAYER_NAME`] when a pattern of the options names no layer.
pub fn kinds(graph: &Graph, options: &Options) -> Result<Vec<Kind>> {
    Ok(kinds_of(&decide(graph, options)?))
}

/// A kind that computes or moves integers, or why there is none.
type Answer = std::result::Result<Kind, InFloat>;

fn kinds_of(decisions: &[Answer]) -> Vec<Kind> {
    decisions.iter().map(|decision| decision.unwrap_or(Kind::Float)).collect()
}

fn decide(graph: &Graph, options: &Options) -> Result<Vec<Answer>> {
    for pattern in &options.float_layers {
        if !graph.nodes.iter().any(|node| named(pattern, node)) {
            return Err(Error::new(
                &codes::LAYER_NAME,
                format!("no layer is named \"{pattern}\", which is to stay in float"),
            )
            .remedied_by(Remedy::FloatLayers));
        }
    }
    let decision = |node: &Node| {
        if is_chosen(node, options) {
            return Err(InFloat::Chosen);
        }
        let rank = graph.fact(node.outputs[0]).shape.len();
        match &node.op {
            Op::Conv(_) => quantizable_conv(graph, node, rank).map(|()| Kind::Conv),
            Op::Binary(Binary::Add) if adds_feature_maps(graph, node) => Ok(Kind::Add),
            Op::Binary(Binary::Add) => Err(InFloat::UnequalTerms),
            Op::Binary(Binary::Mul) if multiplies_channels(graph, node) => Ok(Kind::ChannelMul),
            // The rewrites make convolutions of those that can be one.
            Op::Gemm(_) | Op::MatMul(_) => Err(InFloat::NoConvolution),
            Op::AveragePool(_) | Op::GlobalPool(GlobalPool::Average) if rank != 4 => {
                Err(InFloat::Rank(rank))
            }
            Op::AveragePool(pool) if pool.window.kernel.iter().all(|&taps| taps <= MAX_KERNEL) => {
                Err(InFloat::UnevenMean)
            }
            Op::AveragePool(_) | Op::GlobalPool(GlobalPool::Average) => Err(InFloat::LargeMean),
            op => on_integers(op, rank),
        }
    };
    Ok(graph.nodes.iter().map(decision).collect())
}

/// How an operator without numbers of its own is done, for a result of a rank.
fn on_integers(op: &Op, rank: usize) -> Answer {
    match QOp::on_integers(op).map(|op| op.operator().scales()) {
        Some(ScaleRule::Moved) => Ok(Kind::Move),
        Some(ScaleRule::Kept) if rank == 4 => Ok(Kind::Kept),
        Some(ScaleRule::Kept) => Err(InFloat::Rank(rank)),
        Some(ScaleRule::Chosen | ScaleRule::Processor) | None => Err(InFloat::NoRule),
    }
}

/// Per value, whether it reaches a convolution, addition or pooling of integers.
pub fn reaches_compute(graph: &Graph, kinds: &[Kind]) -> Vec<bool> {
    let mut reaches = vec![false; graph.values.len()];
    for (node, kind) in graph.nodes.iter().zip(kinds).rev() {
        let data: Vec<ValueId> = match kind {
            Kind::Float => continue,
            Kind::Conv => {
                [0, Epilogue::RESIDUAL_INPUT].iter().filter_map(|&at| node.input(at)).collect()
            }
            Kind::Add | Kind::ChannelMul | Kind::Kept => {
                node.inputs.iter().flatten().copied().collect()
            }
            Kind::Move if node.outputs.iter().any(|id| reaches[id.0]) => {
                node.inputs.iter().flatten().copied().collect()
            }
            Kind::Move => continue,
        };
        for id in data {
            reaches[id.0] |= graph.constant(id).is_none();
        }
    }
    reaches
}

fn quantizable_conv(graph: &Graph, node: &Node, rank: usize) -> std::result::Result<(), InFloat> {
    let constant = |position: usize| node.input(position).map(|id| graph.constant(id).is_some());
    if constant(0) != Some(false) {
        return Err(InFloat::ConstantInput);
    }
    if constant(1) != Some(true) || constant(2) == Some(false) {
        return Err(InFloat::ComputedWeights);
    }
    if rank == 4 { Ok(()) } else { Err(InFloat::Rank(rank)) }
}

fn adds_feature_maps(graph: &Graph, node: &Node) -> bool {
    let facts = graph.input_facts(node);
    matches!(&facts[..], [Some(a), Some(b)]
        if a.shape == b.shape && a.shape.len() >= 2 && a.value.is_none() && b.value.is_none())
}

/// Whether a node multiplies feature maps by a number per channel, its second input.
fn multiplies_channels(graph: &Graph, node: &Node) -> bool {
    let facts = graph.input_facts(node);
    matches!(&facts[..], [Some(data), Some(factors)]
        if data.value.is_none() && factors.value.is_none() && data.shape.len() == 4
            && factors.shape[..] == [data.shape[0], data.shape[1], 1, 1])
}

/// Whether the options keep a node in float by its name.
pub fn is_chosen(node: &Node, options: &Options) -> bool {
    options.float_layers.iter().any(|pattern| named(pattern, node))
}

/// Whether `pattern`, in which `*` stands for anything, is the name of the node or of one of the
/// ONNX nodes in it.
pub fn named(pattern: &str, node: &Node) -> bool {
    std::iter::once(&node.name).chain(&node.sources).any(|name| pattern::matches(pattern, name))
}
