//! The accelerator's program: one linear stream of descriptors, parameters and weights.
//!
//! [`encode()`] writes it from a schedule with addresses, [`check`] decodes the bytes again and proves
//! that they touch only what each pass owns and cannot deadlock, [`simulate`] executes them. Bit
//! positions are those of [`fields`]; what the stream means is in `docs/accelerator.md`.

pub mod buffers;
pub mod check;
pub mod design;
mod encode;
pub mod format;
pub mod predict;
mod refusal;
pub mod simulate;
mod stem;

pub use super::border::stream as fields;
pub use crate::compile::capabilities::Stem;
pub use design::{Design, ROOM_PERCENT};
pub use encode::{encode, sums};

/// The stream, and where things are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The bytes in DDR.
    pub stream: Vec<u8>,
    /// Passes in order, then the end.
    pub entries: Vec<Entry>,
    /// Sizes of the buffers in DDR beside it.
    pub buffers: Buffers,
}

/// A pass in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Byte offset of its descriptor.
    pub offset: usize,
    /// What it does, for reports.
    pub name: String,
}

/// Bytes of the buffers in DDR.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Buffers {
    /// The image.
    pub image: u64,
    /// The outputs.
    pub output: u64,
    /// Scratch.
    pub scratch: u64,
}
