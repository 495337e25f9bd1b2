//! Dense row-major tensors: the one carrier of numbers between stages.
//!
//! A [`Tensor`] is a shape and a shared buffer; cloning one is cheap. Half, bfloat16 and double
//! precision become `f32` when a model is read, so they have no variant here.

mod bytes;
mod dtype;
mod form;
pub mod spare;

use std::fmt;
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::base::error::{Error, Result, codes};
pub use dtype::{DType, Element};

/// Largest number of elements a tensor may have: 2^31 - 1, so that every index fits 32 bits.
pub const MAX_ELEMENTS: usize = i32::MAX as usize;

/// A dense, row-major tensor of any rank; rank 0 is a scalar.
#[derive(Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
}

macro_rules! data {
    ($($variant:ident($type:ty)),* $(,)?) => {
        /// The buffer of a [`Tensor`], one variant per element type.
        #[derive(Clone, PartialEq, Debug)]
        #[allow(missing_docs, reason = "the variants are the element types")]
        pub enum Data { $($variant(Arc<Vec<$type>>)),* }

        impl Data {
            /// Element type of the buffer.
            pub fn dtype(&self) -> DType {
                match self { $(Self::$variant(_) => DType::$variant),* }
            }

            /// Number of elements.
            pub fn len(&self) -> usize {
                match self { $(Self::$variant(values) => values.len()),* }
            }

            /// Whether there is no element.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Elements that the buffer has memory for, where no tensor shares it.
            fn room(&mut self) -> Option<usize> {
                match self {
                    $(Self::$variant(values) => Arc::get_mut(values).map(|own| own.capacity())),*
                }
            }
        }

        $(impl From<Vec<$type>> for Data {
            fn from(values: Vec<$type>) -> Self { Self::$variant(Arc::new(values)) }
        })*

        $(impl Element for $type {
            const DTYPE: DType = DType::$variant;
            fn slice(data: &Data) -> Option<&[Self]> {
                match data { Data::$variant(values) => Some(values), _ => None }
            }
            fn only_owner(data: Data) -> Option<Vec<Self>> {
                match data { Data::$variant(values) => Arc::try_unwrap(values).ok(), _ => None }
            }
        })*
    };
}

data!(
    F32(f32),
    I64(i64),
    I32(i32),
    I16(i16),
    I8(i8),
    U64(u64),
    U32(u32),
    U16(u16),
    U8(u8),
    Bool(bool),
);

/// Runs `$body` with `$T` standing for the element type of `$dtype`.
#[macro_export]
macro_rules! for_dtype {
    ($dtype:expr, $T:ident => $body:expr) => {{
        use $crate::base::tensor::DType;
        macro_rules! with {
            ($type:ty) => {{
                type $T = $type;
                $body
            }};
        }
        match $dtype {
            DType::F32 => with!(f32),
            DType::I64 => with!(i64),
            DType::I32 => with!(i32),
            DType::I16 => with!(i16),
            DType::I8 => with!(i8),
            DType::U64 => with!(u64),
            DType::U32 => with!(u32),
            DType::U16 => with!(u16),
            DType::U8 => with!(u8),
            DType::Bool => with!(bool),
        }
    }};
}

impl Tensor {
    /// A tensor of `shape` over `values` in row-major order.
    ///
    /// # Errors
    /// [`codes::INTERNAL`] when the number of values is not the product of the shape.
    pub fn new<T: Element>(shape: &[usize], values: Vec<T>) -> Result<Self>
    where
        Data: From<Vec<T>>,
    {
        if element_count(shape)? != values.len() {
            return Err(Error::new(
                &codes::INTERNAL,
                format!("{} values for shape {shape:?}", values.len()),
            ));
        }
        Ok(Self { shape: shape.to_vec(), data: values.into() })
    }

    /// A scalar.
    pub fn scalar<T: Element>(value: T) -> Self
    where
        Data: From<Vec<T>>,
    {
        Self { shape: Vec::new(), data: vec![value].into() }
    }

    /// A vector.
    pub fn vector<T: Element>(values: Vec<T>) -> Self
    where
        Data: From<Vec<T>>,
    {
        Self { shape: vec![values.len()], data: values.into() }
    }

