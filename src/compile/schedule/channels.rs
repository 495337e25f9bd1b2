//! Where the channels of a value lie: movements of whole channels are views, not work.

use std::collections::BTreeMap;

use super::{CHANNELS, PlaneRef, Schedule, StoredId, View};
use crate::base::error::{Result, codes};
use crate::base::tensor::Tensor;
use crate::compile::capabilities::{self as can, Fit, Reason, Role};
use crate::frontend::ops::{Inputs, Op};
use crate::model::qgraph::{Layer, Moved, Operand, QGraph, QValueId, moved};

/// A channel of a value: a slot of a stored tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// The tensor.
    pub stored: StoredId,
    /// Plane * 16 + position.
    pub slot: usize,
    /// Each pixel stands for 2 x 2 pixels.
    pub upsampled: bool,
}

/// Rows and columns of the planes of a value.
pub fn extent(graph: &QGraph, id: QValueId) -> [usize; 2] {
    [2, 3].map(|axis| graph.value(id).shape.get(axis).copied().unwrap_or(1))
}

/// What a movement does to the pixels of its channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pixels {
    Same,
    Doubled,
}

/// Whether a movement takes whole channels, either as they are or doubled in both directions; else why it
/// is no view.
///
/// # Errors
/// Those of evaluating the movement.
pub fn view_of(graph: &QGraph, layer: &Layer, op: &Op) -> Result<Fit<()>> {
    Ok(pixels(graph, layer, op)?.map(|_| ()))
}

fn pixels(graph: &QGraph, layer: &Layer, op: &Op) -> Result<Fit<Pixels>> {
    if let Err(reason) = all_storable(graph, layer) {
        return Ok(Err(reason));
    }
    let ids = || layer.inputs.iter().flatten().filter_map(Operand::value);
    let four = |id: QValueId| graph.value(id).shape.len() == 4;
    match op {
        Op::Identity(_) | Op::ChannelShuffle(_) => return Ok(Ok(Pixels::Same)),
        Op::Concat(op) if op.axis == 1 && ids().all(four) => return Ok(Ok(Pixels::Same)),
        Op::Split(op) if op.axis == 1 && ids().all(four) => return Ok(Ok(Pixels::Same)),
        Op::SpaceToDepth(_) | Op::DepthToSpace(_) => return Ok(Err(Reason::SplitsChannels)),
        _ => {}
    }
    let by_positions = match (layer.input(0), &layer.outputs[..]) {
        (Some(input), &[output]) if ids().count() == 1 => {
            by_positions(graph, layer, op, input, output)?
        }
        _ => None,
    };
    Ok(by_positions.ok_or(Reason::SplitsChannels))
}

/// Whether all tensors of a movement can lie in the shared memory.
fn all_storable(graph: &QGraph, layer: &Layer) -> Fit<()> {
    let inputs = layer.inputs.iter().flatten().filter_map(Operand::value).enumerate();
    let role = |position| if position == 0 { Role::Input } else { Role::Second };
    let inputs = inputs.map(|(position, id)| (role(position), id));
    let outputs = layer.outputs.iter().map(|&id| (Role::Output, id));
    let storable =
        |(role, id)| can::storable(graph.value(id)).map_err(|fault| Reason::Tensor(role, fault));
    inputs.chain(outputs).try_for_each(storable)
}

/// Whether a movement takes pixels as they are, resized or not.
pub fn keeps_pixels(op: &Op) -> bool {
    matches!(op, Op::Identity(_) | Op::ChannelShuffle(_) | Op::Concat(_) | Op::Split(_))
}

/// Runs the movement on the positions of the elements.
fn by_positions(
    graph: &QGraph,
    layer: &Layer,
    op: &Op,
    input: QValueId,
    output: QValueId,
) -> Result<Option<Pixels>> {
    let ([_, width], [out_height, out_width]) = (extent(graph, input), extent(graph, output));
    let (value, plane) = (graph.value(input), extent(graph, input).iter().product::<usize>());
    let out_plane = out_height * out_width;
    let kind = match out_plane {
        _ if out_plane == plane => Pixels::Same,
        _ if out_plane == 4 * plane && out_width == 2 * width => Pixels::Doubled,
        _ => return Ok(None),
    };
    let positions = Tensor::new(&value.shape, (0..value.len() as i32).collect::<Vec<_>>())?;
    let mut operands: Vec<Option<&Tensor>> = layer
        .inputs
        .iter()
        .map(|operand| match operand {
            Some(Operand::Constant(tensor)) => Some(tensor),
            _ => None,
        })
        .collect();
    operands[0] = Some(&positions);
    let moved = op.eval(Inputs::new(&operands))?;
    let moved = moved.first().map_or(Ok(&[][..]), |tensor| tensor.values::<i32>())?;
    let whole = moved.chunks(out_plane).all(|channel| {
        let first = channel[0];
        let source = |pixel: usize| match kind {
            Pixels::Same => pixel,
            Pixels::Doubled => pixel / out_width / 2 * width + pixel % out_width / 2,
        };
        (first as usize).is_multiple_of(plane)
            && channel.iter().enumerate().all(|(at, &own)| own == first + source(at) as i32)
    });
    Ok(whole.then_some(kind))
}

