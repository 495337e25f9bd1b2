//! What the values of a network look like on calibration frames.

use std::collections::HashMap;

use super::assign::Assignment;
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

/// One channel over all frames.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Least value.
    pub min: f32,
    /// Greatest value.
    pub max: f32,
    /// Values at random positions, in the order of the frames.
    pub samples: Vec<f32>,
}

impl Channel {
    /// Adds what another frame showed.
    pub fn join(&mut self, frame: Self) {
        self.min = self.min.min(frame.min);
        self.max = self.max.max(frame.max);
        self.samples.extend(frame.samples);
    }
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
    let mut statistics = Statistics::default();
    for (id, channels) in per_frame.into_iter().flatten() {
        match statistics.values.entry(id) {
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(channels);
            }
            std::collections::hash_map::Entry::Occupied(mut entry) => {
                entry.get_mut().iter_mut().zip(channels).for_each(|(all, frame)| all.join(frame));
            }
        }
    }
    for (id, channels) in &mut statistics.values {
        if assignment.is_united(*id) {
            unite(channels);
        }
    }
    Ok(statistics)
}

/// Lets the first channel know the range of all, and as many samples of each as make its own number.
fn unite(channels: &mut [Channel]) {
    let (count, all) = (channels.len(), channels.iter().enumerate());
    let samples = all.flat_map(|(index, own)| own.samples.iter().skip(index).step_by(count));
    let samples = samples.copied().collect();
    let least = channels.iter().fold(f32::INFINITY, |least, own| least.min(own.min));
    let most = channels.iter().fold(f32::NEG_INFINITY, |most, own| most.max(own.max));
    channels[0] = Channel { min: least, max: most, samples };
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
            Ok(Channel { min: range.0, max: range.1, samples: positions.iter().map(at).collect() })
        })
        .collect()
}
