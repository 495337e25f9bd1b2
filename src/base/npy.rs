//! Tensors in and out as NumPy's `.npy` files (numpy.lib.format, versions 1.0 to 3.0).
//!
//! Read are little-endian and one-byte elements in C order; half and double precision become `f32`,
//! as everywhere. Written is version 1.0.

use std::path::Path;

use half::f16;

use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::base::tensor::{DType, Tensor, element_count};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Header and data start at multiples of this many bytes.
const ALIGNMENT: usize = 64;

/// Reads a file.
///
/// # Errors
/// [`codes::FILE_READ`] and [`codes::NPY`].
pub fn read(path: &Path) -> Result<Tensor> {
    decode(&files::read(path)?).at(|| path.display().to_string())
}

/// Writes a file.
///
/// # Errors
/// [`codes::FILE_WRITE`].
pub fn write(path: &Path, tensor: &Tensor) -> Result<()> {
    files::write(path, &encode(tensor)?)
}

/// Reads a file's bytes.
///
/// # Errors
/// [`codes::NPY`] for anything that is not a whole, supported `.npy` file.
pub fn decode(bytes: &[u8]) -> Result<Tensor> {
    let (header, data) = split(bytes).ok_or_else(|| bad("not an .npy file, or cut off"))?;
    let header = Header::parse(header)?;
    let count = element_count(&header.shape)?;
    let width = header.width()?;
    if data.len() != count * width {
        return Err(bad(format!("{} bytes for {count} elements of {width} bytes", data.len())));
    }
    header.tensor(data)
}

/// The bytes of a file.
///
/// # Errors
/// None in practice; the element types are checked again.
pub fn encode(tensor: &Tensor) -> Result<Vec<u8>> {
    let dims: Vec<_> = tensor.shape().iter().map(|extent| format!("{extent},")).collect();
    let mut header = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
        descriptor(tensor.dtype()),
        dims.join(" ")
    );
    let prefix = MAGIC.len() + 4;
    let padding = (prefix + header.len() + 1).next_multiple_of(ALIGNMENT);
    header.extend(std::iter::repeat_n(' ', padding - prefix - header.len() - 1));
    header.push('\n');
    let length = u16::try_from(header.len()).map_err(|_| bad("the rank is too large"))?;
    let mut bytes = [MAGIC, &[1, 0], &length.to_le_bytes(), header.as_bytes()].concat();
    macro_rules! append {
        ($($type:ty)*) => {
            match tensor.dtype() {
                $(<$type as crate::base::tensor::Element>::DTYPE => {
                    bytes.extend(tensor.values::<$type>()?.iter().flat_map(|v| v.to_le_bytes()));
                })*
                DType::Bool => {
                    bytes.extend(tensor.values::<bool>()?.iter().map(|&value| u8::from(value)));
                }
            }
        };
    }
    append!(f32 i64 i32 i16 i8 u64 u32 u16 u8);
    Ok(bytes)
}

/// Header text and data.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
        }
        _ => return None,
    };
    let (header, data) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, data))
}

/// The Python dictionary at the start of a file.
struct Header<'a> {
    descriptor: &'a str,
    shape: Vec<usize>,
}

impl<'a> Header<'a> {
    fn parse(text: &'a str) -> Result<Self> {
        let field = |key: &str| -> Result<&'a str> {
            let quoted = [format!("'{key}':"), format!("\"{key}\":")];
            quoted
                .iter()
                .find_map(|key| text.split_once(key.as_str()))
                .map(|(_, rest)| rest.trim_start())
                .ok_or_else(|| bad(format!("the header has no {key}")))
        };
        if !field("fortran_order")?.starts_with("False") {
            return Err(bad("the elements are in Fortran order")
                .help("save it with numpy.ascontiguousarray"));
        }
        let descriptor = field("descr")?;
        let quote = descriptor.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
        let descriptor = quote
            .and_then(|quote| descriptor[1..].split_once(quote))
            .map(|(descriptor, _)| descriptor)
            .ok_or_else(|| bad("the elements are records"))?;
        let shape = field("shape")?
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .ok_or_else(|| bad("the shape is not a tuple"))?
            .0;
        let shape = shape
            .split(',')
            .map(str::trim)
            .filter(|extent| !extent.is_empty())
            .map(|extent| extent.parse().map_err(|_| bad(format!("the extent {extent}"))))
            .collect::<Result<_>>()?;
        Ok(Self { descriptor, shape })
    }

    /// Bytes per element.
    fn width(&self) -> Result<usize> {
        let width = match self.descriptor {
            "<f8" | "<i8" | "<u8" => 8,
            "<f4" | "<i4" | "<u4" => 4,
            "<f2" | "<i2" | "<u2" => 2,
            "|i1" | "|u1" | "|b1" => 1,
            other => {
                return Err(bad(format!("elements of type {other}"))
                    .help("save it as float32, or as integers, little-endian"));
            }
        };
        Ok(width)
    }

    fn tensor(&self, data: &[u8]) -> Result<Tensor> {
        macro_rules! little_endian {
            ($type:ty, $convert:expr) => {{
                let (chunks, _) = data.as_chunks::<{ size_of::<$type>() }>();
                let values =
                    chunks.iter().map(|chunk| $convert(<$type>::from_le_bytes(*chunk))).collect();
                Tensor::new(&self.shape, values)
            }};
        }
        match self.descriptor {
            "<f8" => little_endian!(f64, |value: f64| value as f32),
            "<f4" => little_endian!(f32, |value: f32| value),
            "<f2" => little_endian!(f16, f16::to_f32),
            "<i8" => little_endian!(i64, |value: i64| value),
            "<i4" => little_endian!(i32, |value: i32| value),
            "<i2" => little_endian!(i16, |value: i16| value),
            "|i1" => little_endian!(i8, |value: i8| value),
            "<u8" => little_endian!(u64, |value: u64| value),
            "<u4" => little_endian!(u32, |value: u32| value),
            "<u2" => little_endian!(u16, |value: u16| value),
            "|u1" => little_endian!(u8, |value: u8| value),
            _ => little_endian!(u8, |value: u8| value != 0),
        }
    }
}

