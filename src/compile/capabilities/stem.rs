//! The stem unit: the first convolution on raw pixels.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::WORD;
use super::reason::{Fit, Reason};
use crate::frontend::ops::Op;
use crate::model::qgraph::{QConv, QGraph, QValue, QValueId, Width};

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

/// How the input of a layer is made of a network input: directly, or by a rearrangement of blocks of pixels
/// into channels (space-to-depth, Focus).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// The network input.
    pub image: QValueId,
    /// Side of a block of pixels; 1 without rearrangement.
    pub block: usize,
    /// Row and column in the block of each group of image channels.
    pub offsets: Vec<(usize, usize)>,
    /// Some pixel comes twice.
    pub(super) repeats: bool,
    /// The layer that rearranges.
    pub rearrangement: Option<usize>,
}

impl Pixels {
    /// The pixels that layer `index` reads, if its input is an image or a rearranged one.
    pub fn of(graph: &QGraph, index: usize) -> Option<Self> {
        let input = graph.layers[index].input(0)?;
        if graph.inputs.contains(&input) {
            let offsets = vec![(0, 0)];
            return Some(Self {
                image: input,
                block: 1,
                offsets,
                repeats: false,
                rearrangement: None,
            });
        }
        let rearrangement = graph.layers.iter().position(|layer| layer.outputs == [input])?;
        let producer = &graph.layers[rearrangement];
        let Some(Op::SpaceToDepth(op)) = producer.op.movement() else { return None };
        let image = producer.input(0).filter(|id| graph.inputs.contains(id))?;
        let mut offsets = op.offsets.clone();
        offsets.sort_unstable();
        offsets.dedup();
        Some(Self {
            image,
            block: op.block,
            repeats: offsets.len() < op.offsets.len(),
            offsets: op.offsets.clone(),
            rearrangement: Some(rearrangement),
        })
    }
}