/// The channels of the outputs of a movement, from those of its inputs.
///
/// # Errors
/// [`codes::INTERNAL`] when an input lies nowhere; those of evaluating the movement.
pub fn move_channels(
    graph: &QGraph,
    layer: &Layer,
    op: &Op,
    homes: &[Option<Vec<Channel>>],
) -> Result<Vec<Vec<Channel>>> {
    let missing =
        || crate::base::error::Error::new(&codes::INTERNAL, "a view of a value that is nowhere");
    if matches!(op, Op::Concat(_) | Op::Split(_) | Op::Identity(_)) {
        let mut all = Vec::new();
        for id in layer.inputs.iter().flatten().filter_map(Operand::value) {
            all.extend_from_slice(homes[id.0].as_deref().ok_or_else(missing)?);
        }
        let mut rest = &all[..];
        let mut outputs = Vec::with_capacity(layer.outputs.len());
        for &id in &layer.outputs {
            let (own, others) =
                rest.split_at_checked(graph.value(id).channels()).ok_or_else(missing)?;
            outputs.push(own.to_vec());
            rest = others;
        }
        return Ok(outputs);
    }
    let doubled = pixels(graph, layer, op)? == Ok(Pixels::Doubled);
    let mut marks = Vec::with_capacity(layer.inputs.len());
    for operand in &layer.inputs {
        marks.push(match operand {
            None => None,
            Some(Operand::Constant(tensor)) => Some(Moved::Constant(tensor)),
            Some(Operand::Value(id)) => {
                let home = homes[id.0].as_deref().ok_or_else(missing)?;
                Some(Moved::Quantized(&graph.value(*id).shape, home))
            }
        });
    }
    let mut outputs = moved(op, &marks)?;
    for channel in outputs.iter_mut().flatten().filter(|_| doubled) {
        channel.upsampled = true;
    }
    Ok(outputs)
}

/// The channels in the slots of a plane.
type Slots = [Option<usize>; CHANNELS];

/// The view of a value whose channels lie at `home`, in order: as few pieces as possible.
pub fn view(value: QValueId, home: &[Channel]) -> View {
    view_part(value, home.iter().copied().enumerate())
}

/// The view of some channels of a value, by their numbers.
pub fn view_part(value: QValueId, channels: impl IntoIterator<Item = (usize, Channel)>) -> View {
    // Copy n of a plane holds what the copies before could not: a channel that is read twice.
    let mut order: BTreeMap<(StoredId, bool), usize> = BTreeMap::new();
    let mut planes: BTreeMap<(usize, usize, usize), (PlaneRef, Slots)> = BTreeMap::new();
    for (channel, own) in channels {
        let next = order.len();
        let rank = *order.entry((own.stored, own.upsampled)).or_insert(next);
        let (plane, position) = (own.slot / CHANNELS, own.slot % CHANNELS);
        let taken = |copy: usize| {
            planes.get(&(copy, rank, plane)).is_some_and(|(_, slots)| slots[position].is_some())
        };
        let copy = (0..).find(|&copy| !taken(copy)).unwrap_or(0);
        let plane_ref = PlaneRef { stored: own.stored, plane, upsampled: own.upsampled };
        let entry = planes.entry((copy, rank, plane)).or_insert((plane_ref, [None; CHANNELS]));
        entry.1[position] = Some(channel);
    }
    View {
        value,
        planes: planes.values().map(|(plane, _)| *plane).collect(),
        slots: planes.values().flat_map(|(_, slots)| *slots).collect(),
    }
}

/// Runs of successive planes of one tensor.
pub fn segments(planes: &[PlaneRef]) -> usize {
    planes.len() - planes.windows(2).filter(|pair| follows(pair[0], pair[1])).count()
}

fn follows(first: PlaneRef, second: PlaneRef) -> bool {
    second == PlaneRef { plane: first.plane + 1, ..first }
}

/// Whether planes hold a value of `channels` channels in the order of a result: one run of planes,
/// not resized, every channel in the slot of its number.
pub fn is_natural(view: &View, channels: usize) -> bool {
    segments(&view.planes) == 1
        && !view.planes[0].upsampled
        && view.slots.len() == channels.next_multiple_of(CHANNELS)
        && (0..channels).all(|channel| view.slots[channel] == Some(channel))
}

/// The slots of a tensor that holds `channels` channels in order.
pub fn natural(channels: usize) -> Vec<Option<usize>> {
    let slots = channels.next_multiple_of(CHANNELS);
    (0..slots).map(|slot| (slot < channels).then_some(slot)).collect()
}

/// Where the channels that tensors hold lie, by their numbers.
pub fn home(schedule: &Schedule, tensors: &[StoredId]) -> Vec<Channel> {
    let slots = tensors.iter().flat_map(|&stored| {
        let slots = schedule.stored[stored.0].slots.iter().enumerate();
        slots.filter_map(move |(slot, own)| {
            Some(((*own)?, Channel { stored, slot, upsampled: false }))
        })
    });
    let mut channels: Vec<(usize, Channel)> = slots.collect();
    channels.sort_unstable();
    channels.into_iter().map(|(_, channel)| channel).collect()
}

/// A view by runs of successive planes of one tensor.
pub fn runs(view: &View) -> Vec<View> {
    let mut runs: Vec<View> = Vec::new();
    for (plane, slots) in view.planes.iter().zip(view.slots.chunks(CHANNELS)) {
        match runs.last_mut() {
            Some(run) if run.planes.last().is_some_and(|&last| follows(last, *plane)) => {
                run.planes.push(*plane);
                run.slots.extend(slots);
            }
            _ => runs.push(View { planes: vec![*plane], slots: slots.to_vec(), ..*view }),
        }
    }
    runs
}
