//! Channel shuffle (ShuffleNet, Zhang et al. 2018, section 3.1): channels, seen as `groups` x n,
//! are transposed to n x `groups`. No ONNX operator; made by the rewrite `recognize-shuffle`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operator};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::Node;
use crate::base::tensor::Tensor;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ChannelShuffle {
    /// Rows of the matrix of channels; divides their number.
    pub groups: usize,
}

impl Operator for ChannelShuffle {
    const ONNX: &'static [&'static str] = &[];

    fn kind(&self) -> &'static str {
        "ChannelShuffle"
    }

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Err(Error::new(&codes::ONNX_OPERATOR, "ChannelShuffle is no ONNX operator"))
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let input = inputs.with_rank(0, 4)?;
        if self.groups == 0 || input.shape[1] % self.groups != 0 {
            return Err(Error::new(
                &codes::SHAPE,
                format!("{} channels in {} groups", input.shape[1], self.groups),
            ));
        }
        Ok(vec![Fact::new(input.dtype, input.shape.clone())])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.with_rank(0, 4)?;
        let &[n, c, h, w] = input.shape() else {
            return Err(Error::new(&codes::INTERNAL, "rank 4 was checked"));
        };
        let split = input.reshaped(&[n, self.groups, c / self.groups.max(1), h, w])?;
        let shuffled = for_dtype!(split.dtype(), T => {
            let view = split.view::<T>()?;
            let transposed = view.permuted_axes(vec![0, 2, 1, 3, 4]).to_owned();
            Tensor::from_array(transposed)
        });
        Ok(vec![shuffled.reshaped(input.shape())?])
    }

    fn moves(&self) -> bool {
        true
    }
}