    /// The contents of an array, made contiguous if they are not.
    pub(crate) fn from_array<T: Element>(array: ArrayD<T>) -> Self
    where
        Data: From<Vec<T>>,
    {
        let shape = array.shape().to_vec();
        let values = if array.is_standard_layout() {
            let (mut values, offset) = array.into_raw_vec_and_offset();
            let count = shape.iter().product();
            values.drain(..offset.unwrap_or(0));
            values.truncate(count);
            values
        } else {
            array.iter().copied().collect()
        };
        Self { shape, data: values.into() }
    }

    /// Extents, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.data.dtype()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The buffer.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Elements in row-major order.
    ///
    /// # Errors
    /// [`codes::SHAPE`] when the element type is another one.
    pub fn values<T: Element>(&self) -> Result<&[T]> {
        T::slice(&self.data).ok_or_else(|| {
            Error::new(
                &codes::SHAPE,
                format!("expected {} elements, got {}", T::DTYPE, self.dtype()),
            )
        })
    }

    /// Elements as an n-dimensional view.
    ///
    /// # Errors
    /// [`codes::SHAPE`] when the element type is another one.
    pub(crate) fn view<T: Element>(&self) -> Result<ArrayViewD<'_, T>> {
        let values = self.values::<T>()?;
        ArrayViewD::from_shape(IxDyn(&self.shape), values)
            .map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))
    }

    /// Integer elements of any width as `i64`, for shapes, axes and pads.
    ///
    /// # Errors
    /// [`codes::SHAPE`] when the elements are not integers.
    pub fn to_i64s(&self) -> Result<Vec<i64>> {
        match &self.data {
            Data::I64(values) => Ok(values.to_vec()),
            Data::I32(values) => Ok(values.iter().map(|&value| value.into()).collect()),
            Data::I16(values) => Ok(values.iter().map(|&value| value.into()).collect()),
            Data::I8(values) => Ok(values.iter().map(|&value| value.into()).collect()),
            Data::U32(values) => Ok(values.iter().map(|&value| value.into()).collect()),
            Data::U16(values) => Ok(values.iter().map(|&value| value.into()).collect()),
            Data::U8(values) => Ok(values.iter().map(|&value| value.into()).collect()),
            Data::F32(_) | Data::U64(_) | Data::Bool(_) => {
                Err(Error::new(&codes::SHAPE, format!("expected integers, got {}", self.dtype())))
            }
        }
    }

    /// The same elements under another shape; the buffer is shared.
    ///
    /// # Errors
    /// [`codes::SHAPE`] when the number of elements differs.
    pub fn reshaped(&self, shape: &[usize]) -> Result<Self> {
        if element_count(shape)? != self.len() {
            return Err(Error::new(
                &codes::SHAPE,
                format!("cannot reshape {:?} to {shape:?}", self.shape),
            ));
        }
        Ok(Self { shape: shape.to_vec(), data: self.data.clone() })
    }
}

/// Product of `shape`.
///
/// # Errors
/// [`codes::TENSOR_SIZE`] above [`MAX_ELEMENTS`].
pub fn element_count(shape: &[usize]) -> Result<usize> {
    shape
        .iter()
        .try_fold(1usize, |count, &extent| count.checked_mul(extent))
        .filter(|&count| count <= MAX_ELEMENTS)
        .ok_or_else(|| Error::new(&codes::TENSOR_SIZE, format!("a tensor of shape {shape:?}")))
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.dtype(), self.shape)?;
        if self.len() <= 16 {
            write!(f, " {:?}", self.data)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_shape_must_agree() {
        assert!(Tensor::new(&[2, 3], vec![0f32; 5]).is_err());
        assert!(element_count(&[1 << 20, 1 << 20, 1 << 30]).is_err());
        assert_eq!(element_count(&[0, usize::MAX]).ok(), Some(0));
    }

    #[test]
    fn from_array_makes_transposed_data_contiguous() {
        let tensor = Tensor::new(&[2, 3], vec![1, 2, 3, 4, 5, 6i32]).unwrap();
        let transposed = tensor.view::<i32>().unwrap().reversed_axes().to_owned();
        let tensor = Tensor::from_array(transposed);
        assert_eq!(tensor.shape(), [3, 2]);
        assert_eq!(tensor.values::<i32>().unwrap(), [1, 4, 2, 5, 3, 6]);
    }

    #[test]
    fn asking_for_another_element_type_is_an_error() {
        let tensor = Tensor::scalar(1u8);
        assert_eq!(tensor.values::<f32>().unwrap_err().code().id, "SG0301");
    }
}
