//! The first layer on raw pixels: its kernel and weights in the order of the stem unit's patches.

use super::design::{Stem, limit};
use crate::base::error::Result;
use crate::frontend::ops::Op;
use crate::frontend::ops::window::Axis;
use crate::model::qgraph::{QConv, QGraph, QOp, QValueId, Scale};

/// A convolution on the image, directly or behind a rearrangement of blocks of pixels into channels
/// (space-to-depth, Focus), as one K x K convolution on pixels.
pub struct Convolution<'a> {
    conv: &'a QConv,
    /// Side of a block of pixels; 1 without rearrangement.
    block: usize,
    /// Row and column in the block of each group of image channels.
    offsets: Vec<(usize, usize)>,
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
        let QOp::Conv(conv) = &graph.layers[layer].op else {
            return Err(limit("the stem unit feeds convolutions only"));
        };
        let (block, offsets) = rearrangement(graph, layer, image)?;
        let value = graph.value(image);
        let (&[_, channels, height, width], Some((_, scales))) =
            (&value.shape[..], value.integer())
        else {
            return Err(limit("the stem unit takes quantized images of rank 4"));
        };
        let [rows, columns] = conv.axes;
        let square = |get: fn(&Axis) -> usize| get(&rows) == get(&columns);
        if !square(|axis| axis.kernel) || !square(|axis| axis.stride) {
            return Err(limit("the stem unit takes square kernels and strides only"));
        }
        let dilated = rows.kernel > 1 && (rows.dilation > 1 || columns.dilation > 1);
        if conv.group != 1 || dilated || !(1..=4).contains(&channels) {
            return Err(limit(format!(
                "the stem unit takes 1 to 4 channels without groups and dilation, not {channels}"
            )));
        }
        let stem = Stem { kernel: rows.kernel * block, stride: rows.stride * block, channels };
        Ok(Self {
            conv,
            block,
            offsets,
            stem,
            image: [height, width],
            pads: [rows.begin * block, columns.begin * block],
            scales,
        })
    }

    /// The weight of output `output` for byte `index` of a patch; 0 behind its end.
    pub fn weight(&self, output: usize, index: usize) -> i8 {
        let Stem { kernel, channels, .. } = self.stem;
        let (row, rest) = (index / (kernel * channels), index % (kernel * channels));
        let (column, channel) = (rest / channels, rest % channels);
        let place = (row % self.block, column % self.block);
        let Some(group) = self.offsets.iter().position(|&offset| offset == place) else { return 0 };
        let input = group * channels + channel;
        let [rows, columns] = self.conv.axes;
        let (i, j) = (row / self.block, column / self.block);
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

/// Block and offsets between the image and the convolution.
fn rearrangement(
    graph: &QGraph,
    layer: usize,
    image: QValueId,
) -> Result<(usize, Vec<(usize, usize)>)> {
    let input = graph.layers[layer].input(0);
    if input == Some(image) {
        return Ok((1, vec![(0, 0)]));
    }
    let producer = graph.layers.iter().find(|layer| input.is_some_and(|id| layer.outputs == [id]));
    let direct = producer.filter(|producer| producer.input(0) == Some(image));
    let Some(QOp::Move(Op::SpaceToDepth(op))) = direct.map(|layer| &layer.op) else {
        return Err(limit("between image and stem convolution only space-to-depth may stand"));
    };
    let mut offsets = op.offsets.clone();
    offsets.sort_unstable();
    offsets.dedup();
    if offsets.len() != op.offsets.len() {
        return Err(limit("a rearrangement that repeats pixels cannot be folded into the stem"));
    }
    Ok((op.block, op.offsets.clone()))
}
