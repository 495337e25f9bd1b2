//! One value from all elements along some axes.
//!
//! ONNX: ReduceMax, ReduceMin, ReduceSum, ReduceProd, ReduceMean and the norms ReduceL1, ReduceL2,
//! ReduceSumSquare, ReduceLogSum, ReduceLogSumExp. The axes are an input from opset 18 on (13 for
//! ReduceSum), an attribute before. Sums of floats are taken in double precision; sums of integers
//! wrap.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use std::borrow::Cow;

use super::number::{Number, for_number};
use super::{Fact, Inputs, Operand, Operator, axes, not_numbers};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::{DType, Element, Tensor, element_count};

/// Which value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reduction {
    /// The largest element; minus infinity of none.
    Max,
    /// The smallest element; infinity of none.
    Min,
    /// The sum.
    Sum,
    /// The product.
    Product,
    /// The mean.
    Mean,
    /// Sum of absolute values.
    L1,
    /// Root of the sum of squares.
    L2,
    /// Sum of squares.
    SumSquare,
    /// Logarithm of the sum.
    LogSum,
    /// Logarithm of the sum of exponentials.
    LogSumExp,
}

/// See the module. Inputs: data, optional constant axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Reduce {
    /// Which value.
    pub reduction: Reduction,
    /// Whether reduced axes stay, with extent 1.
    pub keep_dims: bool,
    /// Whether no axes means none instead of all.
    pub noop_with_empty_axes: bool,
}

