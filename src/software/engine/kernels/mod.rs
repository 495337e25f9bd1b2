//! The loops that take the time, for the processor at hand. All give the same integers.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod plain;
#[cfg(target_arch = "x86_64")]
mod vnni;

use super::layout::SLACK;
use super::stage::narrow::{CHUNK, Narrow, Order};
use super::stage::wide::Wide;

/// Output channels of a block.
pub const LANES: usize = 16;
/// Inputs of an output that lie side by side in packed weights.
pub const UNIT: usize = 4;

/// Sums of products for neighboring pixels of a line and all outputs of a group.
///
/// A window is made of segments: runs of bytes, each from an offset on. Sums are those of bytes (`q + 128`), without
/// bias, modulo 2^32.
#[derive(Debug, Clone, Copy)]
pub struct Dense<'a> {
    /// From the first byte of the first pixel's window on.
    pub input: &'a [u8],
    /// Bytes from one pixel's window to the next.
    pub step: usize,
    pub pixels: usize,
    pub segments: &'a [usize],
    /// Bytes of a segment.
    pub length: usize,
    /// By [`pack`].
    pub weights: &'a [i8],
    pub blocks: usize,
}

impl Dense<'_> {
    /// Weights of a block.
    fn block(&self) -> usize {
        self.segments.len() * self.length.div_ceil(UNIT) * LANES * UNIT
    }

    /// Panics where a kernel would leave its slices: a defect of the caller.
    fn check(&self, sums: &[i32]) {
        let reach =
            self.segments.iter().max().map_or(0, |last| last + self.length.next_multiple_of(UNIT));
        assert!(self.pixels > 0 && (self.pixels - 1) * self.step + reach <= self.input.len());
        assert_eq!(self.weights.len(), self.blocks * self.block());
        assert!(sums.len() >= self.pixels * self.blocks * LANES);
    }
}

/// Where a line of results goes: some channels of every pixel.
#[derive(Debug, Clone, Copy)]
pub struct Finish<'a> {
    pub narrow: &'a Narrow,
    pub pixels: usize,
    /// Outputs of a pixel here, and bytes from one pixel to the next, also of the residual.
    pub channels: usize,
    pub step: usize,
    /// From the first pixel's first output on.
    pub residual: Option<&'a [u8]>,
}

impl Finish<'_> {
    fn check(&self, output: &[u8]) {
        assert!(self.pixels > 0 && !self.narrow.chunks.is_empty());
        let reach = (self.pixels - 1) * self.step + self.channels;
        assert!(self.channels <= self.step && reach <= output.len());
        assert!(self.residual.is_none_or(|residual| reach <= residual.len()));
        assert_eq!(self.residual.is_some(), self.narrow.residual.is_some());
    }
}

/// Filters of one channel each, and their output stage, for runs of bytes in which every byte is an output.
#[derive(Debug, Clone, Copy)]
pub struct Depthwise<'a> {
    /// From the first byte of the first window on.
    pub input: &'a [u8],
    /// Bytes from one run's window to the next.
    pub step: usize,
    /// Offsets of the taps.
    pub taps: &'a [usize],
    /// Bytes of a pixel, where three groups of [`UNIT`] taps are the columns of a window that moves by one pixel, each with three rows
    /// and a tap of weight 0, and a pixel has whole chunks: neighbors share columns.
    pub columns: Option<usize>,
    /// By [`pack_depthwise`], for as many chunks as the output stage has.
    pub weights: &'a [i8],
    /// The runs are the pixels of [`Finish`].
    pub finish: Finish<'a>,
}

impl Depthwise<'_> {
    fn check(&self, output: &[u8]) {
        self.finish.check(output);
        let bytes = self.finish.channels.next_multiple_of(SLACK);
        let last = self.taps.iter().max().map_or(0, |last| last + bytes);
        assert!((self.finish.pixels - 1) * self.step + last <= self.input.len());
        let chunk = self.taps.len().div_ceil(UNIT) * SLACK * UNIT;
        assert_eq!(self.weights.len(), self.finish.narrow.chunks.len() * chunk);
        if let Some(pixel) = self.columns {
            let chunks = self.finish.narrow.chunks.len() * CHUNK;
            assert!(chunks == pixel && self.finish.channels.is_multiple_of(pixel));
            let moved = |tap: usize| self.taps[tap % UNIT] + tap / UNIT * pixel;
            assert!(
                self.taps.len() == 3 * UNIT
                    && (0..3 * UNIT).all(|tap| self.taps[tap] == moved(tap))
            );
        }
    }
}

/// The loops of the engine for a kind of processor. All give the same integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernels(Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Vnni(vnni::Vnni),
}

