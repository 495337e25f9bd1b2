//! The order of work on the accelerator: passes over tensors in shared memory.
//!
//! A schedule says what each pass computes and which stored tensors it reads and writes, not how a
//! descriptor encodes it (`program`) nor at which address a tensor lies (the memory plan). Words are
//! those of `docs/accelerator.md`.

mod access;
mod addresses;
mod assignment;
mod build;
mod channels;
mod classify;
mod copies;
mod dense;
pub mod estimate;
mod hide;
mod late;
mod layout;
mod order;
pub mod parity;
pub mod phases;
mod plan;
mod plane;
pub mod ports;
mod queue;
mod roles;
pub mod rows;
pub mod sizes;
pub mod strips;
mod units;
pub mod validate;
mod walk;
pub mod ways;

pub use crate::compile::capabilities::CHANNELS;
use crate::model::qgraph::{QValueId, Width};
pub use access::{Client, touched};
pub use addresses::{Owners, Placed, lifetimes, place};
pub use assignment::{Assigned, Worker, assignment};
pub use build::{Way, build};
pub use order::order;
pub use phases::Phase;
pub use plan::{Plan, VERSION};
pub use rows::Rows;
use serde::{Deserialize, Serialize};

/// Index of a tensor in [`Schedule::stored`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredId(pub usize);

/// A tensor as it lies in shared memory: whole planes of 16 channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// The value that it holds.
    pub value: QValueId,
    /// The first row of the value that it holds; a tensor of all rows begins with row 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first: usize,
    /// Rows of a plane.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Width of an element: int8 is one word a pixel and plane, int16 two.
    pub format: Width,
    /// Pixels by parity of their addresses, for readers with a stride of 2; [`parity`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_parity: bool,
    /// Per slot (plane * 16 + position) the channel of `value`; `None` is padding. Whole planes.
    pub slots: Vec<Option<usize>>,
}

/// A plane of a stored tensor, as a consumer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaneRef {
    /// The tensor.
    pub stored: StoredId,
    /// Plane within it.
    pub plane: usize,
    /// Each pixel stands for 2 x 2 pixels (nearest-neighbor resize by 2 that is never stored).
    pub upsampled: bool,
}

/// What a pass reads: a value assembled from planes of stored tensors (concatenation, split, slice,
/// channel shuffle and resize are views).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// The value that the planes make up.
    pub value: QValueId,
    /// Its planes.
    pub planes: Vec<PlaneRef>,
    /// Per slot of the planes the channel of `value`; `None` is a slot that the consumer ignores.
    pub slots: Vec<Option<usize>>,
}

/// Where a dense pass takes its pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Planes in shared memory. An addition has two views, every other operator one. With groups
    /// (and for additions) each view is one tensor without gaps, see [`Dense::advance`].
    Memory(Vec<View>),
    /// The image, streamed by rows through the stem unit: the network input.
    Stem(QValueId),
}

/// A depthwise convolution or maximum behind a dense pass or in a plane pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Layer of the quantized graph.
    pub layer: usize,
    /// Where its result goes.
    pub result: StoredId,
}

/// A convolution (or addition, rescale, copy as 1 x 1 convolution) on the dense array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Layer of the quantized graph.
    pub layer: usize,
    /// Where its pixels come from.
    pub source: Source,
    /// Input planes that one output tile reads from each view; all of them without groups.
    pub planes: usize,
    /// Planes by which the first input plane of each view moves per output tile: 0 without groups.
    pub advance: usize,
    /// Per slot of the result the output channel of the layer; whole planes.
    pub slots: Vec<Option<usize>>,
    /// Where the result goes; `None` when only the filters behind read it.
    pub store: Option<StoredId>,
    /// How the result lies there, where it is one of the phases of the tensor's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Depthwise convolutions behind, at most two.
    pub filters: Vec<Filter>,
    /// What is added in the output stage; planes in the order of the result.
    pub residual: Option<View>,
    /// Rows of the last result (that of the filters, where there are some) that it computes; `None` is
    /// all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
}

/// Depthwise convolution, maximum or product with a number per channel on the plane engine alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaneWork {
    /// What is read: planes of one tensor without gaps, with all channels of the input or some of them.
    pub source: View,
    /// One or two filters on the same input.
    pub filters: Vec<Filter>,
    /// A maximum of more than 3 x 3 is a cascade; this is one of its 3 x 3 stages (5 x 5 is two, 9 x 9 four).
    /// The stages in between hold no value of the graph under its own name.
    pub stage: Stage,
    /// One pixel of each plane, by which all its pixels are multiplied; planes in the order of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<View>,
    /// Rows of the result that it computes; `None` is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
}

/// Part of a layer that a plane pass does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// All of it.
    Whole,
    /// A 3 x 3 maximum with stride 1 and padding 1 whose result is not yet the layer's.
    Cascade,
}

/// A transfer between shared memory and DDR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The tensor.
    pub stored: StoredId,
    /// To shared memory, or from it.
    pub to_memory: bool,
    /// Which buffer in DDR.
    pub buffer: Buffer,
    /// Byte offset of the whole tensor in the buffer, a multiple of 16: there it lies with all its rows.
    pub offset: u64,
    /// Rows of the value that move; `None` is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
}

/// Buffers in DDR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Buffer {
    /// The input.
    Image,
    /// The network's outputs.
    Output,
    /// Spilled tensors and what the processor exchanges with the accelerator.
    Scratch,
}

/// What happens in a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// The dense array, with what is chained behind.
    Dense(Dense),
    /// The plane engine alone.
    Plane(PlaneWork),
    /// A transfer; it goes on while later passes run.
    Transfer(Transfer),
    /// The processor does these layers, from tensors in the scratch buffer to tensors there.
    Processor {
        /// Layers in order.
        layers: Vec<usize>,
    },
}

/// One pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// What it does.
    pub work: Work,
    /// It may start only when all transfers before it are done.
    pub waits: bool,
}

/// Where a network output leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    /// The value of the graph.
    pub value: QValueId,
    /// The tensor that holds it, or some of its rows.
    pub stored: StoredId,
    /// Byte offset in the output buffer, where it lies with all its rows.
    pub offset: u64,
}

/// Passes in order of execution, with the tensors that they store.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Tensors in shared memory.
    pub stored: Vec<Stored>,
    /// Passes in order.
    pub passes: Vec<Pass>,
    /// Values that leave the accelerator, in the output buffer when the last pass is done.
    pub leaving: Vec<Leaving>,
    /// Layers that the processor does on them afterwards, in order (float tail of the network).
    pub tail: Vec<usize>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}