impl Operator for Reduce {
    const ONNX: &'static [&'static str] = &[
        "ReduceMean",
        "ReduceMax",
        "ReduceMin",
        "ReduceSum",
        "ReduceProd",
        "ReduceL1",
        "ReduceL2",
        "ReduceSumSquare",
        "ReduceLogSum",
        "ReduceLogSumExp",
    ];
    const ATTRIBUTES_NOW_INPUTS: &'static [(&'static str, usize)] = &[("axes", 1)];
    const LIMITS: &'static str = "f32 and integers (ReduceL2, ReduceLogSum and ReduceLogSumExp f32 alone), ReduceMax and ReduceMin also bool; axes must be known at conversion time.";

    fn kind(&self) -> &'static str {
        match self.reduction {
            Reduction::Max => "ReduceMax",
            Reduction::Min => "ReduceMin",
            Reduction::Sum => "ReduceSum",
            Reduction::Product => "ReduceProd",
            Reduction::Mean => "ReduceMean",
            Reduction::L1 => "ReduceL1",
            Reduction::L2 => "ReduceL2",
            Reduction::SumSquare => "ReduceSumSquare",
            Reduction::LogSum => "ReduceLogSum",
            Reduction::LogSumExp => "ReduceLogSumExp",
        }
    }

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let reduction = match &*node.op_type {
            "ReduceMax" => Reduction::Max,
            "ReduceMin" => Reduction::Min,
            "ReduceSum" => Reduction::Sum,
            "ReduceProd" => Reduction::Product,
            "ReduceL1" => Reduction::L1,
            "ReduceL2" => Reduction::L2,
            "ReduceSumSquare" => Reduction::SumSquare,
            "ReduceLogSum" => Reduction::LogSum,
            "ReduceLogSumExp" => Reduction::LogSumExp,
            _ => Reduction::Mean,
        };
        Ok(Self {
            reduction,
            keep_dims: node.attributes.flag("keepdims", true)?,
            noop_with_empty_axes: node.attributes.flag("noop_with_empty_axes", false)?,
        })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default()
            .with("keepdims", self.keep_dims)
            .with("noop_with_empty_axes", self.noop_with_empty_axes)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let (shape, axes) = self.geometry(inputs)?;
        let input = inputs.required(0)?;
        let extremum = matches!(self.reduction, Reduction::Max | Reduction::Min);
        match input.dtype {
            DType::F32 => {}
            DType::Bool if !extremum => return Err(not_numbers()),
            dtype if dtype.is_integer() && self.needs_floats() => {
                return Err(Error::new(
                    &codes::SHAPE,
                    format!("{:?} of {dtype}; only f32 is supported", self.reduction),
                ));
            }
            _ => {
                let lane: usize = axes.iter().map(|&axis| input.shape[axis]).product();
                if lane == 0 && self.reduction == Reduction::Mean {
                    return Err(Error::new(&codes::SHAPE, "a mean of no integers"));
                }
            }
        }
        Ok(vec![Fact::new(input.dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let (shape, axes) = self.geometry(inputs)?;
        let output = match input.dtype() {
            DType::F32 => lanes(input, &axes, |lane| self.floats(lane))?,
            // The largest boolean is the disjunction, the smallest the conjunction.
            DType::Bool => {
                let bits = super::cast::cast(input, DType::U8)?;
                super::cast::cast(&lanes(&bits, &axes, |lane| self.integers::<u8>(lane))?, DType::Bool)?
            }
            dtype => for_number!(dtype, T => lanes(input, &axes, |lane| self.integers::<T>(lane)))?,
        };
        Ok(vec![output.reshaped(&shape)?])
    }
}

impl Reduce {
    /// Output shape and the reduced axes, sorted.
    fn geometry<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<(Vec<usize>, Vec<usize>)> {
        let shape = inputs.required(0)?.shape();
        let given = inputs.integers(1)?.unwrap_or_default();
        let reduced = match given.is_empty() {
            true if self.noop_with_empty_axes => Vec::new(),
            true => (0..shape.len()).collect(),
            false => axes(&given, shape.len())?,
        };
        Ok((reduced_shape(shape, &reduced, self.keep_dims), reduced))
    }

    fn needs_floats(&self) -> bool {
        matches!(self.reduction, Reduction::L2 | Reduction::LogSum | Reduction::LogSumExp)
    }

    fn floats(&self, lane: &[f32]) -> f32 {
        let sum = |f: fn(f64) -> f64| lane.iter().map(|&value| f(value.into())).sum::<f64>();
        let value = match self.reduction {
            Reduction::Max | Reduction::Min | Reduction::Product => return self.integers(lane),
            Reduction::Sum => sum(|x| x),
            Reduction::Mean => sum(|x| x) / lane.len() as f64,
            Reduction::L1 => sum(f64::abs),
            Reduction::L2 => sum(|x| x * x).sqrt(),
            Reduction::SumSquare => sum(|x| x * x),
            Reduction::LogSum => sum(|x| x).ln(),
            Reduction::LogSumExp => {
                let largest = f64::from(lane.iter().copied().fold(f32::LOWEST, Number::larger));
                if !largest.is_finite() {
                    return largest as f32;
                }
                let sum: f64 = lane.iter().map(|&x| (f64::from(x) - largest).exp()).sum();
                sum.ln() + largest
            }
        };
        value as f32
    }

    fn integers<T: Number>(&self, lane: &[T]) -> T {
        let fold = |start: i128, f: fn(i128, i128) -> i128| {
            lane.iter().map(|value| value.to_i128()).fold(start, f)
        };
        let sum = match self.reduction {
            Reduction::Max => return lane.iter().copied().fold(T::LOWEST, Number::larger),
            Reduction::Min => return lane.iter().copied().fold(T::HIGHEST, Number::smaller),
            Reduction::Product => return lane.iter().copied().fold(T::ONE, Number::times),
            Reduction::L1 => fold(0, |sum, x| sum + x.abs()),
            Reduction::SumSquare => fold(0, |sum, x| sum.wrapping_add(x.wrapping_mul(x))),
            Reduction::Mean => fold(0, |sum, x| sum + x) / lane.len().max(1) as i128,
            _ => fold(0, |sum, x| sum + x),
        };
        T::wrapped(sum)
    }
}

/// `shape` without the axes `reduced`, or with extent 1 there.
pub(super) fn reduced_shape(shape: &[usize], reduced: &[usize], keep: bool) -> Vec<usize> {
    let extent = |(axis, &extent): (usize, &usize)| match reduced.contains(&axis) {
        true => keep.then_some(1),
        false => Some(extent),
    };
    shape.iter().enumerate().filter_map(extent).collect()
}

/// Applies `f` to the elements along the axes `reduced` (sorted), for each index of the others;
/// the result has one axis.
pub(super) fn lanes<T: Element, R: Element>(
    input: &Tensor,
    reduced: &[usize],
    f: impl Fn(&[T]) -> R,
) -> Result<Tensor>
where
    crate::base::tensor::Data: From<Vec<R>>,
{
    let shape = input.shape();
    let kept = (0..shape.len()).filter(|axis| !reduced.contains(axis));
    let order: Vec<_> = kept.clone().chain(reduced.iter().copied()).collect();
    let count = element_count(&kept.map(|axis| shape[axis]).collect::<Vec<_>>())?;
    let lane: usize = reduced.iter().map(|&axis| shape[axis]).product();
    let values: Cow<'_, [T]> = if order.is_sorted() {
        input.values::<T>()?.into()
    } else {
        input.view::<T>()?.permuted_axes(order).iter().copied().collect()
    };
    Ok(Tensor::vector((0..count).map(|index| f(&values[index * lane..][..lane])).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduce(reduction: Reduction, input: &Tensor, axes: &[i64], keep_dims: bool) -> Tensor {
        let axes = Tensor::vector(axes.to_vec());
        let op = Reduce { reduction, keep_dims, noop_with_empty_axes: false };
        let inputs = [Some(input), Some(&axes)];
        let output = op.eval(Inputs::new(&inputs)).unwrap().remove(0);
        let facts = inputs.map(|input| input.cloned().map(Fact::from));
        let facts = [facts[0].as_ref(), facts[1].as_ref()];
        let inferred = op.infer(Inputs::new(&facts)).unwrap().remove(0);
        assert_eq!((inferred.dtype, &inferred.shape[..]), (output.dtype(), output.shape()));
        output
    }

    #[test]
    fn axes_are_reduced_wherever_they_are() {
        let input = Tensor::new(&[2, 3, 2], (1..=12).collect::<Vec<i32>>()).unwrap();
        let sum = reduce(Reduction::Sum, &input, &[1], true);
        assert_eq!(sum, Tensor::new(&[2, 1, 2], vec![9, 12, 27, 30]).unwrap());
        let mean = reduce(Reduction::Mean, &input, &[0, -1], false);
        assert_eq!(mean, Tensor::vector(vec![4, 6, 8]));
        let largest = reduce(Reduction::Max, &input, &[], false);
        assert_eq!(largest, Tensor::scalar(12));
    }

    #[test]
    fn nothing_reduces_to_the_neutral_element() {
        let input = Tensor::new(&[2, 0], Vec::<f32>::new()).unwrap();
        let of = |reduction| reduce(reduction, &input, &[1], false).values::<f32>().unwrap()[0];
        assert_eq!(of(Reduction::Sum), 0.0);
        assert_eq!(of(Reduction::Product), 1.0);
        assert_eq!(of(Reduction::Max), f32::NEG_INFINITY);
        assert_eq!(of(Reduction::LogSumExp), f32::NEG_INFINITY);
        assert!(of(Reduction::Mean).is_nan());
    }

    #[test]
    fn integer_sums_wrap() {
        let input = Tensor::vector(vec![i32::MAX, 1]);
        assert_eq!(reduce(Reduction::Sum, &input, &[0], false), Tensor::scalar(i32::MIN));
    }
}
