//! Stored tensors: raw bytes, typed fields or another file, all into [`Tensor`].
//!
//! Half, bfloat16 and double become `f32`. The declared size is compared with the bytes that are
//! there before memory is taken for it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path};

use half::{bf16, f16};

use super::proto::{LOCATION_EXTERNAL, StringStringEntryProto, TensorProto, data_type};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::{DType, Data, Element, Tensor, element_count};

/// Where tensors that are not stored in the model itself are found.
pub struct ExternalData<'a> {
    /// Folder of the model file; `None` for a model that came from memory.
    folder: Option<&'a Path>,
}

impl<'a> ExternalData<'a> {
    /// External files are looked up in `folder`, never outside of it.
    pub fn new(folder: Option<&'a Path>) -> Self {
        Self { folder }
    }

    /// The `length` bytes that `entries` (location, offset, length) point to.
    fn bytes(&mut self, entries: &[StringStringEntryProto], length: usize) -> Result<Vec<u8>> {
        let field = |key| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        let number = |key| -> Result<Option<u64>> {
            field(key)
                .map(|text| {
                    text.parse().map_err(|_| external(format!("{key} is \"{text}\", not a number")))
                })
                .transpose()
        };
        let location = field("location").ok_or_else(|| external("no location is given".into()))?;
        let path = Path::new(location);
        if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(external(format!("{location} is outside of the model's folder")));
        }
        let folder = self.folder.ok_or_else(|| external(format!("{location} has no folder")))?;
        if number("length")?.is_some_and(|declared| declared != length as u64) {
            return Err(external(format!("the declared length is not {length} bytes")));
        }
        let offset = number("offset")?.unwrap_or(0);
        read_range(&folder.join(path), offset, length)
            .map_err(|error| external(format!("cannot read {location}: {error}")))
    }
}

