//! What a convolution or a matrix product does to its sums before it writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::{Inputs, Operand};
use crate::base::error::{Error, Result, codes};

/// Where the second tensor of a residual connection is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Residual {
    /// activation(sum + residual)
    BeforeActivation,
    /// activation(sum) + residual
    AfterActivation,
}

/// Activation and residual addition, applied while the sums are in cache. ONNX has none of it;
/// rewrites fuse following nodes into it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Epilogue {
    /// Applied to every sum.
    pub activation: Option<Activation>,
    /// Whether input [`Epilogue::RESIDUAL_INPUT`] is added to the output.
    pub residual: Option<Residual>,
}

impl Epilogue {
    /// Position of the residual among the operator's inputs: behind data, weight and bias.
    pub const RESIDUAL_INPUT: usize = 3;

    /// The residual tensor among `inputs`, which must have the output's shape.
    ///
    /// # Errors
    /// [`codes::SHAPE`] for another shape, [`codes::ONNX_STRUCTURE`] when it is missing.
    pub fn residual<'a, T: Operand>(
        &self,
        inputs: Inputs<'a, T>,
        output: &[usize],
    ) -> Result<Option<&'a T>> {
        if self.residual.is_none() {
            return Ok(None);
        }
        let residual = inputs.required(Self::RESIDUAL_INPUT)?;
        if residual.shape() != output {
            return Err(Error::new(
                &codes::SHAPE,
                format!("a residual of shape {:?} for {output:?}", residual.shape()),
            ));
        }
        Ok(Some(residual))
    }

    /// Finishes a run of sums; `residual` is as long as `sums` whenever a residual is set.
    pub fn apply(&self, sums: &mut [f32], residual: Option<&[f32]>) {
        let add = |sums: &mut [f32]| {
            for (sum, &other) in sums.iter_mut().zip(residual.unwrap_or_default()) {
                *sum += other;
            }
        };
        if self.residual == Some(Residual::BeforeActivation) {
            add(sums);
        }
        if let Some(activation) = &self.activation {
            activation.apply(sums);
        }
        if self.residual == Some(Residual::AfterActivation) {
            add(sums);
        }
    }
}
