//! The operators of a quantized graph: one file each, with its parameters, its rules, its form in
//! the model file and its words for people.
//!
//! [`QOp`] is closed. To add an operator, write its file and list it in `operators!` below; the
//! compiler names the other places, and `docs/adding-an-operator.md` lists them in order.

mod add;
mod arrays;
mod bound;
mod channel_mul;
mod conv;
mod dpu_add;
mod float;
mod max_pool;
mod movement;
mod operands;
mod rescale;
mod scales;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::QGraph;
use crate::base::error::Result;
use crate::frontend::ops::Op;
use crate::frontend::ops::window::Axis;

pub use add::QAdd;
pub(crate) use arrays::{ArrayReader, ArrayWriter, Region};
pub use bound::{accumulator_bound, accumulator_bounds};
pub use channel_mul::QChannelMul;
pub use conv::{ConvDump, DpuActivation, MAX_EXTENT, Output as ConvOutput, QConv};
pub use dpu_add::QDpuAdd;
pub use float::QFloat;
pub use max_pool::QMaxPool;
pub use movement::{Moved, QMove, moved};
pub(crate) use operands::wrong;
pub use operands::{MAX_ALIGNMENT, MAX_SHIFT, Operands};
pub use rescale::QRescale;
pub use scales::ScaleRule;

/// What every operator file provides.
pub trait QOperator: fmt::Debug {
    /// Name for reports.
    fn kind(&self) -> &'static str;

    /// The rule by which it is computed, for whoever runs it or writes it in another form.
    fn computation(&self) -> Computation<'_>;

    /// Where the scales of its results come from.
    fn scales(&self) -> ScaleRule;