fn read_range(path: &Path, offset: u64, length: usize) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if offset.checked_add(length as u64).is_none_or(|end| end > size) {
        return Err(std::io::Error::other(format!(
            "bytes {offset}..+{length} of a file of {size} bytes"
        )));
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn external(message: String) -> Error {
    Error::new(&codes::ONNX_EXTERNAL, message)
}

fn malformed(message: String) -> Error {
    Error::new(&codes::ONNX_TENSOR, message)
}

/// The [`DType`] under which values of an ONNX element type are held.
pub fn dtype(elem_type: i32) -> Result<DType> {
    Ok(match elem_type {
        data_type::FLOAT | data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE => {
            DType::F32
        }
        data_type::INT64 => DType::I64,
        data_type::INT32 => DType::I32,
        data_type::INT16 => DType::I16,
        data_type::INT8 => DType::I8,
        data_type::UINT64 => DType::U64,
        data_type::UINT32 => DType::U32,
        data_type::UINT16 => DType::U16,
        data_type::UINT8 => DType::U8,
        data_type::BOOL => DType::Bool,
        other => {
            return Err(malformed(format!("element type {other} is not supported")));
        }
    })
}

/// The ONNX element type of a [`DType`].
pub fn elem_type(dtype: DType) -> i32 {
    match dtype {
        DType::F32 => data_type::FLOAT,
        DType::I64 => data_type::INT64,
        DType::I32 => data_type::INT32,
        DType::I16 => data_type::INT16,
        DType::I8 => data_type::INT8,
        DType::U64 => data_type::UINT64,
        DType::U32 => data_type::UINT32,
        DType::U16 => data_type::UINT16,
        DType::U8 => data_type::UINT8,
        DType::Bool => data_type::BOOL,
    }
}

/// A tensor as it is stored, in raw bytes.
pub fn encode_tensor(name: &str, tensor: &Tensor) -> TensorProto {
    macro_rules! raw {
        ($($variant:ident),*) => {
            match tensor.data() {
                $(Data::$variant(values) => {
                    values.iter().flat_map(|value| value.to_le_bytes()).collect()
                })*
                Data::Bool(values) => values.iter().map(|&value| u8::from(value)).collect(),
            }
        };
    }
    TensorProto {
        dims: tensor.shape().iter().map(|&extent| extent as i64).collect(),
        data_type: elem_type(tensor.dtype()),
        name: name.to_owned(),
        raw_data: Some(raw!(F32, I64, I32, I16, I8, U64, U32, U16, U8)),
        ..TensorProto::default()
    }
}

/// Converts a stored tensor.
pub fn tensor(proto: TensorProto, external: &mut ExternalData<'_>) -> Result<Tensor> {
    let name = proto.name.clone();
    convert(proto, external).at(|| format!("tensor \"{name}\""))
}

fn convert(mut proto: TensorProto, external: &mut ExternalData<'_>) -> Result<Tensor> {
    let shape = proto
        .dims
        .iter()
        .map(|&dim| usize::try_from(dim).map_err(|_| malformed(format!("extent {dim}"))))
        .collect::<Result<Vec<_>>>()?;
    let count = element_count(&shape)?;
    let width = stored_width(proto.data_type)?;
    let raw = if proto.data_location == LOCATION_EXTERNAL {
        Some(external.bytes(&proto.external_data, count * width)?)
    } else {
        proto.raw_data.take()
    };
    match raw {
        Some(bytes) if bytes.len() != count * width => Err(malformed(format!(
            "{} bytes stored for {count} elements of {width} bytes",
            bytes.len()
        ))),
        Some(bytes) => from_raw(proto.data_type, &shape, &bytes),
        None => from_fields(proto, &shape, count),
    }
}

fn stored_width(elem_type: i32) -> Result<usize> {
    Ok(match elem_type {
        data_type::DOUBLE => 8,
        data_type::FLOAT16 | data_type::BFLOAT16 => 2,
        other => dtype(other)?.size(),
    })
}

fn from_raw(elem_type: i32, shape: &[usize], bytes: &[u8]) -> Result<Tensor> {
    macro_rules! little_endian {
        ($type:ty, $convert:expr) => {{
            let (chunks, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
            Tensor::new(
                shape,
                chunks.iter().map(|chunk| $convert(<$type>::from_le_bytes(*chunk))).collect(),
            )
        }};
    }
    match elem_type {
        data_type::FLOAT => little_endian!(f32, |value: f32| value),
        data_type::FLOAT16 => little_endian!(f16, f16::to_f32),
        data_type::BFLOAT16 => little_endian!(bf16, bf16::to_f32),
        data_type::DOUBLE => little_endian!(f64, |value: f64| value as f32),
        data_type::INT64 => little_endian!(i64, |value: i64| value),
        data_type::INT32 => little_endian!(i32, |value: i32| value),
        data_type::INT16 => little_endian!(i16, |value: i16| value),
        data_type::INT8 => little_endian!(i8, |value: i8| value),
        data_type::UINT64 => little_endian!(u64, |value: u64| value),
        data_type::UINT32 => little_endian!(u32, |value: u32| value),
        data_type::UINT16 => little_endian!(u16, |value: u16| value),
        data_type::UINT8 => little_endian!(u8, |value: u8| value),
        data_type::BOOL => little_endian!(u8, |value: u8| value != 0),
        other => Err(malformed(format!("element type {other} is not supported"))),
    }
}

/// The typed fields of `TensorProto`; ONNX stores narrow integers, booleans and half floats in
/// `int32_data`.
fn from_fields(proto: TensorProto, shape: &[usize], count: usize) -> Result<Tensor> {
    fn narrow<T: Element + TryFrom<i32>>(values: &[i32]) -> Result<Vec<T>> {
        values
            .iter()
            .map(|&value| {
                T::try_from(value)
                    .map_err(|_| malformed(format!("{value} does not fit {}", T::DTYPE)))
            })
            .collect()
    }
    fn half_bits(values: &[i32], convert: fn(u16) -> f32) -> Result<Vec<f32>> {
        Ok(narrow::<u16>(values)?.into_iter().map(convert).collect())
    }
    fn sized<T: Element>(shape: &[usize], count: usize, values: Vec<T>) -> Result<Tensor>
    where
        crate::base::tensor::Data: From<Vec<T>>,
    {
        if values.len() != count {
            return Err(malformed(format!("{} values stored for {count} elements", values.len())));
        }
        Tensor::new(shape, values)
    }
    let ints = &proto.int32_data;
    match proto.data_type {
        data_type::FLOAT => sized(shape, count, proto.float_data),
        data_type::DOUBLE => {
            sized(shape, count, proto.double_data.iter().map(|&value| value as f32).collect())
        }
        data_type::FLOAT16 => {
            sized(shape, count, half_bits(ints, |bits| f16::from_bits(bits).to_f32())?)
        }
        data_type::BFLOAT16 => {
            sized(shape, count, half_bits(ints, |bits| bf16::from_bits(bits).to_f32())?)
        }
        data_type::INT64 => sized(shape, count, proto.int64_data),
        data_type::INT32 => sized(shape, count, proto.int32_data),
        data_type::INT16 => sized(shape, count, narrow::<i16>(ints)?),
        data_type::INT8 => sized(shape, count, narrow::<i8>(ints)?),
        data_type::UINT16 => sized(shape, count, narrow::<u16>(ints)?),
        data_type::UINT8 => sized(shape, count, narrow::<u8>(ints)?),
        data_type::BOOL => {
            sized(shape, count, ints.iter().map(|&value| value != 0).collect::<Vec<bool>>())
        }
        data_type::UINT64 => sized(shape, count, proto.uint64_data),
        data_type::UINT32 => {
            let values: Result<Vec<u32>> = proto
                .uint64_data
                .iter()
                .map(|&value| {
                    u32::try_from(value).map_err(|_| malformed(format!("{value} does not fit u32")))
                })
                .collect();
            sized(shape, count, values?)
        }
        other => Err(malformed(format!("element type {other} is not supported"))),
    }
}
