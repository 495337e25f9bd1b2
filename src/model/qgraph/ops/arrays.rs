//! The arrays of a model file that hold the numbers of operators (docs/model-format.md).

use crate::base::error::{Error, Place as _, Result, codes};

/// Weights and parameters of all layers, while a file is written.
#[derive(Debug, Default)]
pub struct ArrayWriter {
    /// Contents of `WGTS`.
    pub weights: Vec<u8>,
    /// Contents of `PRMS`.
    pub params: Vec<u8>,
}

impl ArrayWriter {
    /// Appends weights; their first byte in `WGTS`, and how many there are.
    pub fn weights(&mut self, weights: &[i8]) -> (usize, usize) {
        let first = self.weights.len();
        self.weights.extend(weights.iter().map(|weight| weight.cast_unsigned()));
        (first, weights.len())
    }

    /// Begins the parameters of a layer; their first byte in `PRMS`, a multiple of 4.
    pub fn begin_params(&mut self) -> usize {
        self.params.resize(self.params.len().next_multiple_of(4), 0);
        self.params.len()
    }

    /// Appends parameters of 32 bits.
    pub fn i32s(&mut self, numbers: &[i32]) {
        self.params.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    }

    /// Appends parameters of 8 bits.
    pub fn i8s(&mut self, numbers: &[i8]) {
        self.params.extend(numbers.iter().map(|number| number.cast_unsigned()));
    }
}

/// The same arrays while a file is read. Every offset is checked; nothing is allocated that the
/// file does not hold.
#[derive(Debug)]
pub struct ArrayReader<'a> {
    /// `WGTS`.
    pub weights: Region<'a>,
    /// `PRMS`.
    pub params: Region<'a>,
}

/// A section of a file.
#[derive(Debug)]
pub struct Region<'a> {
    /// Its name in errors.
    pub name: String,
    /// Its contents.
    pub bytes: &'a [u8],
}

impl<'a> Region<'a> {
    /// `count` elements of `size` bytes, from element `first` on.
    ///
    /// # Errors
    /// [`codes::CERAS_FORMAT`] when they are not all in the section.
    pub fn part(&self, first: usize, count: usize, size: usize) -> Result<&'a [u8]> {
        let range = first.checked_mul(size).zip(count.checked_mul(size));
        range
            .and_then(|(start, length)| self.bytes.get(start..)?.get(..length))
            .ok_or_else(|| {
                let message = format!("{count} elements from {first} on lie outside");
                Error::new(&codes::CERAS_FORMAT, message)
            })
            .at(|| format!("section {} of {} bytes", self.name, self.bytes.len()))
    }

    /// `count` numbers of 8 bits, from byte `first` on.
    ///
    /// # Errors
    /// Those of [`Region::part`].
    pub fn i8s(&self, first: usize, count: usize) -> Result<Vec<i8>> {
        let bytes = self.part(first, count, 1)?;
        Ok(bytes.iter().map(|byte| byte.cast_signed()).collect())
    }

    /// `count` numbers of 32 bits, from byte `first` on.
    ///
    /// # Errors
    /// Those of [`Region::part`].
    pub fn i32s(&self, first: usize, count: usize) -> Result<Vec<i32>> {
        let bytes = self.part(first, count.saturating_mul(4), 1)?;
        let (numbers, _) = bytes.as_chunks();
        Ok(numbers.iter().map(|&number| i32::from_le_bytes(number)).collect())
    }
}
