//! Another order of the axes.
//!
//! ONNX: Transpose (opset 1 on).

use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator, axes};
use crate::error::{Error, Result, codes};
use crate::for_dtype;
use crate::onnx::{Attributes, Node, bad};
use crate::tensor::Tensor;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Transpose {
    /// Input axis of each output axis; `None` reverses all.
    pub order: Option<Vec<i64>>,
}

impl Operator for Transpose {
    const ONNX: &'static [&'static str] = &["Transpose"];

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let order = node.attributes.ints("perm")?;
        if order.iter().flatten().any(|&axis| axis < 0) {
            return Err(bad("perm", "has a negative entry"));
        }
        Ok(Self { order })
    }

    fn attributes(&self) -> Attributes {
        match &self.order {
            Some(order) => Attributes::default().with("perm", order.clone()),
            None => Attributes::default(),
        }
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let input = inputs.required(0)?;
        let shape: Vec<_> =
            self.order(input)?.into_iter().map(|axis| input.shape[axis]).collect();
        Ok(vec![Fact::new(input.dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let order = self.order(input)?;
        for_dtype!(input.dtype(), T => {
            let view = input.view::<T>()?.permuted_axes(order);
            Ok(vec![Tensor::from_array(view.as_standard_layout().into_owned())])
        })
    }
}

impl Transpose {
    /// Whether a tensor of this rank keeps its axes.
    pub fn is_identity(&self, rank: usize) -> bool {
        match &self.order {
            None => rank < 2,
            Some(order) => order.iter().copied().eq(0..rank as i64),
        }
    }

    /// Input axis of each output axis.
    ///
    /// # Errors
    /// [`codes::SHAPE`] when it is no permutation of the input's axes.
    pub fn order(&self, input: &impl Operand) -> Result<Vec<usize>> {
        let rank = input.shape().len();
        match &self.order {
            None => Ok((0..rank).rev().collect()),
            Some(order) if order.len() == rank => {
                axes(order, rank)?;
                Ok(order.iter().map(|&axis| axis as usize).collect())
            }
            Some(order) => Err(Error::new(
                &codes::SHAPE,
                format!("perm {order:?} of a tensor {:?}", input.shape()),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_move_and_elements_follow() {
        let input = Tensor::new(&[1, 2, 3], (0..6).collect::<Vec<i64>>()).unwrap();
        let transpose = Transpose { order: Some(vec![2, 0, 1]) };
        let output = transpose.eval(Inputs::new(&[Some(&input)])).unwrap().remove(0);
        assert_eq!(output.shape(), [3, 1, 2]);
        assert_eq!(output.values::<i64>().unwrap(), [0, 3, 1, 4, 2, 5]);
        for order in [vec![0, 0, 1], vec![0, 1], vec![0, 1, 3]] {
            let transpose = Transpose { order: Some(order) };
            assert!(transpose.eval(Inputs::new(&[Some(&input)])).is_err());
        }
    }
}
