//! Tensors as little-endian bytes.

use super::{DType, Data, Tensor, element_count};
use crate::base::error::{Error, Result, codes};

macro_rules! numbers {
    ($($variant:ident: $type:ty),*) => {
        impl Tensor {
            /// The elements in row-major order, little-endian; a boolean is one byte, 0 or 1.
            pub fn to_le_bytes(&self) -> Vec<u8> {
                match &self.data {
                    $(Data::$variant(values) => {
                        values.iter().flat_map(|value| value.to_le_bytes()).collect()
                    })*
                    Data::Bool(values) => values.iter().map(|&value| value.into()).collect(),
                }
            }

            /// The tensor whose elements are `bytes` as [`Tensor::to_le_bytes`] writes them.
            ///
            /// # Errors
            /// [`codes::TENSOR_SIZE`]; [`codes::SHAPE`] when the number of bytes is not that of
            /// the shape, or a boolean is neither 0 nor 1.
            pub fn from_le_bytes(dtype: DType, shape: &[usize], bytes: &[u8]) -> Result<Self> {
                let wrong = |message: String| Error::new(&codes::SHAPE, message);
                if element_count(shape)?.checked_mul(dtype.size()) != Some(bytes.len()) {
                    return Err(wrong(format!("{} bytes for {dtype}{shape:?}", bytes.len())));
                }
                let data = match dtype {
                    $(DType::$variant => {
                        let (chunks, _) = bytes.as_chunks();
                        let values = chunks.iter().map(|&chunk| <$type>::from_le_bytes(chunk));
                        values.collect::<Vec<_>>().into()
                    })*
                    DType::Bool => {
                        if bytes.iter().any(|&byte| byte > 1) {
                            return Err(wrong("a boolean is neither 0 nor 1".to_owned()));
                        }
                        bytes.iter().map(|&byte| byte == 1).collect::<Vec<_>>().into()
                    }
                };
                Ok(Self { shape: shape.to_vec(), data })
            }
        }
    };
}

numbers!(F32: f32, I64: i64, I32: i32, I16: i16, I8: i8, U64: u64, U32: u32, U16: u16, U8: u8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_type_survives() {
        let tensors = [
            Tensor::vector(vec![1.5f32, -0.0, f32::INFINITY]),
            Tensor::vector(vec![i64::MIN, -1, 7]),
            Tensor::vector(vec![i32::MIN, 9]),
            Tensor::vector(vec![-2i16, 300]),
            Tensor::vector(vec![-128i8, 127]),
            Tensor::vector(vec![u64::MAX, 0]),
            Tensor::vector(vec![u32::MAX, 1]),
            Tensor::vector(vec![u16::MAX, 2]),
            Tensor::vector(vec![255u8, 3]),
            Tensor::new(&[2, 1], vec![true, false]).unwrap(),
        ];
        for tensor in tensors {
            let bytes = tensor.to_le_bytes();
            let back = Tensor::from_le_bytes(tensor.dtype(), tensor.shape(), &bytes);
            assert_eq!(back.unwrap(), tensor);
            let short = Tensor::from_le_bytes(tensor.dtype(), tensor.shape(), &bytes[1..]);
            assert_eq!(short.unwrap_err().code().id, "SG0301");
        }
        assert!(Tensor::from_le_bytes(DType::Bool, &[1], &[2]).is_err());
    }
}
