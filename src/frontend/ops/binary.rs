//! Elementwise arithmetic of two tensors with NumPy broadcasting.
//!
//! ONNX: Add, Sub, Mul, Div (opset 7 on). Integer division truncates toward zero; integer
//! overflow wraps, as in the ONNX reference.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ndarray::{ArrayViewD, Zip};
use rayon::prelude::*;

use super::{Fact, Inputs, Operand, Operator, SHARE};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Data, Element, Tensor};

/// Which arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the variants are the ONNX operators of the same name")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
}

impl Operator for Binary {
    const ONNX: &'static [&'static str] = &["Add", "Sub", "Mul", "Div"];
    const LIMITS: &'static str = "All element types but bool; integer overflow wraps, integer division by zero is an error.";

    fn kind(&self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Sub => "Sub",
            Self::Mul => "Mul",
            Self::Div => "Div",
        }
    }

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(match &*node.op_type {
            "Sub" => Self::Sub,
            "Mul" => Self::Mul,
            "Div" => Self::Div,
            _ => Self::Add,
        })
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let dtype = inputs.same_dtype()?;
        if dtype == DType::Bool {
            return Err(Error::new(&codes::SHAPE, "arithmetic on booleans"));
        }
        let shape = broadcast(inputs.required(0)?.shape(), inputs.required(1)?.shape())?;
        Ok(vec![Fact::new(dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let (a, b) = (inputs.required(0)?, inputs.required(1)?);
        macro_rules! integers {
            ($($type:ty),*) => {
                match inputs.same_dtype()? {
                    DType::F32 => match self {
                        Self::Add => zip(a, b, |x: f32, y| x + y),
                        Self::Sub => zip(a, b, |x: f32, y| x - y),
                        Self::Mul => zip(a, b, |x: f32, y| x * y),
                        Self::Div => zip(a, b, |x: f32, y| x / y),
                    },
                    DType::Bool => Err(Error::new(&codes::SHAPE, "arithmetic on booleans")),
                    $(<$type as Element>::DTYPE => match self {
                        Self::Add => zip(a, b, <$type>::wrapping_add),
                        Self::Sub => zip(a, b, <$type>::wrapping_sub),
                        Self::Mul => zip(a, b, <$type>::wrapping_mul),
                        Self::Div => {
                            if b.values::<$type>()?.contains(&0) {
                                return Err(Error::new(&codes::SHAPE, "integer division by zero"));
                            }
                            zip(a, b, <$type>::wrapping_div)
                        }
                    },)*
                }
            };
        }
        integers!(i64, i32, i16, i8, u64, u32, u16, u8).map(|output| vec![output])
    }
}

/// Applies `f` to every pair of elements under broadcasting.
///
/// # Errors
/// [`codes::SHAPE`] when the shapes do not broadcast or the element types differ.
pub fn zip<T: Element, R: Element>(
    a: &Tensor,
    b: &Tensor,
    f: impl Fn(T, T) -> R + Sync,
) -> Result<Tensor>
where
    Data: From<Vec<R>>,
{
    if a.shape() == b.shape() {
        let pairs = a.values::<T>()?.par_iter().zip(b.values::<T>()?).with_min_len(SHARE);
        return Tensor::new(a.shape(), pairs.map(|(&x, &y)| f(x, y)).collect());
    }
    let shape = broadcast(a.shape(), b.shape())?;
    let (a, b) = (a.view::<T>()?, b.view::<T>()?);
    let (a, b) = (spread(&a, &shape)?, spread(&b, &shape)?);
    Ok(Tensor::from_array(Zip::from(&a).and(&b).map_collect(|&x, &y| f(x, y))))
}

/// A view under a larger shape that repeats elements.
///
/// # Errors
/// [`codes::SHAPE`].
pub fn spread<'a, T: Element>(
    view: &'a ArrayViewD<'_, T>,
    shape: &[usize],
) -> Result<ArrayViewD<'a, T>> {
    view.broadcast(shape).ok_or_else(|| {
        Error::new(&codes::SHAPE, format!("{:?} does not broadcast to {shape:?}", view.shape()))
    })
}

/// The shape to which both shapes broadcast (ONNX "multidirectional broadcasting").
///
/// # Errors
/// [`codes::SHAPE`] when two extents differ and neither is 1.
pub fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let extent = |shape: &[usize], index: usize| {
        (index + shape.len()).checked_sub(rank).map_or(1, |position| shape[position])
    };
    (0..rank)
        .map(|index| match (extent(a, index), extent(b, index)) {
            (x, y) if x == y => Ok(x),
            (1, other) | (other, 1) => Ok(other),
            _ => Err(Error::new(&codes::SHAPE, format!("{a:?} and {b:?} do not broadcast"))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_from_the_right() {
        assert_eq!(broadcast(&[2, 3, 4], &[3, 1]).unwrap(), [2, 3, 4]);
        assert_eq!(broadcast(&[], &[5]).unwrap(), [5]);
        assert_eq!(broadcast(&[0], &[1]).unwrap(), [0]);
        assert!(broadcast(&[2], &[3]).is_err());
    }

    #[test]
    fn integers_truncate_and_wrap() {
        let a = Tensor::vector(vec![-7i8, i8::MIN, 100]);
        let b = Tensor::vector(vec![2i8, -1, 1]);
        let inputs = [Some(&a), Some(&b)];
        let quotient = Binary::Div.eval(Inputs::new(&inputs)).unwrap();
        assert_eq!(quotient[0].values::<i8>().unwrap(), [-3, i8::MIN, 100]);
    }
}
