//! An operator of the float network on the processor: integer inputs are dequantized (rule A12),
//! integer results are quantized (A11).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::movement::is_view;
use super::{Alignment, Computation, Operands, OwnHeader, QOperator, ScaleRule, wrong};
use crate::base::error::Result;
use crate::base::tensor::DType;
use crate::frontend::ops::{Fact, Inputs, Op};
use crate::model::qgraph::{QGraph, QValueId};

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct QFloat(pub Op);

impl<T: Into<Op>> From<T> for QFloat {
    fn from(op: T) -> Self {
        Self(op.into())
    }
}

impl OwnHeader for QFloat {}

impl QOperator for QFloat {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn computation(&self) -> Computation<'_> {
        Computation::Float(&self.0)
    }

    fn scales(&self) -> ScaleRule {
        ScaleRule::Processor
    }

    /// What is quantized or read again must be single precision; indices may only leave.
    fn check(&self, at: &Operands<'_>) -> Result<()> {
        let read = |id: QValueId| {
            let layers = at.graph.layers.iter();
            let mut operands = layers.flat_map(|layer| layer.inputs.iter().flatten());
            operands.any(|operand| operand.value() == Some(id))
        };
        let results = self.infer(at)?;
        let stuck = at.layer.outputs.iter().zip(&results).find(|(id, fact)| {
            let used = at.graph.value(**id).integer().is_some() || read(**id);
            fact.dtype != DType::F32 && used
        });
        match stuck {
            None => Ok(()),
            Some((_, fact)) => {
                Err(wrong(format!("a result of type {} cannot be used again", fact.dtype)))
            }
        }
    }

    fn shapes(&self, at: &Operands<'_>) -> Result<Vec<Vec<usize>>> {
        Ok(self.infer(at)?.into_iter().map(|fact| fact.shape).collect())
    }

    /// Quantizing again is work, whatever the operator does.
    fn is_view(&self, at: &Operands<'_>) -> bool {
        let format = |id: QValueId| &at.graph.value(id).format;
        let input = at.layer.input(0).map(format);
        let same = at.layer.outputs.iter().all(|&id| Some(format(id)) == input);
        same && is_view(&self.0, at)
    }

    fn describe(&self, _graph: &QGraph) -> String {
        format!("{} in float", self.kind())
    }

    fn alignment(&self, at: &Operands<'_>, position: usize) -> Alignment {
        let quantized = !at.exponents(position).is_empty();
        Alignment::new(if quantized { "dequantized" } else { "float" }, [])
    }
}

impl QFloat {
    fn infer(&self, at: &Operands<'_>) -> Result<Vec<Fact>> {
        let facts = at.facts(true);
        let inputs: Vec<_> = facts.iter().map(Option::as_ref).collect();
        self.0.infer(Inputs::new(&inputs))
    }
}
