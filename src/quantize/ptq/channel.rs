//! What calibration frames show of one channel.

/// One channel over all frames.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Least value.
    pub min: f32,
    /// Greatest value.
    pub max: f32,
    /// Values at random positions, in the order of the frames.
    pub samples: Vec<f32>,
    /// Values beyond the range that other frames may show, each with how often it counts as a sample.
    pub unseen: Vec<(f32, f32)>,
}

/// Adds what another frame, or another value of the same frame, showed of the same channels.
pub fn join(all: &mut [Channel], frame: Vec<Channel>) {
    all.iter_mut().zip(frame).for_each(|(all, own)| all.join(own));
}

impl Channel {
    /// A channel of which the samples are all that is known.
    pub fn of(samples: Vec<f32>) -> Self {
        let min = samples.iter().copied().fold(f32::INFINITY, f32::min);
        let max = samples.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Self { min, max, samples, unseen: Vec::new() }
    }

    /// The range with what is foreseen beyond it.
    pub fn foreseen(&self) -> (f32, f32) {
        let values = self.unseen.iter().map(|&(value, _)| value);
        values.fold((self.min, self.max), |(low, high), value| (low.min(value), high.max(value)))
    }

    /// Adds what another frame showed.
    pub fn join(&mut self, frame: Self) {
        self.min = self.min.min(frame.min);
        self.max = self.max.max(frame.max);
        self.samples.extend(frame.samples);
    }
}
