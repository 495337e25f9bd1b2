//! Position of the largest or smallest element along an axis.
//!
//! ONNX: ArgMax, ArgMin (opset 1 on). Of equal elements the first counts, or the last with
//! `select_last_index`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::number::for_number;
use super::reduce::{lanes, reduced_shape};
use super::{Fact, Inputs, Operand, Operator, axis, not_numbers};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::{DType, Tensor};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ArgMax {
    /// The axis; negative counts from the end.
    pub axis: i64,
    /// Whether the axis stays, with extent 1.
    pub keep_dims: bool,
    /// Whether the last of equal elements counts.
    pub last: bool,
    /// Whether the smallest element is looked for.
    pub smallest: bool,
}

impl Operator for ArgMax {
    const ONNX: &'static [&'static str] = &["ArgMax", "ArgMin"];
    const LIMITS: &'static str = "All element types but bool.";

    fn kind(&self) -> &'static str {
        if self.smallest { "ArgMin" } else { "ArgMax" }
    }

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self {
            axis: node.attributes.int("axis")?.unwrap_or(0),
            keep_dims: node.attributes.flag("keepdims", true)?,
            last: node.attributes.flag("select_last_index", false)?,
            smallest: node.op_type == "ArgMin",
        })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default()
            .with("axis", self.axis)
            .with("keepdims", self.keep_dims)
            .with("select_last_index", self.last)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let input = inputs.required(0)?;
        if input.dtype == DType::Bool {
            return Err(not_numbers());
        }
        let (shape, _) = self.geometry(input)?;
        Ok(vec![Fact::new(DType::I64, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let (shape, axis) = self.geometry(input)?;
        let positions = for_number!(input.dtype(), T => {
            lanes(input, &[axis], |lane: &[T]| self.position(lane) as i64)
        })?;
        Ok(vec![positions.reshaped(&shape)?])
    }
}

impl ArgMax {
    fn geometry(&self, input: &impl Operand) -> Result<(Vec<usize>, usize)> {
        let shape = input.shape();
        let axis = axis(self.axis, shape.len())?;
        if shape[axis] == 0 {
            return Err(Error::new(&codes::SHAPE, format!("axis {axis} of {shape:?} is empty")));
        }
        Ok((reduced_shape(shape, &[axis], self.keep_dims), axis))
    }

    fn position<T: PartialOrd + Copy>(&self, lane: &[T]) -> usize {
        let mut best = 0;
        for (index, value) in lane.iter().enumerate().skip(1) {
            let better = if self.smallest { *value < lane[best] } else { *value > lane[best] };
            if better || (self.last && *value == lane[best]) {
                best = index;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_where_asked() {
        let input = Tensor::new(&[2, 3], vec![1f32, 3.0, 3.0, 2.0, 2.0, 1.0]).unwrap();
        let find = |last, smallest| {
            let op = ArgMax { axis: -1, keep_dims: false, last, smallest };
            op.eval(Inputs::new(&[Some(&input)])).unwrap()[0].to_i64s().unwrap()
        };
        assert_eq!(find(false, false), [1, 0]);
        assert_eq!(find(true, false), [2, 1]);
        assert_eq!(find(false, true), [0, 2]);
    }
}
