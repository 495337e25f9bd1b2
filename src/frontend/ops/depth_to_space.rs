//! Channels rearranged into blocks of pixels.
//!
//! ONNX: DepthToSpace (opset 1 on), in the orders DCR (the block index varies slower than the
//! channel) and CRD (the channel varies slower, as PyTorch's pixel shuffle has it).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{Tensor, element_count};

/// See the module. Input `[N, C, H, W]`, output `[N, C / block², H block, W block]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DepthToSpace {
    /// Side of a block of pixels; never 0.
    pub block: usize,
    /// Whether the order is CRD.
    pub channel_first: bool,
}

impl Operator for DepthToSpace {
    const ONNX: &'static [&'static str] = &["DepthToSpace"];

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let channel_first = match node.attributes.string("mode")?.as_deref() {
            None | Some("DCR") => false,
            Some("CRD") => true,
            Some(other) => return Err(bad("mode", &format!("is \"{other}\""))),
        };
        Ok(Self { block: block(node)?, channel_first })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default()
            .with("blocksize", self.block as i64)
            .with("mode", if self.channel_first { "CRD" } else { "DCR" })
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let [n, c, h, w] = self.geometry(inputs)?;
        Ok(vec![Fact::new(inputs.required(0)?.dtype, [n, c, h * self.block, w * self.block])])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let [n, c, h, w] = self.geometry(inputs)?;
        let input = inputs.required(0)?;
        let b = self.block;
        let (split, order) = if self.channel_first {
            ([n, c, b, b, h, w], [0, 1, 4, 2, 5, 3])
        } else {
            ([n, b, b, c, h, w], [0, 3, 4, 1, 5, 2])
        };
        let split = input.reshaped(&split)?;
        let output = for_dtype!(split.dtype(), T => {
            let view = split.view::<T>()?.permuted_axes(order.to_vec());
            Tensor::from_array(view.as_standard_layout().into_owned())
        });
        Ok(vec![output.reshaped(&[n, c, h * b, w * b])?])
    }

    fn moves(&self) -> bool {
        true
    }
}

impl DepthToSpace {
    /// Batch, output channels, and the input's height and width.
    fn geometry<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<[usize; 4]> {
        let shape = inputs.with_rank(0, 4)?.shape();
        let square = self.block.checked_mul(self.block).filter(|&square| square > 0);
        match (square, shape) {
            (Some(square), &[n, c, h, w]) if c % square == 0 => {
                element_count(&[
                    n,
                    c / square,
                    h.saturating_mul(self.block),
                    w.saturating_mul(self.block),
                ])?;
                Ok([n, c / square, h, w])
            }
            _ => Err(Error::new(
                &codes::SHAPE,
                format!("blocks of {} from an input {shape:?}", self.block),
            )),
        }
    }
}

/// The attribute `blocksize`, at least 1.
pub(super) fn block(node: &Node) -> Result<usize> {
    let block = node.attributes.int("blocksize")?.ok_or_else(|| bad("blocksize", "is missing"))?;
    usize::try_from(block)
        .ok()
        .filter(|&block| block > 0)
        .ok_or_else(|| bad("blocksize", &format!("is {block}")))
}
