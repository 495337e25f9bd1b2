//! Every n-th element between two positions, along some axes.
//!
//! ONNX: Slice (opset 1 on); positions are inputs from opset 10 on, attributes before. Positions
//! behind an end are limited to it; a negative step walks backward.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator, axis};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::Node;
use crate::base::tensor::Tensor;

/// See the module. Inputs: data, starts, ends, optional axes, optional steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slice;

/// What is taken along one axis: elements `start`, `start + step`, ..., `count` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// First element.
    pub start: usize,
    /// Distance of successive elements, never 0.
    pub step: i64,
    /// Number of elements.
    pub count: usize,
}

impl Operator for Slice {
    const ONNX: &'static [&'static str] = &["Slice"];
    const ATTRIBUTES_NOW_INPUTS: &'static [(&'static str, usize)] =
        &[("starts", 1), ("ends", 2), ("axes", 3)];
    const LIMITS: &'static str = "Starts, ends, axes and steps must be known at conversion time.";

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let shape: Vec<_> = self.ranges(inputs)?.iter().map(|range| range.count).collect();
        Ok(vec![Fact::new(inputs.required(0)?.dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let ranges = self.ranges(inputs)?;
        for_dtype!(input.dtype(), T => {
            let mut view = input.view::<T>()?;
            view.slice_each_axis_inplace(|axis| ranges[axis.axis.index()].info());
            Ok(vec![Tensor::from_array(view.to_owned())])
        })
    }

    fn moves(&self) -> bool {
        true
    }
}

impl Slice {
    /// What is taken along each axis of the input.
    ///
    /// # Errors
    /// [`codes::NOT_CONSTANT`], [`codes::SHAPE`], [`codes::ONNX_ATTRIBUTE`].
    pub fn ranges<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<Vec<Range>> {
        let shape = inputs.required(0)?.shape();
        let starts = inputs.required(1).and(inputs.integers(1))?.unwrap_or_default();
        let ends = inputs.required(2).and(inputs.integers(2))?.unwrap_or_default();
        let count = starts.len();
        let axes = inputs.integers(3)?.unwrap_or_else(|| (0..count as i64).collect());
        let steps = inputs.integers(4)?.unwrap_or_else(|| vec![1; count]);
        if ends.len() != count || axes.len() != count || steps.len() != count {
            return Err(Error::new(
                &codes::SHAPE,
                format!("starts {starts:?}, ends {ends:?}, axes {axes:?} and steps {steps:?}"),
            ));
        }
        let mut ranges: Vec<_> =
            shape.iter().map(|&count| Range { start: 0, step: 1, count }).collect();
        for (index, &wanted) in axes.iter().enumerate() {
            let axis = axis(wanted, shape.len())?;
            ranges[axis] = Range::new(starts[index], ends[index], steps[index], shape[axis])?;
        }
        Ok(ranges)
    }
}

impl Range {
    fn new(start: i64, end: i64, step: i64, extent: usize) -> Result<Self> {
        if step == 0 || step == i64::MIN {
            return Err(Error::new(&codes::SHAPE, format!("a slice with step {step}")));
        }
        let extent = extent as i64;
        let from_end = |position: i64| {
            if position < 0 { position.saturating_add(extent) } else { position }
        };
        let (start, span) = if step > 0 {
            let start = from_end(start).clamp(0, extent);
            (start, from_end(end).clamp(0, extent) - start)
        } else {
            let start = from_end(start).clamp(-1, extent - 1);
            (start, start - from_end(end).clamp(-1, extent - 1))
        };
        let count = if span > 0 { (span - 1) / step.abs() + 1 } else { 0 };
        Ok(Self { start: start.max(0) as usize, step, count: count as usize })
    }

    /// The same as ndarray names it: a range in memory order, walked from its end for a negative
    /// step.
    fn info(&self) -> ndarray::Slice {
        if self.count == 0 {
            return ndarray::Slice::from(0..0);
        }
        let reach = (self.count as i64 - 1).saturating_mul(self.step);
        let last = self.start as i64 + reach;
        let (low, high) = (last.min(self.start as i64), last.max(self.start as i64));
        // A single element needs no step, whatever its size.
        let step = if self.count == 1 { 1 } else { self.step as isize };
        ndarray::Slice::new(low as isize, Some(high as isize + 1), step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(start: i64, end: i64, step: i64) -> Vec<i32> {
        let input = Tensor::vector((0..10).collect::<Vec<i32>>());
        let [start, end, step] = [start, end, step].map(|value| Tensor::vector(vec![value]));
        let inputs = [Some(&input), Some(&start), Some(&end), None, Some(&step)];
        let output = Slice.eval(Inputs::new(&inputs)).unwrap().remove(0);
        output.values::<i32>().unwrap().to_vec()
    }

    #[test]
    fn positions_are_those_of_python() {
        assert_eq!(slice(2, 8, 3), [2, 5]);
        assert_eq!(slice(-3, i64::MAX, 1), [7, 8, 9]);
        assert_eq!(slice(8, 2, -2), [8, 6, 4]);
        assert_eq!(slice(i64::MAX, i64::MIN, -4), [9, 5, 1]);
        assert_eq!(slice(-1, -4, -1), [9, 8, 7]);
        assert!(slice(5, 5, 1).is_empty());
        assert!(slice(100, 200, 1).is_empty());
        assert_eq!(slice(0, i64::MAX, i64::MAX), [0]);
        assert_eq!(slice(9, i64::MIN, i64::MIN + 1), [9]);
    }

    #[test]
    fn a_zero_step_is_refused() {
        assert!(Range::new(0, 1, 0, 4).is_err());
    }
}
