//! An operator that moves integers without looking at them (rule A10), and where channels go when
//! it does.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Alignment, Computation, Operands, OwnHeader, QOperator, ScaleRule, wrong};
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::{DType, Tensor};
use crate::frontend::ops::{Inputs, Op};
use crate::model::qgraph::QValueId;

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct QMove(pub Op);

impl QMove {
    /// The movement that a layer of the float network is.
    pub fn of(op: &Op) -> Option<Self> {
        op.moves().then(|| Self(op.clone()))
    }
}

impl<T: Into<Op>> From<T> for QMove {
    fn from(op: T) -> Self {
        Self(op.into())
    }
}

impl OwnHeader for QMove {}

impl QOperator for QMove {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn computation(&self) -> Computation<'_> {
        Computation::OnIntegers(Cow::Borrowed(&self.0))
    }

    fn scales(&self) -> ScaleRule {
        ScaleRule::Moved
    }

    fn check(&self, _at: &Operands<'_>) -> Result<()> {
        if !self.0.moves() {
            return Err(wrong(format!("{} does not just move integers", self.kind())));
        }
        Ok(())
    }

    fn shapes(&self, at: &Operands<'_>) -> Result<Vec<Vec<usize>>> {
        let facts = at.facts(false);
        let inputs: Vec<_> = facts.iter().map(Option::as_ref).collect();
        let outputs = self.0.infer(Inputs::new(&inputs))?;
        Ok(outputs.into_iter().map(|fact| fact.shape).collect())
    }

    fn is_view(&self, at: &Operands<'_>) -> bool {
        is_view(&self.0, at)
    }

    fn alignment(&self, _at: &Operands<'_>, _position: usize) -> Alignment {
        Alignment::new("none needed", [])
    }
}

/// Whether the results of an operator of the float network are parts of its input's memory: nothing
/// is computed, and the width stays.
pub fn is_view(op: &Op, at: &Operands<'_>) -> bool {
    let facts = at.facts(false);
    let inputs: Vec<_> = facts.iter().map(Option::as_ref).collect();
    let dtype = facts.first().and_then(Option::as_ref).map(|fact| fact.dtype);
    let width =
        |id: QValueId| at.graph.value(id).integer().map_or(DType::F32, |(width, _)| width.dtype());
    let same = at.layer.outputs.iter().all(|&id| Some(width(id)) == dtype);
    same && op.is_view(Inputs::new(&inputs))
}

/// An input of a movement: a tensor with a mark per channel (its scale, say), or a constant.
#[derive(Debug)]
pub enum Moved<'a, T> {
    /// Shape and one mark per channel.
    Quantized(&'a [usize], &'a [T]),
    /// A constant, such as a target shape.
    Constant(&'a Tensor),
}

/// Marks of the outputs of `op` per channel.
///
/// The operator runs on numbers that stand for the marks, so every movement follows one rule.
///
/// # Errors
/// [`codes::QUANTIZED_GRAPH`] when an output channel would mix elements of different marks.
pub fn moved<T: Copy + Eq + Hash>(op: &Op, inputs: &[Option<Moved<'_, T>>]) -> Result<Vec<Vec<T>>> {
    let mut index = HashMap::new();
    let mut marks = Vec::new();
    let mut stand_ins = Vec::with_capacity(inputs.len());
    for input in inputs {
        stand_ins.push(match input {
            None => None,
            Some(Moved::Constant(tensor)) => Some((*tensor).clone()),
            Some(Moved::Quantized(shape, own)) => {
                let numbers: Vec<i32> = own
                    .iter()
                    .map(|mark| {
                        *index.entry(*mark).or_insert_with(|| {
                            marks.push(*mark);
                            marks.len() as i32 - 1
                        })
                    })
                    .collect();
                Some(spread(shape, &numbers)?)
            }
        });
    }
    let references: Vec<_> = stand_ins.iter().map(Option::as_ref).collect();
    op.eval(Inputs::new(&references))?
        .iter()
        .map(|output| {
            let numbers = per_channel(output)?;
            Ok(numbers.into_iter().map(|number| marks[number as usize]).collect())
        })
        .collect()
}

/// A tensor whose elements are the number of their channel (dimension 1).
fn spread(shape: &[usize], numbers: &[i32]) -> Result<Tensor> {
    let plane: usize = shape.iter().skip(2).product();
    let batch = shape.first().copied().unwrap_or(1);
    let frame = numbers.iter().flat_map(|&number| std::iter::repeat_n(number, plane));
    let values = (0..batch).flat_map(|_| frame.clone()).collect();
    Tensor::new(shape, values)
}

/// The one number of each channel.
fn per_channel(output: &Tensor) -> Result<Vec<i32>> {
    let shape = output.shape();
    let plane: usize = shape.iter().skip(2).product();
    let channels = shape.get(1).copied().unwrap_or(1);
    let mut numbers = vec![None; channels];
    for (position, chunk) in output.values::<i32>()?.chunks(plane.max(1)).enumerate() {
        let own = &mut numbers[position % channels.max(1)];
        let first = *own.get_or_insert(chunk[0]);
        if chunk.iter().any(|&number| number != first) {
            return Err(Error::new(
                &codes::QUANTIZED_GRAPH,
                format!("channel {} would mix scales", position % channels),
            ));
        }
    }
    Ok(numbers.into_iter().map(|number| number.unwrap_or(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::ops::concat::Concat;
    use crate::frontend::ops::reshape::Reshape;
    use crate::model::qgraph::Scale;

    fn scale(exponent: i8) -> Scale {
        Scale { exponent, zero: 3 }
    }

    #[test]
    fn scales_travel_with_their_channels() {
        let (a, b) = ([scale(-3)], [scale(-1), scale(-2)]);
        let inputs =
            [Some(Moved::Quantized(&[1, 1, 2, 2], &a)), Some(Moved::Quantized(&[1, 2, 2, 2], &b))];
        let moved = moved(&Concat { axis: 1 }.into(), &inputs).unwrap();
        assert_eq!(moved, [[scale(-3), scale(-1), scale(-2)]]);
    }

    #[test]
    fn mixing_scales_is_refused() {
        let scales = [scale(-3), scale(-1)];
        let shape = Tensor::vector(vec![1i64, 1, 4]);
        let inputs = [Some(Moved::Quantized(&[1, 2, 2], &scales)), Some(Moved::Constant(&shape))];
        let error = moved(&Reshape { allow_zero: false }.into(), &inputs).unwrap_err();
        assert_eq!(error.code().id, "SG0506");
    }
}
