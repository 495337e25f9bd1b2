//! The operators: one file each, with its attributes, shape rule and float evaluation together.
//!
//! [`Op`] is closed: every stage matches on it exhaustively. To add an operator, write its file,
//! list it in `operators!` below, and add its cases to the tests; see
//! `docs/adding-an-operator.md`.

pub mod epilogue;
mod fact;
mod float_form;
mod inputs;
pub(crate) mod matrix;
mod number;
mod pooling;
mod strided;
mod take;
pub mod window;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;
use crate::frontend::onnx::{Attributes, Node};

pub use fact::{Fact, Operand};
pub use inputs::{Inputs, axes, axis};

/// Elements of elementwise work that one thread takes at least; waking another costs as much.
const SHARE: usize = 16 * 1024;

/// What every operator file provides.
pub trait Operator: Clone + std::fmt::Debug + PartialEq {
    /// ONNX operator types this file reads; the first one is the display name.
    const ONNX: &'static [&'static str];

    /// What is not supported, and for which element types; shown in `docs/operators.md`.
    const LIMITS: &'static str = "";

    /// Attributes that became inputs in a later opset, as (attribute, input position). Import
    /// turns them into constant inputs, so that the rest of the file knows one form only.
    const ATTRIBUTES_NOW_INPUTS: &'static [(&'static str, usize)] = &[];

    /// Counts axes from the front, for a first input of `rank` axes: what is asked about an operator later knows one form
    /// of each axis. One that lies outside stays for [`Operator::infer`] to refuse.
    fn count_axes(&mut self, _rank: usize) {}

    /// Display name; the first ONNX type unless the operator covers several.
    fn kind(&self) -> &'static str {
        Self::ONNX[0]
    }

    /// The kind with what is fused to it, for reports.
    fn describe(&self) -> String {
        self.kind().to_owned()
    }

    /// Reads the attributes of a node.
    fn parse(node: &Node, opset: i64) -> Result<Self>;

    /// The attributes of an ONNX node of the type [`Operator::kind`] that means this operator, in
    /// the newest form that is read. What ONNX cannot say (an epilogue, the offsets of a
    /// space-to-depth) is left out; the export writes more nodes for it.
    fn attributes(&self) -> Attributes {
        Attributes::default()
    }

    /// Shapes and element types of the outputs; a value too, where it follows from shapes alone.
    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>>;

    /// Computes the outputs.
    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>>;

    /// As [`Operator::eval`], but sums of products are taken in the order of rule A14 of docs/arithmetic.md, so that
    /// the bits do not depend on the machine.
    fn eval_in_order(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        self.eval(inputs)
    }

    /// Multiply-accumulate operations of one evaluation.
    fn macs(&self, _inputs: Inputs<'_, Fact>, _outputs: &[Fact]) -> u64 {
        0
    }

    /// Whether it only moves, repeats or drops elements, of whatever type and whatever they stand
    /// for, so that a quantized network may move integers.
    fn moves(&self) -> bool {
        false
    }

    /// Whether only shape, naming or the start in memory changes, so that nothing has to be
    /// computed or moved.
    fn is_view(&self, _inputs: Inputs<'_, Fact>) -> bool {
        false
    }
}

