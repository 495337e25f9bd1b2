//! Values that calibration frames did not show, and other frames will.
//!
//! The largest of a few numbers says little about the next one: of 17 values drawn alike, the last is beyond all
//! others once in 17 times. How far frames go beyond each other is learned by leaving one out: each frame is held
//! against the range of the others, channel by channel. The channels of a tensor are taken to be alike in this, so
//! that together they tell even from four frames how often it happens and how far it goes. With many frames, or large
//! planes, next to nothing is left to foresee.

use super::channel::Channel;

/// Numbers by which the distances of a tensor are told.
const GROUPS: usize = 16;
/// The largest distance that counts, in parts of the range that it goes beyond.
const MOST: f32 = 2.0;
/// Least ranges that are tried, as parts of the tensor's middle one.
const LEAST: [f32; 5] = [0.001, 0.0625, 0.25, 0.5, 1.0];
/// Values of a channel in all frames, all different, up to which something is foreseen: 4 frames of planes of 192 pixels,
/// 100 frames of 7. Behind more of them there is at times one outlier of one channel, which would stand for all
/// channels; the largest value seen stands for it.
const FORESEEN: f32 = 768.0;
/// What one frame alone stands for: one value that goes beyond its range by half of it.
const ALONE: [(f32, f32); 1] = [(0.5, 1.0)];
/// One of how many samples chooses among the least ranges.
const STRIDE: usize = 6;
/// Squared rounding error of eight bits over a range of 1, whose step is a power of two.
const ROUNDING: f64 = 4.0 / (256.0 * 256.0 * 12.0);

/// How far a frame goes beyond the others.
#[derive(Debug, Default)]
pub struct Unseen {
    above: Side,
    below: Side,
    /// The range of a channel is taken to be no less.
    least: f32,
}

/// Distances beyond a bound, in parts of the range, with the number of values per channel that go as far in as many
/// frames as there are.
#[derive(Debug, Default)]
struct Side {
    /// Beyond a bound other than 0.
    open: Vec<(f32, f32)>,
    /// Beyond 0, where nothing was seen on that side.
    closed: Vec<(f32, f32)>,
}

/// The range of a channel, with 0 in it.
#[derive(Debug, Clone, Copy, Default)]
struct Bounds {
    low: f32,
    high: f32,
}

impl Bounds {
    fn of(channel: &Channel) -> Self {
        Self { low: channel.min.min(0.0), high: channel.max.max(0.0) }
    }

    fn with(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    fn width(self) -> f32 {
        self.high - self.low
    }
}

impl Unseen {
    /// By the channels of one tensor in every frame.
    pub fn new(frames: &[Vec<Channel>]) -> Self {
        let channels = frames.first().map_or(0, Vec::len);
        let bounds: Vec<Vec<Bounds>> =
            (0..channels).map(|channel| bounds_of_others(frames, channel)).collect();
        let least = least(frames, &bounds);
        if frames.len() < 2 {
            let alone = || Side { open: ALONE.to_vec(), closed: Vec::new() };
            return Self { above: alone(), below: alone(), least };
        }
        let (mut above, mut below) = (Distances::default(), Distances::default());
        for (channel, bounds) in bounds.iter().enumerate() {
            for (frame, bounds) in frames.iter().zip(bounds) {
                let width = bounds.width().max(least);
                let samples = || frame[channel].samples.iter();
                above.add(bounds.high, width, samples().map(|value| value - bounds.high));
                below.add(-bounds.low, width, samples().map(|value| bounds.low - value));
            }
        }
        let samples = frames[0].first().map_or(0, |channel| channel.samples.len());
        let [above, below] =
            [above, below].map(|distances| distances.grouped(frames.len(), samples));
        Self { above, below, least }
    }

