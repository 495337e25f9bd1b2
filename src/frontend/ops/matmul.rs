//! Products of stacked matrices.
//!
//! ONNX: MatMul (opset 1 on), for f32. The last two axes are the matrix, the others broadcast; a
//! vector on the left is a row, on the right a column, and that axis is dropped again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ndarray::{ArrayView2, ArrayViewMut2, Ix2};

use super::binary::{broadcast, spread};
use super::gemm::{internal, product};
use super::matrix::Order;
use super::{Fact, Inputs, Operand, Operator, conv};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::Node;
use crate::base::tensor::{DType, Tensor, element_count};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MatMul;

/// The product with all axes written out.
struct Problem {
    a: Vec<usize>,
    b: Vec<usize>,
    /// Extents over which both broadcast.
    batch: Vec<usize>,
    m: usize,
    n: usize,
    k: usize,
    output: Vec<usize>,
}

impl Operator for MatMul {
    const ONNX: &'static [&'static str] = &["MatMul"];
    const LIMITS: &'static str = "f32.";

    fn parse(_node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        Ok(vec![Fact::new(DType::F32, problem(inputs)?.output)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        eval_by(inputs, Order::Fastest)
    }

    fn eval_in_order(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        eval_by(inputs, Order::Fixed)
    }

    fn macs(&self, inputs: Inputs<'_, Fact>, outputs: &[Fact]) -> u64 {
        let inner = problem(inputs).map_or(0, |problem| problem.k as u64);
        outputs.iter().map(|output| output.len() as u64 * inner).sum()
    }
}

fn eval_by(inputs: Inputs<'_, Tensor>, order: Order) -> Result<Vec<Tensor>> {
        let Problem { a, b, batch, m, n, k, output } = problem(inputs)?;
        let (a, b) = (inputs.required(0)?.reshaped(&a)?, inputs.required(1)?.reshaped(&b)?);
        let (a, b) = (a.view::<f32>()?, b.view::<f32>()?);
        let a = spread(&a, &[&batch[..], &[m, k]].concat())?;
        let b = spread(&b, &[&batch[..], &[k, n]].concat())?;
        let mut values = vec![0f32; element_count(&output)?];
        if values.is_empty() {
            return Ok(vec![Tensor::new(&output, values)?]);
        }
        for (index, block) in ndarray::indices(&batch[..]).into_iter().zip(values.chunks_exact_mut(m * n)) {
            let [mut a, mut b] = [a.view(), b.view()];
            for axis in 0..batch.len() {
                a.index_axis_inplace(ndarray::Axis(0), index[axis]);
                b.index_axis_inplace(ndarray::Axis(0), index[axis]);
            }
            let a: ArrayView2<'_, f32> = a.into_dimensionality::<Ix2>().map_err(internal)?;
            let b: ArrayView2<'_, f32> = b.into_dimensionality::<Ix2>().map_err(internal)?;
            product(ArrayViewMut2::from_shape((m, n), block).map_err(internal)?, a, b, order);
        }
        Ok(vec![Tensor::new(&output, values)?])
}

fn problem<T: Operand>(inputs: Inputs<'_, T>) -> Result<Problem> {
    conv::only_floats(inputs)?;
    let (x, y) = (inputs.required(0)?.shape(), inputs.required(1)?.shape());
    let fail = || Error::new(&codes::SHAPE, format!("a product of {x:?} and {y:?}"));
    let a = if x.len() == 1 { vec![1, x[0]] } else { x.to_vec() };
    let b = if y.len() == 1 { vec![y[0], 1] } else { y.to_vec() };
    let ([outer_a @ .., m, k], [outer_b @ .., inner, n]) = (&a[..], &b[..]) else {
        return Err(fail());
    };
    if k != inner {
        return Err(fail());
    }
    let (m, n, k) = (*m, *n, *k);
    let batch = broadcast(outer_a, outer_b)?;
    let mut output = batch.clone();
    output.extend((x.len() > 1).then_some(m));
    output.extend((y.len() > 1).then_some(n));
    element_count(&output)?;
    Ok(Problem { a, b, batch, m, n, k, output })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
        let (a, b) = (Fact::new(DType::F32, a), Fact::new(DType::F32, b));
        Ok(MatMul.infer(Inputs::new(&[Some(&a), Some(&b)]))?.remove(0).shape)
    }

    #[test]
    fn axes_broadcast_and_vectors_lose_theirs() {
        assert_eq!(shape(&[5, 1, 2, 3], &[4, 3, 6]).unwrap(), [5, 4, 2, 6]);
        assert_eq!(shape(&[3], &[4, 3, 6]).unwrap(), [4, 6]);
        assert_eq!(shape(&[2, 3], &[3]).unwrap(), [2]);
        assert!(shape(&[3], &[3]).unwrap().is_empty());
        assert!(shape(&[2, 3], &[2, 3]).is_err());
        assert!(shape(&[], &[2]).is_err());
    }

    #[test]
    fn stacked_products_are_right() {
        let a = Tensor::new(&[2, 1, 2], vec![1f32, 2.0, 3.0, 4.0]).unwrap();
        let b = Tensor::new(&[2, 2], vec![1f32, 10.0, 100.0, 1000.0]).unwrap();
        let output = MatMul.eval(Inputs::new(&[Some(&a), Some(&b)])).unwrap().remove(0);
        let expected = vec![201f32, 2010.0, 403.0, 4030.0];
        assert_eq!(output, Tensor::new(&[2, 1, 2], expected).unwrap());
    }
}
