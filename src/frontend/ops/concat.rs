//! Tensors one after the other along an axis.
//!
//! ONNX: Concat (opset 4 on).

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, Inputs, Operand, Operator, SHARE, axis};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{Element, Tensor, element_count, spare};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Concat {
    /// The axis; negative counts from the end.
    pub axis: i64,
}

impl Operator for Concat {
    const ONNX: &'static [&'static str] = &["Concat"];

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let axis = node.attributes.int("axis")?.ok_or_else(|| bad("axis", "is missing"))?;
        Ok(Self { axis })
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
        let (shape, _) = self.geometry(inputs)?;
        Ok(vec![Fact::new(inputs.same_dtype()?, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let (shape, axis) = self.geometry(inputs)?;
        let parts = inputs.all()?;
        for_dtype!(inputs.same_dtype()?, T => {
            Ok(vec![Tensor::new(&shape, join::<T>(&parts, axis, element_count(&shape)?)?)?])
        })
    }

    fn moves(&self) -> bool {
        true
    }
}

fn join<T: Element>(parts: &[&Tensor], axis: usize, count: usize) -> Result<Vec<T>> {
    let mut values = spare::buffer(count);
    let parts = parts
        .iter()
        .map(|part| Ok((part.values::<T>()?, part.shape()[axis..].iter().product::<usize>())))
        .collect::<Result<Vec<_>>>()?;
    let mut rest = &mut values[..];
    let mut copies = Vec::new();
    let outer = count / parts.iter().map(|(_, run)| run).sum::<usize>().max(1);
    for index in 0..outer {
        for &(part, run) in &parts {
            let (target, behind) = std::mem::take(&mut rest).split_at_mut(run);
            rest = behind;
            copies.extend(target.chunks_mut(SHARE).zip(part[index * run..][..run].chunks(SHARE)));
        }
    }
    copies.into_par_iter().for_each(|(target, source)| target.copy_from_slice(source));
    Ok(values)
}

impl Concat {
    fn geometry<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<(Vec<usize>, usize)> {
        inputs.same_dtype()?;
        let mut shape = inputs.required(0)?.shape().to_vec();
        let axis = axis(self.axis, shape.len())?;
        for input in &inputs.all()?[1..] {
            let other = input.shape();
            let fits = other.len() == shape.len()
                && (0..shape.len()).all(|index| index == axis || shape[index] == other[index]);
            if !fits {
                return Err(Error::new(
                    &codes::SHAPE,
                    format!("cannot join {other:?} to {shape:?} along axis {axis}"),
                ));
            }
            shape[axis] = shape[axis].saturating_add(other[axis]);
        }
        element_count(&shape)?;
        Ok((shape, axis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_along_the_axis() {
        let a = Tensor::new(&[2, 1], vec![1i32, 2]).unwrap();
        let b = Tensor::new(&[2, 2], vec![3i32, 4, 5, 6]).unwrap();
        let inputs = [Some(&a), Some(&b)];
        let output = Concat { axis: -1 }.eval(Inputs::new(&inputs)).unwrap().remove(0);
        assert_eq!(output.values::<i32>().unwrap(), [1, 3, 4, 2, 5, 6]);
        assert!(Concat { axis: 0 }.eval(Inputs::new(&inputs)).is_err());
        assert!(Concat { axis: 2 }.eval(Inputs::new(&inputs)).is_err());
    }
}
