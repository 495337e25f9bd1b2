//! Another order of the axes.
//!
//! ONNX: Transpose (opset 1 on).

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator, axes};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{Element, Tensor};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
            if let Some(blocks) = Blocks::new(&order, input.shape()) {
                let shape: Vec<_> = order.iter().map(|&axis| input.shape()[axis]).collect();
                return Ok(vec![Tensor::new(&shape, blocks.exchange(input.values::<T>()?))?]);
            }
            let view = input.view::<T>()?.permuted_axes(order);
            Ok(vec![Tensor::from_array(view.as_standard_layout().into_owned())])
        })
    }

    fn moves(&self) -> bool {
        true
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

/// The usual permutations: each matrix of `rows` x `columns` elements is transposed, where either
/// extent may stand for several axes (NCHW to NHWC: C rows, H W columns).
struct Blocks {
    rows: usize,
    columns: usize,
}

impl Blocks {
    /// Output rows that one task fills; as many elements of an input row lie side by side.
    const BAND: usize = 32;

    /// `None` when `order` is another permutation, or there is no element.
    fn new(order: &[usize], shape: &[usize]) -> Option<Self> {
        let fixed = order.iter().enumerate().take_while(|&(at, &axis)| at == axis).count();
        let first = *order.get(fixed)?;
        let exchanged = (first..shape.len()).chain(fixed..first);
        let blocks = Self {
            rows: shape[fixed..first].iter().product(),
            columns: shape[first..].iter().product(),
        };
        let empty = shape.contains(&0);
        (!empty && exchanged.eq(order[fixed..].iter().copied())).then_some(blocks)
    }

    fn exchange<T: Element>(&self, values: &[T]) -> Vec<T> {
        let mut output = vec![T::default(); values.len()];
        let size = self.rows * self.columns;
        for (source, target) in values.chunks_exact(size).zip(output.chunks_exact_mut(size)) {
            let bands = target.par_chunks_mut(Self::BAND * self.rows).enumerate();
            bands.for_each(|(band, target)| {
                for (row, source) in source.chunks_exact(self.columns).enumerate() {
                    let targets = target.chunks_exact_mut(self.rows);
                    for (target, &value) in targets.zip(&source[band * Self::BAND..]) {
                        target[row] = value;
                    }
                }
            });
        }
        output
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
    #[test]
    fn exchanged_blocks_are_those_of_the_definition() {
        let shape = [2, 3, 5, 17];
        let values: Vec<i32> = (0..2 * 3 * 5 * 17).collect();
        let input = Tensor::new(&shape, values).unwrap();
        let view = input.view::<i32>().unwrap();
        for order in [[0, 2, 3, 1], [0, 3, 1, 2], [0, 1, 3, 2], [3, 0, 1, 2], [2, 3, 0, 1]] {
            assert!(Blocks::new(&order, &shape).is_some());
            let axes = order.map(|axis| axis as i64).to_vec();
            let output = Transpose { order: Some(axes) }.eval(Inputs::new(&[Some(&input)]));
            let wanted: Vec<i32> = view.view().permuted_axes(&order[..]).iter().copied().collect();
            assert_eq!(output.unwrap()[0].values::<i32>().unwrap(), wanted);
        }
        assert!(Blocks::new(&[0, 3, 2, 1], &shape).is_none());
        assert!(Blocks::new(&[0, 1, 2, 3], &shape).is_none());
        assert!(Blocks::new(&[0, 2, 1], &[1, 0, 3]).is_none());
    }
}
