//! The first layer on raw pixels: its kernel and weights in the order of the stem unit's patches.

use super::refusal::{limit, refused};
use crate::base::error::Result;
use crate::compile::capabilities::{Pixels, Reason, Stem};
use crate::model::qgraph::{QConv, QGraph, QValueId, Scale};

/// A convolution on the image, directly or behind a rearrangement of blocks of pixels into channels
/// (space-to-depth, Focus), as one K x K convolution on pixels.
pub struct Convolution<'a> {
    conv: &'a QConv,
    pixels: Pixels,
    /// K, S, C.
    pub stem: Stem,
    /// Rows and columns of the image.
    pub image: [usize; 2],
    /// Padding in pixels at the top and left.
    pub pads: [usize; 2],
    /// Per image channel.
    pub scales: &'a [Scale],
}

impl<'a> Convolution<'a> {
    /// Looks at a layer whose pixels come from network input `image`.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` when it is no convolution that the stem unit can do.
    pub fn new(graph: &'a QGraph, layer: usize, image: QValueId) -> Result<Self> {
        let Some(conv) = graph.layers[layer].op.conv() else {
            return Err(limit("the stem unit feeds convolutions only"));
        };
        let pixels = Pixels::of(graph, layer).filter(|pixels| pixels.image == image);
        let pixels = pixels.ok_or_else(|| {
            limit("between image and stem convolution only space-to-depth and channels last may stand")
        })?;
        let value = graph.value(pixels.planes);
        let stem = Stem::fit(conv, value, &pixels).map_err(refused)?;
        let (&[_, _, height, width], Some((_, scales))) = (&value.shape[..], value.integer())
        else {
            return Err(refused(Reason::StemImage));
        };
        let [rows, columns] = conv.axes;
        let pads = [rows.begin * pixels.block, columns.begin * pixels.block];
        Ok(Self { conv, pixels, stem, image: [height, width], pads, scales })
    }

    /// Side of the block of pixels that the convolution sees as one.
    pub fn block(&self) -> usize {
        self.pixels.block
    }

    /// Bit n: the window of a group of `group` output pixels, or of the part of one in a row, begins at a byte that is n
    /// modulo 16, counted from the row's first. A window begins where its group would, had it begun in this row.
    pub fn shifts(&self, group: usize) -> u16 {
        let Stem { stride, channels, .. } = self.stem;
        let width = self.conv.axes[1].output;
        // `group` is a power of two, so that rows begin at multiples of this within groups.
        let step = group.min(1 << width.trailing_zeros().min(4));
        (0..16).fold(0, |shifts, k| {
            let pixels = k * step * stride + 16 - self.pads[1] % 16;
            shifts | 1 << (pixels * channels % 16)
        })
    }

    /// The weight of output `output` for byte `index` of a patch; 0 behind its end.
    pub fn weight(&self, output: usize, index: usize) -> i8 {
        let Stem { kernel, channels, .. } = self.stem;
        let (row, rest) = (index / (kernel * channels), index % (kernel * channels));
        let (column, channel) = (rest / channels, rest % channels);
        let place = (row % self.pixels.block, column % self.pixels.block);
        let Some(group) = self.pixels.offsets.iter().position(|&offset| offset == place) else {
            return 0;
        };
        let input = group * channels + channel;
        let [rows, columns] = self.conv.axes;
        let (i, j) = (row / self.pixels.block, column / self.pixels.block);
        if i >= rows.kernel {
            return 0;
        }
        let tap = (input * rows.kernel + i) * columns.kernel + j;
        self.conv.weights[output * self.conv.taps() + tap]
    }

    /// The zero points of the image channels, which stand for positions outside of the image.
    pub fn pad(&self) -> u32 {
        let bytes = self.scales.iter().enumerate();
        bytes.fold(0, |word, (c, scale)| word | u32::from(scale.zero as u8) << (8 * c))
    }
}