    /// Values that a channel may show beyond its range, each with how often it counts as a sample.
    pub fn values(&self, channel: &Channel) -> Vec<(f32, f32)> {
        let bounds = Bounds::of(channel);
        let width = bounds.width().max(self.least);
        let above = self.above.beyond(bounds.high).iter();
        let above = above.map(|&(part, often)| (bounds.high + part * width, often));
        let below = self.below.beyond(-bounds.low).iter();
        above.chain(below.map(|&(part, often)| (bounds.low - part * width, often))).collect()
    }
}

impl Side {
    fn beyond(&self, bound: f32) -> &[(f32, f32)] {
        if bound > 0.0 { &self.open } else { &self.closed }
    }
}

/// Distances of one side while they are gathered: beyond bounds other than 0, then beyond 0.
#[derive(Debug, Default)]
struct Distances {
    distances: [Vec<f32>; 2],
    /// Frames of channels with such a bound.
    ranges: [usize; 2],
}

impl Distances {
    fn add(&mut self, bound: f32, width: f32, distances: impl Iterator<Item = f32>) {
        let class = usize::from(bound <= 0.0);
        self.ranges[class] += 1;
        if width > 0.0 {
            let beyond = distances.filter(|&distance| distance > 0.0);
            self.distances[class].extend(beyond.map(|distance| (distance / width).min(MOST)));
        }
    }

