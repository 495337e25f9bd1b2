//! What the accelerator can do: the one place that knows its limits.
//!
//! A function `fit` takes a layer's numbers and returns the place or the value that the hardware
//! needs, or the [`Reason`] why it cannot. The scheduler asks whether and keeps the reason, the
//! encoder asks again and writes the value down, so the two cannot disagree. What checks their work
//! (`schedule::validate`, `program::check`, `program::simulate`) derives the same limits again and
//! shares nothing but the constants of the format.
//!
//! Limits of a target (capacity, flags) are in [`super::boards`], bit positions and the sizes of records in
//! [`super::border::stream`].

mod align;
mod channel_mul;
mod datapath;
mod limits;
mod reason;
mod stem;
mod tensor;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
mod window;

pub use align::{Aligned, MAX_WEIGHT_SHIFT, align};
pub use channel_mul::{Product, product_window, products};
pub use datapath::Datapath;
pub use limits::{LIMITS, Limit};
pub use reason::{Fault, Fit, Reason, Role};
pub use stem::{
    MAX_STEM_REACH, Pixels, STEM_CHANNELS, Stem, channels_last, image_extent, image_pitch,
};
pub use tensor::{MAX_EXTENT, readable, storable};
pub use window::{
    ArrayWindow, MAX_KERNEL, MAX_PAD, MAX_PLANE_STRIDE, MAX_REACH, Maximum, Place, SIDE, Walk,
    Window, reads_padding, side,
};

use crate::base::arithmetic::MAX_FUNCTIONS;
use crate::frontend::rewrites;

pub use crate::compile::border::stream::{
    DESCRIPTOR_WORDS, LANE_RING_WORDS, PART_SIDE, RING_WORD, SEGMENTS, STEP_RING_WORDS,
    filter_ring_words,
};

/// Channels of a plane.
pub const CHANNELS: usize = 16;
const _: () = assert!(
    rewrites::CHANNELS_TOGETHER == CHANNELS && rewrites::MAX_PARTS == SEGMENTS,
    "what is put side by side is read from where it lies"
);
/// Bytes of a word: 16 int8 channels of a pixel.
pub const WORD: usize = CHANNELS;
/// Blocks of the shared memory that an owner mask covers.
pub const BLOCKS: usize = 128;
/// Largest number of groups that a weight tile is held for.
pub const BATCH: usize = 16;
/// Activation functions that a design can hold.
pub const FUNCTIONS: usize = MAX_FUNCTIONS;
/// Furthest that an output lane shifts to the left.
const MAX_LEFT: i32 = 2;
/// Filters of the plane engine that one pass can do.
pub const FILTERS: usize = 2;

/// Ring words that a burst brings at once.
pub const BURST: usize = 256 / RING_WORD;
/// Largest weight ring, in ring words.
pub const MAX_RING: usize = 16_384;
