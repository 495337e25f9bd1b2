//! Elements added before and after each axis, or taken away by negative pads.
//!
//! ONNX: Pad (opset 2 on); pads and value are inputs from opset 11 on, attributes before; axes are
//! an input from opset 18 on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::take::take;
use super::{Fact, Inputs, Operand, Operator, axis};
use crate::base::error::{Error, Result, codes};
use crate::for_dtype;
use crate::frontend::onnx::{Attributes, Node, bad};
use crate::base::tensor::{Element, Tensor, element_count};

/// What the added elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PadMode {
    /// A value, 0 unless given.
    Constant,
    /// The tensor mirrored at its first and last element, which are not repeated.
    Reflect,
    /// The first or last element.
    Edge,
    /// The tensor again.
    Wrap,
}

/// See the module. Inputs: data, constant pads (all begins, then all ends), optional value,
/// optional constant axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Pad {
    /// What the added elements are.
    pub mode: PadMode,
}

impl Operator for Pad {
    const ONNX: &'static [&'static str] = &["Pad"];
    const ATTRIBUTES_NOW_INPUTS: &'static [(&'static str, usize)] = &[("pads", 1), ("value", 2)];
    const LIMITS: &'static str = "Pads and axes must be known at conversion time; negative pads take elements away.";

    fn parse(node: &Node, _opset: i64) -> Result<Self> {
        let mode = match node.attributes.string("mode")?.as_deref() {
            None | Some("constant") => PadMode::Constant,
            Some("reflect") => PadMode::Reflect,
            Some("edge") => PadMode::Edge,
            Some("wrap") => PadMode::Wrap,
            Some(other) => return Err(bad("mode", &format!("is \"{other}\""))),
        };
        Ok(Self { mode })
    }

    fn attributes(&self) -> Attributes {
        let mode = match self.mode {
            PadMode::Constant => "constant",
            PadMode::Reflect => "reflect",
            PadMode::Edge => "edge",
            PadMode::Wrap => "wrap",
        };
        Attributes::default().with("mode", mode)
    }

    fn infer(&self, inputs: Inputs<'_, Fact>) -> Result<Vec<Fact>> {
        let input = inputs.required(0)?;
        let pads = self.pads(inputs)?;
        if let Some(value) = inputs.get(2)
            && (value.dtype != input.dtype || value.len() > 1)
        {
            return Err(Error::new(
                &codes::SHAPE,
                format!("a {}{:?} value for {} data", value.dtype, value.shape, input.dtype),
            ));
        }
        let shape: Vec<_> =
            input.shape.iter().zip(&pads).map(|(&extent, pads)| padded(extent, *pads)).collect();
        Ok(vec![Fact::new(input.dtype, shape)])
    }

    fn eval(&self, inputs: Inputs<'_, Tensor>) -> Result<Vec<Tensor>> {
        let input = inputs.required(0)?;
        let pads = self.pads(inputs)?;
        for_dtype!(input.dtype(), T => {
            let fill = match inputs.get(2) {
                Some(value) => value.values::<T>()?.first().copied().unwrap_or_default(),
                None => T::default(),
            };
            let (shape, values) = self.pad(input.shape(), input.values::<T>()?, &pads, fill)?;
            Ok(vec![Tensor::new(&shape, values)?])
        })
    }
}