impl Kernels {
    /// Those that this processor can run, the quickest first.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(vnni::Vnni::with_bytes().map(Set::Vnni));
            all.extend(vnni::Vnni::new().map(Set::Vnni));
            all.extend(avx2::Avx2::new().map(Set::Avx2));
        }
        all.push(Set::Portable);
        all.into_iter().map(Self).collect()
    }

    /// The quickest that this processor can run.
    pub fn best() -> Self {
        Self::all()[0]
    }

    /// Their name: `avx512-vbmi`, `avx512-vnni`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Vnni(vnni) => vnni.name(),
        }
    }

    /// The order in which sums by [`Kernels::dense`] are finished.
    pub(super) fn order(self) -> Order {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Vnni(_) => Order::Blocks,
            _ => Order::Plain,
        }
    }

    /// The order of the weights and the constants of [`Kernels::depthwise`].
    pub(super) fn depthwise_order(self) -> Order {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Vnni(_) => Order::Quarters,
            _ => Order::Plain,
        }
    }

    /// `sums[pixel][block][lane]`.
    pub(super) fn dense(self, task: &Dense<'_>, sums: &mut [i32]) {
        task.check(sums);
        match self.0 {
            Set::Portable => plain::dense(task, sums),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.dense(task, sums),
            #[cfg(target_arch = "x86_64")]
            Set::Vnni(vnni) => vnni.dense(task, sums),
        }
    }

    /// The output stage on sums by [`Kernels::dense`].
    pub(super) fn finish(self, task: &Finish<'_>, sums: &[i32], output: &mut [u8]) {
        task.check(output);
        let blocks = task.pixels * task.channels.div_ceil(LANES);
        assert!(sums.len() >= (blocks * LANES).next_multiple_of(CHUNK));
        match self.0 {
            Set::Portable => plain::finish(task, sums, output),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.finish(task, sums, output),
            #[cfg(target_arch = "x86_64")]
            Set::Vnni(vnni) => vnni.finish(task, sums, output),
        }
    }

    /// The output stage of wider results on sums by [`Kernels::dense`]: first channel and their number, sums with the
    /// lanes of a pixel, `q - z` with the channels of a pixel.
    pub(super) fn wide(
        self,
        wide: &Wide,
        channels: (usize, usize),
        sums: (&[i32], usize),
        output: (&mut [f32], usize),
        pixels: usize,
    ) {
        match self.0 {
            Set::Portable => plain::wide(wide, channels, sums, output, pixels),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.wide(wide, channels, sums, output, pixels),
            #[cfg(target_arch = "x86_64")]
            Set::Vnni(vnni) => vnni.wide(wide, channels, sums, output, pixels),
        }
    }

    /// The bytes of `floor(number * step + 1/2) + zero`, saturated, where the product is exact.
    pub(super) fn quantize(self, from: &[f32], step: f32, zero: i32, to: &mut [u8]) {
        match self.0 {
            Set::Portable => plain::quantize(from, step, zero, to),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.quantize(from, step, zero, to),
            #[cfg(target_arch = "x86_64")]
            Set::Vnni(vnni) => vnni.quantize(from, step, zero, to),
        }
    }

    /// Rows of channels, one behind the other, to pixels.
    pub(super) fn interleave(self, rows: &[u8], channels: usize, pixels: &mut [u8]) {
        match self.0 {
            Set::Portable => plain::interleave(rows, channels, pixels),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.interleave(rows, channels, pixels),
            #[cfg(target_arch = "x86_64")]
            Set::Vnni(vnni) => vnni.interleave(rows, channels, pixels),
        }
    }

    /// Sums and output stage of a layer with a filter per channel.
    pub(super) fn depthwise(self, task: &Depthwise<'_>, output: &mut [u8]) {
        task.check(output);
        match self.0 {
            Set::Portable => plain::depthwise(task, output),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.depthwise(task, output),
            #[cfg(target_arch = "x86_64")]
            Set::Vnni(vnni) => vnni.depthwise(task, output),
        }
    }
}

/// Weights in blocks of outputs, [`UNIT`] inputs of an output side by side:
/// `[block][segment][input / UNIT][output][input % UNIT]`, filled up with zeros. `weight` gives that of an output, a
/// segment and a byte of it.
pub fn pack(
    outputs: usize,
    segments: usize,
    length: usize,
    weight: impl Fn(usize, usize, usize) -> i8,
) -> Vec<i8> {
    let groups = length.div_ceil(UNIT);
    let blocks = outputs.div_ceil(LANES);
    let mut packed = Vec::with_capacity(blocks * segments * groups * LANES * UNIT);
    for block in 0..blocks {
        for segment in 0..segments {
            for group in 0..groups {
                for lane in 0..LANES {
                    for unit in 0..UNIT {
                        let (output, at) = (block * LANES + lane, group * UNIT + unit);
                        let inside = output < outputs && at < length;
                        packed.push(if inside { weight(output, segment, at) } else { 0 });
                    }
                }
            }
        }
    }
    packed
}

/// Weights of chunks of 64 outputs, four taps side by side: `[chunk][tap / 4][place][tap % 4]` in the order of the
/// sums. `channel` names the channel of an output of the run, `weight` gives that of a channel and a tap.
pub fn pack_depthwise(
    order: Order,
    chunks: usize,
    taps: usize,
    channel: impl Fn(usize) -> Option<usize>,
    weight: impl Fn(usize, usize) -> i8,
) -> Vec<i8> {
    let mut packed = Vec::new();
    for chunk in 0..chunks {
        for quad in 0..taps.div_ceil(UNIT) {
            for place in 0..CHUNK {
                let channel = channel(CHUNK * chunk + order.of_words(place));
                packed.extend((0..UNIT).map(|unit| match channel {
                    Some(channel) if quad * UNIT + unit < taps => {
                        weight(channel, quad * UNIT + unit)
                    }
                    _ => 0,
                }));
            }
        }
    }
    packed
}