    /// Shapes of the results.
    ///
    /// # Errors
    /// `QUANTIZED_GRAPH` for inputs that are missing; those of the shape rule.
    fn shapes(&self, at: &Operands<'_>) -> Result<Vec<Vec<usize>>>;

    /// Refuses parameters, inputs and scales that break its rules. Links, the results' shapes
    /// (before this) and scales (after it) are compared for every operator alike.
    ///
    /// # Errors
    /// `QUANTIZED_GRAPH` and `ACCUMULATOR`.
    fn check(&self, at: &Operands<'_>) -> Result<()>;

    /// The window that slides over an input of a shape, per spatial axis; `None` for an operator
    /// without one.
    ///
    /// # Errors
    /// For a shape that the window does not fit.
    fn window(&self, _input: &[usize]) -> Result<Option<Vec<Axis>>> {
        Ok(None)
    }

    /// Its int8 weights; none for most operators.
    fn weights(&self) -> &[i8] {
        &[]
    }

    /// Multiply-accumulate operations for a result of a shape.
    fn macs(&self, _output: &[usize]) -> u64 {
        0
    }

    /// Bits of a signed accumulator that holds every partial sum, where it accumulates.
    fn accumulator_bits(&self) -> Option<u32> {
        None
    }

    /// Whether the results are parts of the input's memory under other names, so that nothing is
    /// computed and nothing moves.
    fn is_view(&self, _at: &Operands<'_>) -> bool {
        false
    }

    /// The kind with its output stage, in words; functions are named by the graph.
    fn describe(&self, _graph: &QGraph) -> String {
        self.kind().to_owned()
    }

    /// What it does with the scales of the input at a position.
    fn alignment(&self, at: &Operands<'_>, position: usize) -> Alignment;
}

/// How results are computed. Operators share rules: a new one that ONNX computes on integers too
/// needs nothing in what runs or writes a computation.
#[derive(Debug, Clone, PartialEq)]
pub enum Computation<'a> {
    /// Sums of products and an output stage (rules A4 to A7, or A13).
    Conv(&'a QConv),
    /// Addition (rule A8).
    Add,
    /// A number per channel times the pixels of the channel (rule A15).
    ChannelMul,
    /// Addition by the DPU rule (A13).
    DpuAdd,
    /// `sat(rshift(q - z, e_out - e_in) + z_out)`.
    Rescale,
    /// What an operator of the float network gives when it runs on the stored integers (rules A9
    /// and A10). It gives the same on `q - z`.
    OnIntegers(Cow<'a, Op>),
    /// An operator of the float network on the processor: integer inputs are dequantized (A12),
    /// integer results are quantized (A11).
    Float(&'a Op),
}

/// What an operator does with the scales of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alignment {
    /// In words.
    pub words: &'static str,
    /// Its right shifts per channel, negative to the left; none where nothing is shifted.
    pub shifts: Vec<i32>,
}

impl Alignment {
    fn new(words: &'static str, shifts: impl IntoIterator<Item = i32>) -> Self {
        Self { words, shifts: shifts.into_iter().collect() }
    }
}

/// How the parameters of an operator are written into a model file.
pub(crate) trait Stored: Sized {
    /// Its JSON form; numbers per channel are in the arrays, at offsets given here.
    type Header: Serialize + DeserializeOwned;

    /// Appends its numbers to the arrays.
    fn store(&self, arrays: &mut ArrayWriter) -> Self::Header;

    /// Reads it.
    ///
    /// # Errors
    /// `CERAS_FORMAT` for offsets outside of the arrays.
    fn load(header: Self::Header, arrays: &ArrayReader<'_>) -> Result<Self>;
}

/// How the parameters of an operator are shown to people.
pub trait Dumped {
    /// Its JSON form: weights are counted.
    type Dump: Serialize + DeserializeOwned + JsonSchema;

    /// Its form for people.
    fn dump(&self) -> Self::Dump;
}

impl<T: OwnHeader> Dumped for T {
    type Dump = Self;

    fn dump(&self) -> Self {
        self.clone()
    }
}

/// An operator without numbers per channel: it is its own JSON form.
trait OwnHeader: Clone + Serialize + DeserializeOwned + JsonSchema {}

impl<T: OwnHeader> Stored for T {
    type Header = Self;

    fn store(&self, _arrays: &mut ArrayWriter) -> Self {
        self.clone()
    }

    fn load(header: Self, _arrays: &ArrayReader<'_>) -> Result<Self> {
        Ok(header)
    }
}

/// Makes the enum of all operators and its form in a model file from one list. Each line gives the
/// variant, what it holds, and the [`QOperator`] that it is.
macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident $(($op:ident: $payload:ty))? => $operator:expr,)*) => {
        /// What a layer computes.
        #[derive(Debug, Clone, PartialEq)]
        pub enum QOp { $($(#[$doc])* $name $(($payload))?,)* }

        /// What a layer computes, in the JSON of a model file.
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub(crate) enum OpHeader { $($name $((<$payload as Stored>::Header))?,)* }

        /// What a layer computes, for people: weights are counted.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum OpDump { $($(#[$doc])* $name $((<$payload as Dumped>::Dump))?,)* }

        impl QOp {
            /// Its form for people.
            pub fn dump(&self) -> OpDump {
                match self { $(Self::$name $(($op))? => OpDump::$name $(($op.dump()))?,)* }
            }

            /// What is known of the operator.
            pub fn operator(&self) -> &dyn QOperator {
                match self { $(Self::$name $(($op))? => $operator,)* }
            }

            /// Its form in a model file; its numbers go to `arrays`.
            pub(crate) fn store(&self, arrays: &mut ArrayWriter) -> OpHeader {
                match self { $(Self::$name $(($op))? => OpHeader::$name $(($op.store(arrays)))?,)* }
            }
        }

        impl OpHeader {
            /// The operator, with its numbers from `arrays`.
            ///
            /// # Errors
            /// `CERAS_FORMAT` for offsets outside of the arrays.
            pub(crate) fn load(self, arrays: &ArrayReader<'_>) -> Result<QOp> {
                Ok(match self {
                    $(Self::$name $(($op))? =>
                        QOp::$name $((<$payload as Stored>::load($op, arrays)?))?,)*
                })
            }
        }
    };
}

operators! {
    /// Convolution with its output stage (rules A4 to A7, or A13). Inputs: data, then the residual
    /// where the output stage adds one.
    Conv(op: Box<QConv>) => &**op,
    /// Addition of two quantized tensors (rule A8).
    Add => &QAdd,
    /// A tensor times a number per channel, both computed (rule A15).
    ChannelMul => &QChannelMul,
    /// Addition by the DPU rule (A13); scales are per tensor.
    DpuAdd => &QDpuAdd,
    /// The same numbers under another scale; the DPU's concatenation is one per input and a
    /// [`QOp::Move`].
    Rescale => &QRescale,
    /// Maximum pooling (rule A9).
    MaxPool(op: QMaxPool) => op,
    /// An operator that moves integers without looking at them (rule A10).
    Move(op: QMove) => op,
    /// An operator on the processor: integer inputs are dequantized (A12), integer outputs are
    /// quantized (A11).
    Float(op: QFloat) => op,
}

impl QOp {
    /// The operator that does on integers what one of the float network does on numbers, where its
    /// results have the scales of its inputs; others need numbers that only quantization finds.
    pub fn on_integers(op: &Op) -> Option<Self> {
        QMaxPool::of(op).map(Self::MaxPool).or_else(|| QMove::of(op).map(Self::Move))
    }

    /// See [`QOperator::kind`].
    pub fn kind(&self) -> &'static str {
        self.operator().kind()
    }

    /// Whether it runs on the processor in float.
    pub fn is_float(&self) -> bool {
        matches!(self, Self::Float(_))
    }

    /// The convolution, if it is one.
    pub fn conv(&self) -> Option<&QConv> {
        match self.operator().computation() {
            Computation::Conv(conv) => Some(conv),
            _ => None,
        }
    }

    /// The operator that moves integers, if it is one.
    pub fn movement(&self) -> Option<&Op> {
        match self {
            Self::Move(QMove(op)) => Some(op),
            _ => None,
        }
    }
}