fn descriptor(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "<f4",
        DType::I64 => "<i8",
        DType::I32 => "<i4",
        DType::I16 => "<i2",
        DType::I8 => "|i1",
        DType::U64 => "<u8",
        DType::U32 => "<u4",
        DType::U16 => "<u2",
        DType::U8 => "|u1",
        DType::Bool => "|b1",
    }
}

fn bad(message: impl Into<String>) -> Error {
    Error::new(&codes::NPY, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_type_comes_back() {
        let tensors = [
            Tensor::new(&[2, 3], vec![0.5f32, -1.0, f32::INFINITY, 3.0, 1e-40, 5.0]).unwrap(),
            Tensor::scalar(i64::MIN),
            Tensor::vector(vec![1i32, -2]),
            Tensor::vector(vec![1i16, -2]),
            Tensor::vector(vec![1i8, -2]),
            Tensor::vector(vec![u64::MAX]),
            Tensor::vector(vec![u32::MAX]),
            Tensor::vector(vec![u16::MAX]),
            Tensor::vector(vec![u8::MAX]),
            Tensor::new(&[1, 2, 1], vec![true, false]).unwrap(),
            Tensor::new(&[0, 4], Vec::<f32>::new()).unwrap(),
        ];
        for tensor in tensors {
            let bytes = encode(&tensor).unwrap();
            assert_eq!((bytes.len() - tensor.len() * tensor.dtype().size()) % ALIGNMENT, 0);
            assert_eq!(decode(&bytes).unwrap(), tensor);
        }
    }

    /// Bytes as numpy 2.4 writes `np.array([[1.5, 2.5]])`, and the same as another writer might.
    #[test]
    fn doubles_become_floats() {
        for header in [
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }",
            "{\"shape\": (1,2), \"fortran_order\": False, \"descr\": \"<f8\"}",
        ] {
            let mut bytes = [MAGIC, &[2, 0], &(header.len() as u32).to_le_bytes()].concat();
            bytes.extend(header.as_bytes());
            bytes.extend([1.5f64, 2.5].iter().flat_map(|value| value.to_le_bytes()));
            let expected = Tensor::new(&[1, 2], vec![1.5f32, 2.5]).unwrap();
            assert_eq!(decode(&bytes).unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let message = |descriptor: &str, order: &str, shape: &str| {
            let header =
                format!("{{'descr': {descriptor}, 'fortran_order': {order}, 'shape': {shape}}}");
            let length = (header.len() as u16).to_le_bytes();
            let bytes = [MAGIC, &[1, 0], &length, header.as_bytes()].concat();
            decode(&bytes).unwrap_err().message().to_owned()
        };
        assert!(message("'<f4'", "True", "(1,)").contains("Fortran"));
        assert!(message("'>f4'", "False", "(1,)").contains(">f4"));
        assert!(message("[('a', '<f4')]", "False", "(1,)").contains("records"));
        assert!(message("'<f4'", "False", "(-1,)").contains("-1"));
        assert!(message("'<f4'", "False", "(3,)").contains("0 bytes for 3"));
        assert!(message("'<f4'", "False", "(99999999999, 9)").contains("shape"));
    }

    proptest! {
        #[test]
        fn damaged_files_never_panic(at in 0usize..160, byte: u8, cut in 0usize..200) {
            let tensor = Tensor::new(&[2, 3], vec![1i32, 2, 3, 4, 5, 6]).unwrap();
            let mut bytes = encode(&tensor).unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(cut);
            let _ = decode(&bytes);
        }
    }
}
