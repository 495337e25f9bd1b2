//! The inputs handed to an operator; optional ones may be absent.

use super::Operand;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::{DType, Tensor};

/// The inputs of one operator, facts or tensors.
pub struct Inputs<'a, T>(&'a [Option<&'a T>]);

impl<T> Clone for Inputs<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Inputs<'_, T> {}

impl<'a, T: Operand> Inputs<'a, T> {
    /// Wraps the inputs in ONNX order, `None` for an omitted one.
    pub fn new(inputs: &'a [Option<&'a T>]) -> Self {
        Self(inputs)
    }

    /// Number of positions, omitted ones included.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there is no position.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The input at `position`, if it is there.
    pub fn get(self, position: usize) -> Option<&'a T> {
        self.0.get(position).copied().flatten()
    }

    /// The input at `position`.
    ///
    /// # Errors
    /// [`codes::ONNX_STRUCTURE`] when it is omitted.
    pub fn required(self, position: usize) -> Result<&'a T> {
        self.get(position).ok_or_else(|| {
            Error::new(&codes::ONNX_STRUCTURE, format!("input {position} is missing"))
        })
    }

    /// All inputs, none of which may be omitted.
    ///
    /// # Errors
    /// [`codes::ONNX_STRUCTURE`].
    pub fn all(self) -> Result<Vec<&'a T>> {
        (0..self.len()).map(|position| self.required(position)).collect()
    }

    /// The input at `position` with exactly `rank` dimensions.
    ///
    /// # Errors
    /// [`codes::SHAPE`] for another rank.
    pub fn with_rank(self, position: usize, rank: usize) -> Result<&'a T> {
        let input = self.required(position)?;
        if input.shape().len() != rank {
            return Err(Error::new(
                &codes::SHAPE,
                format!("input {position} has shape {:?}, expected rank {rank}", input.shape()),
            ));
        }
        Ok(input)
    }

    /// The value at `position`, which must be known, if it is there.
    ///
    /// # Errors
    /// [`codes::NOT_CONSTANT`] when it depends on the network's input.
    pub fn constant(self, position: usize) -> Result<Option<&'a Tensor>> {
        self.get(position)
            .map(|input| input.value().map_err(|error| error.at(format!("input {position}"))))
            .transpose()
    }

    /// Constant integers at `position`, such as axes or pads, if they are there.
    ///
    /// # Errors
    /// [`codes::NOT_CONSTANT`], or [`codes::SHAPE`] when they are no integers.
    pub fn integers(self, position: usize) -> Result<Option<Vec<i64>>> {
        self.constant(position)?.map(Tensor::to_i64s).transpose()
    }

    /// Refuses inputs whose element types differ from that of the first.
    ///
    /// # Errors
    /// [`codes::SHAPE`].
    pub fn same_dtype(self) -> Result<DType> {
        let dtype = self.required(0)?.dtype();
        match self.0.iter().flatten().find(|input| input.dtype() != dtype) {
            None => Ok(dtype),
            Some(other) => Err(Error::new(
                &codes::SHAPE,
                format!("element types {dtype} and {} are mixed", other.dtype()),
            )),
        }
    }
}

/// Turns an axis that may count from the end into an index below `rank`.
///
/// # Errors
/// [`codes::ONNX_ATTRIBUTE`] outside of `-rank..rank`.
pub fn axis(axis: i64, rank: usize) -> Result<usize> {
    let rank_signed = rank as i64;
    if (-rank_signed..rank_signed).contains(&axis) {
        Ok(axis.rem_euclid(rank_signed) as usize)
    } else {
        Err(Error::new(&codes::ONNX_ATTRIBUTE, format!("axis {axis} of a rank-{rank} tensor")))
    }
}

/// Several axes, each as [`axis`] does it, sorted; no axis may come twice.
///
/// # Errors
/// [`codes::ONNX_ATTRIBUTE`].
pub fn axes(values: &[i64], rank: usize) -> Result<Vec<usize>> {
    let mut axes = values.iter().map(|&value| axis(value, rank)).collect::<Result<Vec<_>>>()?;
    axes.sort_unstable();
    if axes.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::new(&codes::ONNX_ATTRIBUTE, format!("axes {values:?} repeat an axis")));
    }
    Ok(axes)
}
