//! The stem unit: the first convolution on raw pixels.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::WORD;
use super::reason::{Fit, Reason};
use crate::frontend::ops::Op;
use crate::model::qgraph::{Layer, QConv, QGraph, QValue, QValueId, Width};

/// Image channels that the stem unit takes.
pub const STEM_CHANNELS: RangeInclusive<usize> = 1..=4;
/// Largest kernel and stride of the stem unit, in pixels.
pub const MAX_STEM_REACH: usize = 15;

/// Bytes from row to row of an image in DDR: channels innermost, padded to whole words.
pub fn image_pitch(width: usize, channels: usize) -> usize {
    (width * channels).next_multiple_of(WORD)
}

/// The stem unit's shape: K x K pixels of C channels at stride S.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stem {
    /// K.
    pub kernel: usize,
    /// S.
    pub stride: usize,
    /// C, 1 to 4.
    pub channels: usize,
}

impl Stem {
    /// Words of a patch.
    pub fn planes(&self) -> usize {
        (self.kernel * self.kernel * self.channels).div_ceil(WORD)
    }

    /// The shape for a convolution on pixels of `image`.
    ///
    /// # Errors
    /// What the stem unit does not take.
    pub fn fit(conv: &QConv, image: &QValue, pixels: &Pixels) -> Fit<Self> {
        let [rows, columns] = conv.axes;
        if pixels.repeats {
            return Err(Reason::StemRepeats);
        }
        if image.shape.len() != 4 || !matches!(image.integer(), Some((Width::I8, _))) {
            return Err(Reason::StemImage);
        }
        if !STEM_CHANNELS.contains(&image.channels()) {
            return Err(Reason::StemChannels(image.channels()));
        }
        if conv.group != 1 {
            return Err(Reason::StemGroups(conv.group));
        }
        if rows.kernel != columns.kernel || rows.stride != columns.stride {
            return Err(Reason::StemSquare);
        }
        if rows.kernel > 1 && (rows.dilation > 1 || columns.dilation > 1) {
            return Err(Reason::StemDilation);
        }
        let reach = rows.kernel.max(rows.stride) * pixels.block;
        if reach > MAX_STEM_REACH {
            return Err(Reason::StemReach(reach));
        }
        if rows.begin.max(columns.begin) >= rows.kernel {
            return Err(Reason::StemPadding);
        }
        Ok(Self {
            kernel: rows.kernel * pixels.block,
            stride: rows.stride * pixels.block,
            channels: image.channels(),
        })
    }
}

/// Channels, rows and columns of a network input that is streamed as pixels. Where all that reads it is a
/// transposition of channels from last to first, it has the channels last, as the pixels in DDR have them.
pub fn image_extent(graph: &QGraph, image: QValueId) -> [usize; 3] {
    let shape = &graph.value(image).shape;
    let extent = |axis: usize| shape.get(axis).copied().unwrap_or(1);
    match channels_last(graph, image) {
        true => [extent(3), extent(1), extent(2)],
        false => [extent(1), extent(2), extent(3)],
    }
}

/// Whether a network input has its channels last and is read as such only.
pub fn channels_last(graph: &QGraph, image: QValueId) -> bool {
    let mut readers = graph.layers.iter().filter(|layer| layer.reads(image)).peekable();
    readers.peek().is_some() && readers.all(channels_to_front)
}

/// Whether a layer moves channels from the last axis to the first, behind the frames.
fn channels_to_front(layer: &Layer) -> bool {
    matches!(layer.op.movement(), Some(Op::Transpose(op)) if op.order.as_deref() == Some(&[0, 3, 1, 2]))
}

/// How the input of a layer is made of a network input: directly, with channels moved to the front, or by a
/// rearrangement of blocks of pixels into channels (space-to-depth, Focus).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// The network input.
    pub image: QValueId,
    /// The same with channels in front of rows and columns.
    pub planes: QValueId,
    /// Side of a block of pixels; 1 without rearrangement.
    pub block: usize,
    /// Row and column in the block of each group of image channels.
    pub offsets: Vec<(usize, usize)>,
    /// Some pixel comes twice.
    pub(super) repeats: bool,
    /// The layers that rearrange.
    pub rearrangements: Vec<usize>,
}

impl Pixels {
    /// The pixels that layer `index` reads, if its input is an image or a rearranged one.
    pub fn of(graph: &QGraph, index: usize) -> Option<Self> {
        let input = graph.layers[index].input(0)?;
        let mut own = Self {
            image: input,
            planes: input,
            block: 1,
            offsets: vec![(0, 0)],
            repeats: false,
            rearrangements: Vec::new(),
        };
        let producer = |id| graph.layers.iter().position(|layer| layer.outputs == [id]);
        if let Some(index) = producer(own.planes)
            && let Some(Op::SpaceToDepth(op)) = graph.layers[index].op.movement()
        {
            let mut offsets = op.offsets.clone();
            offsets.sort_unstable();
            offsets.dedup();
            own.repeats = offsets.len() < op.offsets.len();
            (own.block, own.offsets) = (op.block, op.offsets.clone());
            own.planes = graph.layers[index].input(0)?;
            own.rearrangements.push(index);
        }
        own.image = own.planes;
        if let Some(index) = producer(own.planes).filter(|&at| channels_to_front(&graph.layers[at]))
        {
            own.image = graph.layers[index].input(0).filter(|&id| channels_last(graph, id))?;
            own.rearrangements.push(index);
        }
        graph.inputs.contains(&own.image).then_some(own)
    }
}
