//! Movements that only rename channels become one channel map: a concatenation of the planes they come from and a
//! choice of its channels.
//!
//! Exporters spell a channel shuffle, the halves of a tensor, channel padding and a change of layout and back in
//! many ways, of Reshape, Transpose, Gather, Slice, Split, Concat, Pad, Squeeze and Unsqueeze. All of them are run
//! on the positions of elements; where each plane of a result is a whole plane of one source, or zeros, what is
//! read is known channel by channel, whatever the spelling. Readers then find channels where they lie, so that
//! nothing moves. Convolutions leave out the channels of zeros; other readers of zeros get them from a 1 x 1
//! convolution that copies the rest, since the accelerator has no plane of zeros: an explicit pass.

use std::collections::{HashMap, HashSet};

use super::Rewrite;
use crate::base::error::Result;
use crate::base::tensor::{DType, Tensor};
use crate::frontend::graph::{Graph, Links, Node, ValueId};
use crate::frontend::ops::concat::Concat;
use crate::frontend::ops::conv::Conv;
use crate::frontend::ops::gather::Gather;
use crate::frontend::ops::pad::PadMode;
use crate::frontend::ops::window::Window;
use crate::frontend::ops::{Fact, Inputs, Op};

/// See the module.
pub struct ChannelMaps;

impl Rewrite for ChannelMaps {
    fn name(&self) -> &'static str {
        "channel-maps"
    }

    fn description(&self) -> &'static str {
        "turn movements that only rename channels into one choice of channels"
    }

    fn run(&self, graph: &mut Graph) -> Result<usize> {
        let links = graph.links();
        let mut found = Vec::new();
        let mut elements = Elements::default();
        for value in 0..graph.values.len() {
            let value = ValueId(value);
            if let Some(region) = region(graph, &links, value)
                && let Some(channels) = elements.channels(graph, &links, value)?
            {
                found.push((value, channels, region));
            }
        }
        let mut claimed = HashSet::new();
        let count = found.len();
        for (value, channels, region) in found {
            let own = region.into_iter().filter(|&index| claimed.insert(index));
            let sources = own.flat_map(|index| graph.nodes[index].sources.clone()).collect();
            replace(graph, &links, value, &channels, sources)?;
        }
        Ok(count)
    }
}

/// Where a channel of a result comes from: a channel of a value, or zeros.
type Channels = Vec<Option<(ValueId, usize)>>;

/// Whether a constant is of zeros.
fn is_zero(constant: &Tensor) -> bool {
    constant.values::<f32>().is_ok_and(|values| values.iter().all(|&value| value == 0.0))
}

/// Whether a node moves elements, or pads with zeros.
fn moves(graph: &Graph, node: &Node) -> bool {
    let zero = |id| graph.constant(id).is_some_and(is_zero);
    match &node.op {
        Op::Pad(pad) => pad.mode == PadMode::Constant && node.input(2).is_none_or(zero),
        // These give other elements than whole planes, or are views as they are.
        Op::Resize(_) | Op::SpaceToDepth(_) | Op::DepthToSpace(_) | Op::Tile(_) => false,
        op => op.moves(),
    }
}

/// Whether the accelerator reads the result of a movement from where the channels lie already.
fn is_plain(graph: &Graph, node: &Node) -> bool {
    let four = |id: &ValueId| graph.fact(*id).shape.len() == 4;
    let moved = !matches!(node.op, Op::Pad(_) | Op::Reshape(_) | Op::Transpose(_));
    let zeros = |id: ValueId| graph.constant(id).is_some_and(is_zero);
    let joins_zeros =
        matches!(node.op, Op::Concat(_)) && node.inputs.iter().flatten().any(|&id| zeros(id));
    moved && !joins_zeros && node.inputs.iter().flatten().take(1).chain(&node.outputs).all(four)
}

/// The movements behind a value that something else than a movement reads, in the order of the graph; `None` where
/// there is none that needs a map.
fn region(graph: &Graph, links: &Links, value: ValueId) -> Option<Vec<usize>> {
    let moving = |index: usize| moves(graph, &graph.nodes[index]);
    let ends = links.is_output(value) || links.consumers(value).iter().any(|&at| !moving(at));
    let first = links.producer(value).filter(|&index| ends && moving(index))?;
    let (mut open, mut seen) = (vec![first], HashSet::from([first]));
    while let Some(index) = open.pop() {
        let inputs = graph.nodes[index].inputs.iter().flatten();
        let behind = inputs.filter_map(|&id| links.producer(id)).filter(|&index| moving(index));
        open.extend(behind.filter(|&index| seen.insert(index)));
    }
    let mut region: Vec<usize> = seen.into_iter().collect();
    region.sort_unstable();
    region.iter().any(|&index| !is_plain(graph, &graph.nodes[index])).then_some(region)
}

