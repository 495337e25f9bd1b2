//! A tensor cut into parts along an axis.
//!
//! ONNX: Split (opset 2 on); the lengths are an input from opset 13 on, an attribute before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ndarray::{Axis, Slice};

use super::{Fact, Inputs, Operand, Operator, axis};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::Tensor;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Split {
    /// The axis; negative counts from the end.
    pub axis: i64,
    /// Number of parts when no lengths are given; the last part may be shorter.
    pub parts: usize,
    /// Whether parts of unequal length need explicit lengths, as before opset 18.
    pub equal: bool,
}

impl Operator for Split {
    const ONNX: &'static [&'static str] = &["Split"];
    const ATTRIBUTES_NOW_INPUTS: &'static [(&'static str, usize)] = &[("split", 1)];
    const LIMITS: &'static str = "The lengths must be known at conversion time.";

    fn parse(node: &Node, opset: i64) -> Result<Self> {
        let parts = node.attributes.int("num_outputs")?;
        let parts = parts.and_then(|parts| usize::try_from(parts).ok());
        Ok(Self {
            axis: node.attributes.int("axis")?.unwrap_or(0),
            parts: parts.unwrap_or(node.outputs.len()),
            equal: opset < 18,
        })
    }

    fn count_axes(&mut self, rank: usize) {
        if let Ok(front) = axis(self.axis, rank) {
            self.axis = front as i64;
        }
    }

    fn attributes(&self) -> Attributes {
        Attributes::default().with("axis", self.axis)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let input = inputs.required(0)?;
        let (axis, lengths) = self.lengths(inputs)?;
        Ok(lengths
            .into_iter()
            .map(|length| {
                let mut shape = input.shape.clone();
                shape[axis] = length;
                Fact::new(input.dtype, shape)
            })
            .collect())
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let (axis, lengths) = self.lengths(inputs)?;
        for_dtype!(input.dtype(), T => {
            let view = input.view::<T>()?;
            let mut begin = 0;
            let mut parts = Vec::with_capacity(lengths.len());
            for length in lengths {
                let part = view.slice_axis(Axis(axis), Slice::from(begin..begin + length));
                parts.push(Tensor::from_array(part.to_owned()));
                begin += length;
            }
            Ok(parts)
        })
    }

    fn moves(&self) -> bool {
        true
    }

    fn is_view(&self, inputs: Inputs<'_, Fact>) -> bool {
        // Parts are contiguous when nothing but 1s stands before the axis.
        inputs.get(0).is_some_and(|input| {
            axis(self.axis, input.shape.len())
                .is_ok_and(|axis| input.shape[..axis].iter().all(|&extent| extent == 1))
        })
    }
}

impl Split {
    fn lengths<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<(usize, Vec<usize>)> {
        let shape = inputs.required(0)?.shape();
        let axis = axis(self.axis, shape.len())?;
        let extent = shape[axis];
        let wrong = |what: String| {
            Error::new(&codes::SHAPE, format!("cannot split {extent} elements {what}"))
        };
        if let Some(given) = inputs.integers(1)? {
            let sum = given.iter().try_fold(0i64, |sum, &length| {
                (length >= 0).then(|| sum.checked_add(length)).flatten()
            });
            if sum.and_then(|sum| usize::try_from(sum).ok()) != Some(extent) {
                return Err(wrong(format!("into {given:?}")));
            }
            return Ok((axis, given.into_iter().map(|length| length as usize).collect()));
        }
        let parts = self.parts;
        let length = extent.div_ceil(parts.max(1));
        let fits = parts > 0 && parts <= extent.max(1) && (parts - 1) * length <= extent;
        if !fits || (self.equal && length * parts != extent) {
            return Err(wrong(format!("into {parts} parts")));
        }
        let mut lengths = vec![length; parts];
        lengths[parts - 1] = extent - (parts - 1) * length;
        Ok((axis, lengths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_takes_what_is_left() {
        let input = Tensor::vector(vec![1i32, 2, 3, 4, 5, 6, 7]);
        let split = Split { axis: 0, parts: 4, equal: false };
        let parts = split.eval(Inputs::new(&[Some(&input)])).unwrap();
        let lengths: Vec<_> = parts.iter().map(Tensor::len).collect();
        assert_eq!(lengths, [2, 2, 2, 1]);
        assert_eq!(parts[3].values::<i32>().unwrap(), [7]);
        let split = Split { equal: true, ..split };
        assert!(split.eval(Inputs::new(&[Some(&input)])).is_err());
        let lengths = Tensor::vector(vec![-1i64, 8]);
        assert!(split.eval(Inputs::new(&[Some(&input), Some(&lengths)])).is_err());
    }
}