    /// For frames with as many samples of each channel.
    fn grouped(self, frames: usize, samples: usize) -> Side {
        let [open, closed] = self.distances;
        let channels = self.ranges.map(|ranges| ranges as f32 / frames as f32);
        let grouped = |distances: Vec<f32>, channels: f32| {
            let share = distances.len() as f32 / (channels * samples as f32);
            if share * FORESEEN < frames as f32 { Vec::new() } else { grouped(distances, channels) }
        };
        Side { open: grouped(open, channels[0]), closed: grouped(closed, channels[1]) }
    }
}

/// Few numbers for many distances of `channels` channels.
fn grouped(mut distances: Vec<f32>, channels: f32) -> Vec<(f32, f32)> {
    distances.sort_by(f32::total_cmp);
    let size = distances.len().div_ceil(GROUPS).max(1);
    let groups = distances.chunks(size).map(|group| {
        let number = group.len() as f32;
        (group.iter().sum::<f32>() / number, number / channels)
    });
    groups.collect()
}

/// Per frame, the range of a channel in all others.
fn bounds_of_others(frames: &[Vec<Channel>], channel: usize) -> Vec<Bounds> {
    let own = |frame: &Vec<Channel>| Bounds::of(&frame[channel]);
    let mut after = vec![Bounds::default()];
    for frame in frames.iter().rev() {
        after.push(after[after.len() - 1].with(own(frame)));
    }
    let mut before = Bounds::default();
    let each = frames.iter().enumerate().map(|(index, frame)| {
        let others = before.with(after[frames.len() - 1 - index]);
        before = before.with(own(frame));
        others
    });
    each.collect()
}

/// The range below which that of a channel says nothing: few frames may all have missed what it shows, while a channel
/// whose numbers are small in each of them is to be left alone. The one is taken that leaves the least error, as parts
/// of each channel's power, in the frame that is left out.
fn least(frames: &[Vec<Channel>], bounds: &[Vec<Bounds>]) -> f32 {
    let whole = (0..bounds.len()).filter_map(|channel| {
        let all = frames.iter().map(|frame| Bounds::of(&frame[channel]));
        all.reduce(Bounds::with).map(Bounds::width)
    });
    let mut whole: Vec<f32> = whole.filter(|&width| width > 0.0).collect();
    whole.sort_by(f32::total_cmp);
    let middle = whole.get(whole.len() / 2).copied().unwrap_or_default();
    let tried = LEAST.map(|part| part * middle);
    if frames.len() < 2 {
        return tried[0];
    }
    let mut errors = [0.0; LEAST.len()];
    for (channel, bounds) in bounds.iter().enumerate() {
        let samples = || frames.iter().map(|frame| frame[channel].samples.iter().step_by(STRIDE));
        let power: f64 = samples().flatten().map(|&value| f64::from(value).powi(2)).sum();
        if power == 0.0 {
            continue;
        }
        for (error, least) in errors.iter_mut().zip(tried) {
            let left = bounds.iter().zip(samples()).map(|(bounds, samples)| {
                let room = (least - bounds.width()).max(0.0);
                let rounding = ROUNDING * f64::from(bounds.width() + 2.0 * room).powi(2);
                let (low, high) = (bounds.low - room, bounds.high + room);
                let clipped = |&value: &f32| f64::from(value - value.clamp(low, high)).powi(2);
                samples.map(|value| clipped(value) + rounding).sum::<f64>()
            });
            *error += left.sum::<f64>() / power;
        }
    }
    let best = (0..LEAST.len()).min_by(|&a, &b| errors[a].total_cmp(&errors[b]));
    tried[best.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Samples;

    /// Frames of channels whose samples are sums of uniform numbers times a factor for the channel.
    fn frames(number: usize, factors: &[f32], samples: usize) -> Vec<Vec<Channel>> {
        let mut random = Samples::new(7);
        let mut channel = |factor: f32| {
            let mut value = || (0..6).map(|_| random.below(1001) as f32 / 500.0 - 1.0).sum::<f32>();
            let samples: Vec<f32> = (0..samples).map(|_| value() * factor).collect();
            Channel::of(samples)
        };
        let frame = |_| factors.iter().map(|&factor| channel(factor)).collect();
        (0..number).map(frame).collect()
    }

    fn often(values: &[(f32, f32)]) -> f32 {
        values.iter().map(|&(_, often)| often).sum()
    }

    fn all(frames: &[Vec<Channel>], channel: usize) -> Channel {
        let mut own = frames[0][channel].clone();
        frames[1..].iter().for_each(|frame| own.join(frame[channel].clone()));
        own
    }

    #[test]
    fn one_in_as_many_goes_beyond_the_others_on_each_side() {
        for number in [8, 16] {
            let unseen = Unseen::new(&frames(number, &[1.0; 64], 1));
            // Of n numbers one is the largest, and it alone is beyond the others.
            for side in [&unseen.above, &unseen.below] {
                assert!((0.7..=1.1).contains(&often(&side.open)), "{number}: {unseen:?}");
            }
        }
    }

    #[test]
    fn foreseen_values_are_those_that_come() {
        let calibration = frames(4, &[1.0; 64], 1);
        let unseen = Unseen::new(&calibration);
        let later = frames(400, &[1.0; 64], 1);
        let (mut beyond, mut covered) = (0, 0);
        for channel in 0..64 {
            let own = all(&calibration, channel);
            let values = unseen.values(&own);
            let most = values.iter().map(|&(value, _)| value).fold(f32::MIN, f32::max);
            for frame in &later[4..] {
                let value = frame[channel].samples[0];
                beyond += usize::from(value > own.max);
                covered += usize::from(value > own.max && value <= most);
            }
        }
        assert!(beyond > 4_000 && covered * 20 > beyond * 19, "{covered} of {beyond}");
    }

    #[test]
    fn many_frames_of_many_samples_leave_little() {
        let unseen = Unseen::new(&frames(100, &[1.0, 2.0, 4.0, 8.0], 48));
        let above = &unseen.above.open;
        assert!(often(above) < 2.0 && above.iter().all(|&(part, _)| part < 0.2), "{unseen:?}");
    }

    #[test]
    fn small_channels_keep_their_range_where_frames_agree_on_it() {
        let factors = [1.0, 0.001, 1.0, 0.001, 1.0, 1.0];
        let calibration = frames(8, &factors, 48);
        let values = Unseen::new(&calibration).values(&all(&calibration, 1));
        assert!(values.iter().all(|&(value, _)| value.abs() < 0.02), "{values:?}");
    }

    #[test]
    fn channels_that_few_frames_show_get_room() {
        // Each channel shows something in one frame of 16, the last in none of these eight.
        let frame = |number: usize| {
            let value = |channel: usize| if channel == number { 1.0 } else { 0.0 };
            (0..16).map(|channel| Channel::of(vec![value(channel); 8])).collect()
        };
        let calibration: Vec<Vec<Channel>> = (0..8).map(frame).collect();
        let values = Unseen::new(&calibration).values(&all(&calibration, 15));
        assert!(values.iter().any(|&(value, _)| value > 0.2), "{values:?}");
        assert!(values.iter().all(|&(value, _)| value > 0.0), "{values:?}");
    }

    #[test]
    fn a_single_frame_gets_room() {
        let alone = Unseen::new(&frames(1, &[1.0; 4], 8));
        let own = &frames(1, &[1.0; 4], 8)[0][0];
        assert!(alone.values(own).iter().any(|&(value, _)| value > own.max));
        assert!(alone.values(own).iter().any(|&(value, _)| value < own.min));
    }
}
