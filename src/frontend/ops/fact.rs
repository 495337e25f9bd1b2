//! What is known of a value before anything runs.

use crate::base::error::{Error, Result, codes};
use crate::base::tensor::{DType, Tensor, element_count};

/// Element type and shape of a value, and the value itself where it is known at conversion time.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Element type.
    pub dtype: DType,
    /// Extents, outermost first; always numbers.
    pub shape: Vec<usize>,
    /// The value, when it does not depend on the network's input.
    pub value: Option<Tensor>,
}

impl Fact {
    /// A value that depends on the network's input.
    pub fn new(dtype: DType, shape: impl Into<Vec<usize>>) -> Self {
        Self { dtype, shape: shape.into(), value: None }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Size in bytes.
    pub fn bytes(&self) -> usize {
        self.len() * self.dtype.size()
    }

    /// Refuses a shape that cannot be allocated.
    ///
    /// # Errors
    /// [`codes::TENSOR_SIZE`].
    pub fn check_size(&self) -> Result<()> {
        element_count(&self.shape).map(|_| ())
    }
}

impl From<Tensor> for Fact {
    fn from(value: Tensor) -> Self {
        Self { dtype: value.dtype(), shape: value.shape().to_vec(), value: Some(value) }
    }
}

/// A [`Fact`] or a [`Tensor`]: lets one function serve the shape rule and the evaluation.
pub trait Operand {
    /// Element type.
    fn dtype(&self) -> DType;
    /// Extents, outermost first.
    fn shape(&self) -> &[usize];
    /// The value.
    ///
    /// # Errors
    /// [`codes::NOT_CONSTANT`] for a fact whose value depends on the network's input.
    fn value(&self) -> Result<&Tensor>;
}

impl Operand for Fact {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn value(&self) -> Result<&Tensor> {
        self.value.as_ref().ok_or_else(|| {
            Error::new(
                &codes::NOT_CONSTANT,
                format!("a {}{:?} input must be constant", self.dtype, self.shape),
            )
        })
    }
}

impl Operand for Tensor {
    fn dtype(&self) -> DType {
        self.dtype()
    }

    fn shape(&self) -> &[usize] {
        self.shape()
    }

    fn value(&self) -> Result<&Tensor> {
        Ok(self)
    }
}
