//! Product of two matrices plus a third: alpha A B + beta C.
//!
//! ONNX: Gemm (opset 7 on), for f32; `transA` and `transB` transpose the factors, C broadcasts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::binary::{broadcast, spread};
use super::epilogue::Epilogue;
use super::matrix::Order;
use super::{Fact, Inputs, Operand, Operator, conv};
use crate::base::error::{Error, Result, codes};
use crate::frontend::onnx::{Attributes, Node};
use crate::base::tensor::{DType, Tensor, element_count};

/// Columns of one piece of work.
const BLOCK: usize = 256;

/// See the module. Inputs: A, B, optional C, and the residual when the epilogue adds one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Gemm {
    /// Whether A is stored transposed.
    pub transpose_a: bool,
    /// Whether B is stored transposed.
    pub transpose_b: bool,
    /// Factor of the product.
    #[serde(with = "super::float_form")]
    #[schemars(with = "super::float_form::Form")]
    pub alpha: f32,
    /// Factor of C.
    #[serde(with = "super::float_form")]
    #[schemars(with = "super::float_form::Form")]
    pub beta: f32,
    /// Activation and residual addition.
    pub epilogue: Epilogue,
}

impl Operator for Gemm {
    const ONNX: &'static [&'static str] = &["Gemm"];
    const LIMITS: &'static str = "f32.";

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        Ok(Self {
            transpose_a: node.attributes.flag("transA", false)?,
            transpose_b: node.attributes.flag("transB", false)?,
            alpha: node.attributes.float("alpha")?.unwrap_or(1.0),
            beta: node.attributes.float("beta")?.unwrap_or(1.0),
            epilogue: Epilogue::default(),
        })
    }

    fn attributes(&self) -> Attributes {
        Attributes::default()
            .with("transA", self.transpose_a)
            .with("transB", self.transpose_b)
            .with("alpha", self.alpha)
            .with("beta", self.beta)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let [m, n, _] = self.extents(inputs)?;
        Ok(vec![Fact::new(DType::F32, [m, n])])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        self.eval_by(inputs, Order::Fastest)
    }

    fn eval_in_order(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        self.eval_by(inputs, Order::Fixed)
    }

    fn macs(&self, inputs: Inputs<'_, Fact>, _outputs: &[Fact]) -> u64 {
        self.extents(inputs).map_or(0, |extents| extents.map(|extent| extent as u64).iter().product())
    }
}

impl Gemm {
    fn eval_by(&self, inputs: Inputs<'_, Tensor>, order: Order) -> Result<Vec<Tensor>> {
        let [m, n, _] = self.extents(inputs)?;
        let residual = self.epilogue.residual(inputs, &[m, n])?;
        let a = operand(inputs.required(0)?, self.transpose_a)?;
        let b = operand(inputs.required(1)?, self.transpose_b)?;
        let mut values = vec![0f32; element_count(&[m, n])?];
        product(ArrayViewMut2::from_shape((m, n), &mut values).map_err(internal)?, a, b, order);
        if self.alpha != 1.0 {
            values.iter_mut().for_each(|value| *value *= self.alpha);
        }
        if let Some(c) = inputs.get(2) {
            let c = c.view::<f32>()?;
            for (value, &c) in values.iter_mut().zip(&spread(&c, &[m, n])?) {
                *value += self.beta * c;
            }
        }
        self.epilogue.apply(&mut values, residual.map(Tensor::values).transpose()?);
        Ok(vec![Tensor::new(&[m, n], values)?])
    }

    /// Rows, columns and the inner extent.
    fn extents<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<[usize; 3]> {
        conv::only_floats(inputs)?;
        let (a, b) = (inputs.with_rank(0, 2)?.shape(), inputs.with_rank(1, 2)?.shape());
        let (m, k) = if self.transpose_a { (a[1], a[0]) } else { (a[0], a[1]) };
        let (inner, n) = if self.transpose_b { (b[1], b[0]) } else { (b[0], b[1]) };
        if inner != k {
            return Err(Error::new(&codes::SHAPE, format!("a product of {a:?} and {b:?}")));
        }
        if let Some(c) = inputs.get(2)
            && broadcast(c.shape(), &[m, n])? != [m, n]
        {
            return Err(Error::new(&codes::SHAPE, format!("C {:?} for [{m}, {n}]", c.shape())));
        }
        element_count(&[m, n])?;
        self.epilogue.residual(inputs, &[m, n])?;
        Ok([m, n, k])
    }
}

fn operand(tensor: &Tensor, transpose: bool) -> Result<ArrayView2<'_, f32>> {
    let &[rows, columns] = tensor.shape() else {
        return Err(Error::new(&codes::SHAPE, format!("a matrix {:?}", tensor.shape())));
    };
    let view = ArrayView2::from_shape((rows, columns), tensor.values()?).map_err(internal)?;
    Ok(if transpose { view.reversed_axes() } else { view })
}

/// `output = a * b`, blocks of columns in parallel; the blocks depend on the shapes alone.
pub(super) fn product(
    mut output: ArrayViewMut2<'_, f32>,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    order: Order,
) {
    let outputs: Vec<_> = output.axis_chunks_iter_mut(Axis(1), BLOCK).collect();
    let factors: Vec<_> = b.axis_chunks_iter(Axis(1), BLOCK).collect();
    outputs
        .into_par_iter()
        .zip(factors)
        .for_each(|(output, b)| order.multiply(output, a, b));
}

pub(super) fn internal(error: ndarray::ShapeError) -> Error {
    Error::new(&codes::INTERNAL, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_and_scales_are_applied() {
        let a = Tensor::new(&[3, 2], vec![1f32, 4.0, 2.0, 5.0, 3.0, 6.0]).unwrap();
        let b = Tensor::new(&[2, 3], vec![1f32, 0.0, 1.0, 0.0, 1.0, 1.0]).unwrap();
        let c = Tensor::vector(vec![10f32, 20.0]);
        let op = Gemm {
            transpose_a: true,
            transpose_b: true,
            alpha: 2.0,
            beta: 0.5,
            epilogue: Epilogue::default(),
        };
        let output = op.eval(Inputs::new(&[Some(&a), Some(&b), Some(&c)])).unwrap().remove(0);
        assert_eq!(output, Tensor::new(&[2, 2], vec![13f32, 20.0, 25.0, 32.0]).unwrap());
    }
}