/// The elements of movements as numbers: 0 for a zero, else one more than the position in all sources, which lie
/// one behind the other.
#[derive(Default)]
struct Elements {
    values: HashMap<ValueId, Option<Tensor>>,
    /// The sources with their first position.
    sources: Vec<(ValueId, usize)>,
    end: usize,
}

impl Elements {
    /// The channels of a value of rank 4, if each of its planes is a whole plane of a source or zeros.
    fn channels(
        &mut self,
        graph: &Graph,
        links: &Links,
        value: ValueId,
    ) -> Result<Option<Channels>> {
        let fact = graph.fact(value);
        let &[1, _, height, width] = &fact.shape[..] else { return Ok(None) };
        let plane = height * width;
        if fact.dtype != DType::F32 || plane == 0 {
            return Ok(None);
        }
        let Some(elements) = self.of(graph, links, value)? else { return Ok(None) };
        let channel = |own: &[i64]| {
            let whole = |&first: &i64| own.iter().zip(first..).all(|(&own, at)| own == at);
            match own[0] {
                0 => own.iter().all(|&own| own == 0).then_some(None),
                _ => own.first().filter(|first| whole(first)).and_then(|&first| {
                    let (source, channel) =
                        self.plane(graph, first as usize - 1, [height, width])?;
                    Some(Some((source, channel)))
                }),
            }
        };
        Ok(elements.values::<i64>()?.chunks(plane).map(channel).collect())
    }

    /// The source and channel whose plane of this extent begins at a position.
    fn plane(
        &self,
        graph: &Graph,
        position: usize,
        extent: [usize; 2],
    ) -> Option<(ValueId, usize)> {
        let index = self.sources.partition_point(|&(_, first)| first <= position).checked_sub(1)?;
        let (source, first) = self.sources[index];
        let &[1, _, height, width] = &graph.fact(source).shape[..] else { return None };
        let (own, plane) = (position - first, height * width);
        ([height, width] == extent && own.is_multiple_of(plane)).then_some((source, own / plane))
    }

    /// The elements of a value; `None` where it is not made of float planes of one frame.
    fn of(&mut self, graph: &Graph, links: &Links, value: ValueId) -> Result<Option<Tensor>> {
        if let Some(known) = self.values.get(&value) {
            return Ok(known.clone());
        }
        let made = match links.producer(value).map(|index| &graph.nodes[index]) {
            Some(node) if moves(graph, node) => self.moved(graph, links, node)?.and_then(|all| {
                let known = node.outputs.iter().copied().zip(all.into_iter().map(Some));
                self.values.extend(known);
                self.values.get(&value).cloned().flatten()
            }),
            _ => self.source(graph, value)?,
        };
        self.values.insert(value, made.clone());
        Ok(made)
    }

    fn source(&mut self, graph: &Graph, value: ValueId) -> Result<Option<Tensor>> {
        let fact = graph.fact(value);
        if let Some(constant) = &fact.value {
            let zeros = is_zero(constant);
            let zeros = zeros.then(|| Tensor::new(&fact.shape, vec![0i64; fact.len()]));
            return zeros.transpose();
        }
        if fact.dtype != DType::F32 || fact.shape.len() != 4 || fact.shape[0] != 1 {
            return Ok(None);
        }
        let first = self.end;
        self.end += fact.len();
        self.sources.push((value, first));
        let positions = (first..self.end).map(|position| position as i64 + 1).collect();
        Tensor::new(&fact.shape, positions).map(Some)
    }

    fn moved(&mut self, graph: &Graph, links: &Links, node: &Node) -> Result<Option<Vec<Tensor>>> {
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for (position, input) in node.inputs.iter().enumerate() {
            inputs.push(match *input {
                // Pads are zeros, which are 0 among positions.
                Some(_) if position == 2 && matches!(node.op, Op::Pad(_)) => None,
                Some(id) if graph.fact(id).dtype == DType::F32 => {
                    let Some(elements) = self.of(graph, links, id)? else { return Ok(None) };
                    Some(elements)
                }
                Some(id) => match graph.constant(id) {
                    Some(constant) => Some(constant.clone()),
                    None => return Ok(None),
                },
                None => None,
            });
        }
        let inputs: Vec<Option<&Tensor>> = inputs.iter().map(Option::as_ref).collect();
        node.op.eval(Inputs::new(&inputs)).map(Some)
    }
}

