//! What the values of a network look like on calibration frames.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::assign::Assignment;
use super::channel::{self, Channel};
use super::unseen::Unseen;
use super::{Frames, Observer, Options, Progress};
use crate::base::error::{Error, Result, codes};
use crate::base::parallel;
use crate::base::random::{Samples, mix};
use crate::base::tensor::Tensor;
use crate::frontend::graph::{Graph, ValueId};
use crate::software::executor::Executor;

/// Positions sampled per frame and value; all channels share them.
const POSITIONS: usize = 48;

/// Statistics of the values that own scales.
#[derive(Debug, Default)]
pub struct Statistics {
    /// Per value, per channel.
    pub values: HashMap<ValueId, Vec<Channel>>,
}

/// Runs the float network over the frames that calibrate.
pub fn collect(
    graph: &Graph,
    assignment: &Assignment,
    source: &dyn Frames,
    options: &Options,
    progress: Observer<'_>,
) -> Result<Statistics> {
    let executor = Executor::new(graph);
    let per_frame = parallel::map(options.calibrating(source), |index| {
        let inputs = source.frame(index)?;
        let mut seen = Vec::new();
        let mut failure = None;
        executor.run_observed(&inputs, |id, tensor| {
            let owner = assignment.owner(id);
            if failure.is_none() && assignment.is_owner(owner) {
                match channels(graph, id, tensor, options.seed ^ mix(index as u64)) {
                    Ok(channels) => seen.push((owner, channels)),
                    Err(error) => failure = Some(error),
                }
            }
        })?;
        progress(Progress::Step);
        failure.map_or(Ok(seen), |error| Err(error.at(format!("calibration frame {index}"))))
    })?;
    let mut by_value: HashMap<ValueId, Vec<Vec<Channel>>> = HashMap::new();
    for frame in per_frame {
        for (id, channels) in merged(frame) {
            by_value.entry(id).or_default().push(channels);
        }
    }
    let values = by_value.into_iter();
    let values = values.map(|(id, frames)| (id, whole(frames, assignment.is_united(id))));
    Ok(Statistics { values: values.collect() })
}

/// What one frame shows of each owner of scales, where several values share one.
fn merged(frame: Vec<(ValueId, Vec<Channel>)>) -> HashMap<ValueId, Vec<Channel>> {
    let mut merged: HashMap<ValueId, Vec<Channel>> = HashMap::new();
    for (id, channels) in frame {
        match merged.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert(channels);
            }
            Entry::Occupied(mut entry) => channel::join(entry.get_mut(), channels),
        }
    }
    merged
}

/// What all frames show of a value; `united` when the first channel's scale is that of all.
fn whole(frames: Vec<Vec<Channel>>, united: bool) -> Vec<Channel> {
    let unseen = if united {
        let each = frames.iter().map(|frame| vec![union(frame)]);
        Unseen::new(&each.collect::<Vec<_>>())
    } else {
        Unseen::new(&frames)
    };
    let all = frames.into_iter().reduce(|mut all, frame| {
        channel::join(&mut all, frame);
        all
    });
    let mut all = all.unwrap_or_default();
    if united && !all.is_empty() {
        all[0] = union(&all);
    }
    for channel in &mut all {
        channel.unseen = unseen.values(channel);
    }
    all
}

/// The range of all channels, and as many samples of each as make the number of one.
fn union(channels: &[Channel]) -> Channel {
    let (count, all) = (channels.len(), channels.iter().enumerate());
    let samples = all.flat_map(|(index, own)| own.samples.iter().skip(index).step_by(count));
    let samples = Channel::of(samples.copied().collect());
    channels.iter().fold(samples, |all, own| Channel {
        min: all.min.min(own.min),
        max: all.max.max(own.max),
        ..all
    })
}

/// The channels of one tensor.
///
/// # Errors
/// [`codes::ACTIVATION_NON_FINITE`].
pub fn channels(graph: &Graph, id: ValueId, tensor: &Tensor, seed: u64) -> Result<Vec<Channel>> {
    let values = tensor.values::<f32>()?;
    let count = tensor.shape().get(1).copied().unwrap_or(1).max(1);
    let plane = tensor.shape().iter().skip(2).product::<usize>().max(1);
    let mut random = Samples::new(seed ^ mix(id.0 as u64 + 1));
    let positions: Vec<usize> =
        (0..POSITIONS).map(|_| random.below(values.len() / count)).collect();
    (0..count)
        .map(|channel| {
            let planes = || values.chunks(plane).skip(channel).step_by(count);
            let mut range = (f32::INFINITY, f32::NEG_INFINITY);
            let mut finite = true;
            for &value in planes().flatten() {
                range = (range.0.min(value), range.1.max(value));
                finite &= value.is_finite();
            }
            if !finite {
                return Err(Error::new(
                    &codes::ACTIVATION_NON_FINITE,
                    format!("channel {channel} of \"{}\" is not finite", graph.value(id).name),
                ));
            }
            let at = |&position: &usize| {
                values[(position / plane * count + channel) * plane + position % plane]
            };
            let samples = positions.iter().map(at).collect();
            Ok(Channel { min: range.0, max: range.1, ..Channel::of(samples) })
        })
        .collect()
}