macro_rules! operators {
    ($($module:ident::$name:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// Any operator.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        #[allow(missing_docs, reason = "each variant's operator documents itself")]
        pub enum Op { $($name($module::$name)),* }

        $(impl From<$module::$name> for Op {
            fn from(op: $module::$name) -> Self { Self::$name(op) }
        })*

        impl Op {
            /// Reads a node of the default ONNX domain.
            ///
            /// # Errors
            /// [`codes::ONNX_OPERATOR`] for an unknown type, [`codes::ONNX_ATTRIBUTE`] for
            /// attributes that make no sense.
            pub fn parse(node: &Node, opset: i64) -> Result<Self> {
                let known = node.domain.is_empty();
                $(if known && <$module::$name as Operator>::ONNX.contains(&&*node.op_type) {
                    return <$module::$name as Operator>::parse(node, opset).map(Self::$name);
                })*
                Err(unknown(node))
            }

            /// ONNX operator types that are read, sorted.
            pub fn supported() -> Vec<&'static str> {
                let mut names: Vec<_> =
                    [$(<$module::$name as Operator>::ONNX),*].concat();
                names.sort_unstable();
                names
            }

            /// ONNX operator types that are read, each with its [`Operator::LIMITS`], sorted.
            pub fn limits() -> Vec<(&'static str, &'static str)> {
                let mut limits = Vec::new();
                $(limits.extend(
                    <$module::$name as Operator>::ONNX
                        .iter()
                        .map(|&name| (name, <$module::$name as Operator>::LIMITS)),
                );)*
                limits.sort_unstable();
                limits
            }

            /// See [`Operator::ATTRIBUTES_NOW_INPUTS`].
            pub fn attributes_now_inputs(&self) -> &'static [(&'static str, usize)] {
                match self {
                    $(Self::$name(_) => <$module::$name as Operator>::ATTRIBUTES_NOW_INPUTS),*
                }
            }

            /// See [`Operator::count_axes`].
            pub fn count_axes(&mut self, rank: usize) {
                match self { $(Self::$name(op) => op.count_axes(rank)),* }
            }

            /// See [`Operator::kind`].
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name(op) => op.kind()),* }
            }

            /// See [`Operator::describe`].
            pub fn describe(&self) -> String {
                match self { $(Self::$name(op) => op.describe()),* }
            }

            /// See [`Operator::attributes`].
            pub fn attributes(&self) -> Attributes {
                match self { $(Self::$name(op) => op.attributes()),* }
            }

            /// See [`Operator::infer`].
            ///
            /// # Errors
            /// [`codes::SHAPE`], [`codes::NOT_CONSTANT`], [`codes::ONNX_ATTRIBUTE`].
            pub fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
                match self { $(Self::$name(op) => op.infer(inputs)),* }
            }

            /// See [`Operator::eval`].
            ///
            /// # Errors
            /// Those of [`Op::infer`], when the inputs were not inferred before.
            pub fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
                match self { $(Self::$name(op) => op.eval(inputs)),* }
            }

            /// See [`Operator::eval_in_order`].
            ///
            /// # Errors
            /// Those of [`Op::eval`].
            pub fn eval_in_order(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
                match self { $(Self::$name(op) => op.eval_in_order(inputs)),* }
            }

            /// See [`Operator::macs`].
            pub fn macs(&self, inputs: Inputs<'_, Fact>, outputs: &[Fact]) -> u64 {
                match self { $(Self::$name(op) => op.macs(inputs, outputs)),* }
            }

            /// See [`Operator::moves`].
            pub fn moves(&self) -> bool {
                match self { $(Self::$name(op) => op.moves()),* }
            }

            /// See [`Operator::is_view`].
            pub fn is_view(&self, inputs: Inputs<'_, Fact>) -> bool {
                match self { $(Self::$name(op) => op.is_view(inputs)),* }
            }
        }
    };
}

operators! {
    activation::Activation,
    arg_max::ArgMax,
    average_pool::AveragePool,
    batch_norm::BatchNorm,
    binary::Binary,
    cast::Cast,
    channel_shuffle::ChannelShuffle,
    clip::Clip,
    compare::Compare,
    concat::Concat,
    constant_of_shape::ConstantOfShape,
    conv::Conv,
    conv_transpose::ConvTranspose,
    depth_to_space::DepthToSpace,
    dequantize_linear::DequantizeLinear,
    expand::Expand,
    flatten::Flatten,
    gather::Gather,
    gemm::Gemm,
    global_pool::GlobalPool,
    identity::Identity,
    matmul::MatMul,
    max_pool::MaxPool,
    min_max::MinMax,
    pad::Pad,
    pow::Pow,
    prelu::PRelu,
    quantize_linear::QuantizeLinear,
    range::Range,
    reduce::Reduce,
    remainder::Remainder,
    reshape::Reshape,
    resize::Resize,
    select::Select,
    shape::Shape,
    slice::Slice,
    softmax::Softmax,
    space_to_depth::SpaceToDepth,
    split::Split,
    squeeze::Squeeze,
    sum::Sum,
    tile::Tile,
    transpose::Transpose,
    unsqueeze::Unsqueeze,
}

#[cfg(test)]
mod node_tests;

fn not_numbers() -> Error {
    Error::new(&codes::SHAPE, "booleans, where numbers are expected")
}

fn unknown(node: &Node) -> Error {
    let domain = if node.domain.is_empty() { "ai.onnx" } else { &node.domain };
    Error::new(
        &codes::ONNX_OPERATOR,
        format!("operator {} of domain {domain} is not supported", node.op_type),
    )
}