/// Lets the readers of a value read the channels from where they come.
fn replace(
    graph: &mut Graph,
    links: &Links,
    value: ValueId,
    channels: &Channels,
    sources: Vec<String>,
) -> Result<()> {
    let Some(producer) = links.producer(value) else { return Ok(()) };
    let name = graph.nodes[producer].name.clone();
    let real: Vec<(ValueId, usize)> = channels.iter().copied().flatten().collect();
    if real.is_empty() {
        return Ok(());
    }
    let mut made = Made { name, sources, nodes: Vec::new() };
    let compact = made.choice(graph, &real)?;
    if real.len() == channels.len() {
        graph.redirect(value, compact);
    } else {
        without_zeros(graph, links, (value, compact), channels)?;
        let padded = made.padded(graph, compact, channels)?;
        graph.redirect(value, padded);
    }
    if let Some(node) = made.nodes.last_mut() {
        node.sources = made.sources;
    }
    graph.nodes.extend(made.nodes);
    Ok(())
}

/// Dense convolutions read the channels that are no zeros only.
fn without_zeros(
    graph: &mut Graph,
    links: &Links,
    (value, compact): (ValueId, ValueId),
    channels: &Channels,
) -> Result<()> {
    for &reader in links.consumers(value) {
        let node = &graph.nodes[reader];
        let (Op::Conv(conv), Some(weight)) = (&node.op, node.input(1)) else { continue };
        let Some(weights) = graph.constant(weight) else { continue };
        if conv.group != 1 || node.input(0) != Some(value) || weights.shape().len() != 4 {
            continue;
        }
        let mut shape = weights.shape().to_vec();
        let window = shape[2] * shape[3];
        let kept = weights.values::<f32>()?.chunks(window).zip(channels.iter().cycle());
        let kept: Vec<f32> =
            kept.filter(|(_, own)| own.is_some()).flat_map(|(taps, _)| taps).copied().collect();
        shape[1] = channels.iter().flatten().count();
        let name = format!("{}:weight", node.name);
        let weight = graph.add_constant(&name, Tensor::new(&shape, kept)?);
        graph.nodes[reader].inputs[..2].copy_from_slice(&[Some(compact), Some(weight)]);
    }
    Ok(())
}

/// The nodes of a channel map.
struct Made {
    name: String,
    sources: Vec<String>,
    nodes: Vec<Node>,
}

impl Made {
    fn node(
        &mut self,
        graph: &mut Graph,
        (part, op): (&str, Op),
        inputs: &[ValueId],
        channels: usize,
    ) -> ValueId {
        let mut shape = graph.fact(inputs[0]).shape.clone();
        shape[1] = channels;
        let name = format!("{}{part}", self.name);
        let output = graph.add_value(&name, Fact::new(DType::F32, shape));
        let inputs = inputs.iter().copied().map(Some).collect();
        self.nodes.push(Node { name, op, inputs, outputs: vec![output], sources: Vec::new() });
        output
    }

    /// The value of these channels.
    fn choice(&mut self, graph: &mut Graph, channels: &[(ValueId, usize)]) -> Result<ValueId> {
        let mut firsts: HashMap<ValueId, usize> = HashMap::new();
        let (mut parts, mut count) = (Vec::new(), 0);
        for &(source, _) in channels {
            firsts.entry(source).or_insert_with(|| {
                parts.push(source);
                count += graph.fact(source).shape[1];
                count - graph.fact(source).shape[1]
            });
        }
        let all = match &parts[..] {
            [one] => *one,
            parts => self.node(graph, (":joined", Concat { axis: 1 }.into()), parts, count),
        };
        let indices: Vec<i64> =
            channels.iter().map(|(source, own)| (firsts[source] + own) as i64).collect();
        if indices.iter().copied().eq(0..count as i64) {
            return Ok(all);
        }
        let name = format!("{}:channels", self.name);
        let indices = graph.add_constant(&name, Tensor::vector(indices));
        Ok(self.node(graph, (":map", Gather { axis: 1 }.into()), &[all, indices], channels.len()))
    }

    /// The value of channels that are partly zeros, from one of the others in their order.
    fn padded(
        &mut self,
        graph: &mut Graph,
        compact: ValueId,
        channels: &Channels,
    ) -> Result<ValueId> {
        let from = channels.iter().flatten().count();
        let mut weights = vec![0f32; channels.len() * from];
        let copied = channels.iter().enumerate().filter(|(_, own)| own.is_some());
        for (input, (output, _)) in copied.enumerate() {
            weights[output * from + input] = 1.0;
        }
        let weights = Tensor::new(&[channels.len(), from, 1, 1], weights)?;
        let weights = graph.add_constant(&format!("{}:copies", self.name), weights);
        let op = Conv { window: Window::default(), group: 1, epilogue: Default::default() };
        Ok(self.node(graph, (":padded", op.into()), &[compact, weights], channels.len()))
    }
}
