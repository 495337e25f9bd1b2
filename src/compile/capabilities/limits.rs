//! The limits as a table, from which the page on the accelerator is checked.

use super::{
    BLOCKS, FILTERS, FUNCTIONS, MAX_EXTENT, MAX_KERNEL, MAX_PAD, MAX_PLANE_STRIDE, MAX_REACH,
    MAX_RING, MAX_STEM_REACH, MAX_WEIGHT_SHIFT, SEGMENTS, SIDE, STEM_CHANNELS, WORD, side,
};

/// A limit of the hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is limited.
    pub what: &'static str,
    /// The least and the largest number.
    pub range: (usize, usize),
}

const fn up_to(what: &'static str, least: usize, most: usize) -> Limit {
    Limit { what, range: (least, most) }
}

/// What a network must keep to on the accelerator, whatever the target.
pub const LIMITS: &[Limit] = &[
    up_to("kernel, stride and dilation of the array, along each axis", 1, MAX_KERNEL),
    up_to("padding of the array at the top or left", 0, MAX_PAD),
    up_to("depthwise kernel on the plane engine, along each axis", 1, side(MAX_REACH)),
    up_to("stride of the plane engine", 1, MAX_PLANE_STRIDE),
    up_to("maximum of one step of the plane engine, along each axis", 1, SIDE),
    up_to("filters of the plane engine in a pass", 0, FILTERS),
    up_to("weight by which an addition aligns an input", 1, 1 << MAX_WEIGHT_SHIFT),
    up_to(
        "channels of an image that the stem unit streams",
        *STEM_CHANNELS.start(),
        *STEM_CHANNELS.end(),
    ),
    up_to("kernel and stride of the stem unit, in pixels", 1, MAX_STEM_REACH),
    up_to("frames of a tensor", 1, 1),
    up_to("rows or columns of a plane", 1, MAX_EXTENT),
    up_to("pieces of the input of a pass", 1, SEGMENTS),
    up_to("activation functions of a network", 0, FUNCTIONS),
    up_to("blocks of the shared memory", 1, BLOCKS),
    up_to("32-byte words of the weight ring", 1, MAX_RING),
    up_to("channels of a word", WORD, WORD),
];