impl Pad {
    /// Elements added before and after each axis of the input.
    ///
    /// # Errors
    /// [`codes::NOT_CONSTANT`], or [`codes::SHAPE`] when pads take away more than there is.
    pub fn pads<T: Operand>(&self, inputs: Inputs<'_, T>) -> Result<Vec<(i64, i64)>> {
        let shape = inputs.required(0)?.shape();
        let given = inputs.required(1).and(inputs.integers(1))?.unwrap_or_default();
        let axes = match inputs.integers(3)? {
            Some(axes) => {
                axes.iter().map(|&value| axis(value, shape.len())).collect::<Result<Vec<_>>>()?
            }
            None => (0..shape.len()).collect(),
        };
        let fail = || Error::new(&codes::SHAPE, format!("pads {given:?} for {shape:?}"));
        if given.len() != 2 * axes.len() {
            return Err(fail());
        }
        let mut pads = vec![(0, 0); shape.len()];
        for (index, &axis) in axes.iter().enumerate() {
            pads[axis] = (given[index], given[axes.len() + index]);
        }
        let mut output = Vec::with_capacity(shape.len());
        for (&extent, &(begin, end)) in shape.iter().zip(&pads) {
            let sum = (extent as i64).checked_add(begin).and_then(|sum| sum.checked_add(end));
            let sum = sum.and_then(|sum| usize::try_from(sum).ok()).ok_or_else(fail)?;
            if extent == 0 && sum > 0 && self.mode != PadMode::Constant {
                return Err(fail());
            }
            output.push(sum);
        }
        element_count(&output)?;
        Ok(pads)
    }

    fn pad<T: Element>(
        &self,
        shape: &[usize],
        values: &[T],
        pads: &[(i64, i64)],
        fill: T,
    ) -> Result<(Vec<usize>, Vec<T>)> {
        let mut shape = shape.to_vec();
        let mut values = values.to_vec();
        for (axis, &pads) in pads.iter().enumerate().filter(|&(_, &pads)| pads != (0, 0)) {
            let extent = shape[axis];
            let positions: Vec<_> = (0..padded(extent, pads) as i64)
                .map(|index| self.position(index - pads.0, extent as i64))
                .collect();
            values = take(&values, &mut shape, axis, &positions, fill)?;
        }
        Ok((shape, values))
    }

    /// The element that stands at `index`, which may lie outside of `0..extent`.
    fn position(&self, index: i64, extent: i64) -> Option<usize> {
        let inside = match self.mode {
            PadMode::Constant => return (0..extent).contains(&index).then_some(index as usize),
            PadMode::Edge => index.clamp(0, extent - 1),
            PadMode::Wrap => index.rem_euclid(extent),
            PadMode::Reflect if extent == 1 => 0,
            PadMode::Reflect => {
                let period = 2 * (extent - 1);
                let phase = index.rem_euclid(period);
                phase.min(period - phase)
            }
        };
        Some(inside as usize)
    }
}

/// Extent after padding, which [`Pad::pads`] found not to be negative.
fn padded(extent: usize, (begin, end): (i64, i64)) -> usize {
    usize::try_from(extent as i64 + begin + end).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pad(mode: PadMode, begin: i64, end: i64) -> Option<Vec<i32>> {
        let input = Tensor::vector(vec![1i32, 2, 3]);
        let pads = Tensor::vector(vec![begin, end]);
        let output = Pad { mode }.eval(Inputs::new(&[Some(&input), Some(&pads)])).ok()?.remove(0);
        Some(output.values::<i32>().unwrap().to_vec())
    }

    #[test]
    fn every_mode_fills_in_its_way() {
        assert_eq!(pad(PadMode::Constant, 1, 2).unwrap(), [0, 1, 2, 3, 0, 0]);
        assert_eq!(pad(PadMode::Edge, 2, 1).unwrap(), [1, 1, 1, 2, 3, 3]);
        assert_eq!(pad(PadMode::Reflect, 3, 3).unwrap(), [2, 3, 2, 1, 2, 3, 2, 1, 2]);
        assert_eq!(pad(PadMode::Wrap, 1, 4).unwrap(), [3, 1, 2, 3, 1, 2, 3, 1]);
    }

    #[test]
    fn negative_pads_take_away() {
        assert_eq!(pad(PadMode::Constant, -1, 1).unwrap(), [2, 3, 0]);
        assert_eq!(pad(PadMode::Constant, -4, 3).unwrap(), [0, 0]);
        assert_eq!(pad(PadMode::Constant, -2, -2), None);
        assert_eq!(pad(PadMode::Constant, i64::MAX, i64::MAX), None);
    }
}
