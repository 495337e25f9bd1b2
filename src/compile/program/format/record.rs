//! Writing the fields of a record.

use crate::base::error::{Error, Result, codes};
use crate::compile::program::fields::{self, Field, LANE_RING_WORDS, RING_WORD};

/// 32-bit words under construction.
#[derive(Debug, Clone)]
pub struct Record<const N: usize>([u32; N]);

/// A descriptor under construction.
pub type Descriptor = Record<{ fields::WORDS }>;

impl<const N: usize> Record<N> {
    /// All zero.
    pub fn new() -> Self {
        Self([0; N])
    }

    /// Writes a field of at most 32 bits.
    ///
    /// # Errors
    /// [`codes::PROGRAM_LIMIT`] when the value does not fit.
    pub fn set(&mut self, field: Field, value: usize) -> Result<()> {
        let value = i64::try_from(value).map_err(|_| too_large(field, value))?;
        self.set_signed(field, value)
    }

    /// Writes a field that may be negative.
    ///
    /// # Errors
    /// [`codes::PROGRAM_LIMIT`] when the value does not fit.
    pub fn set_signed(&mut self, field: Field, value: i64) -> Result<()> {
        let (low, high) = field.range();
        if !(low..=high).contains(&value) {
            return Err(too_large(field, value));
        }
        let mask = ((1u64 << field.width) - 1) as u32;
        let word = &mut self.0[field.word];
        *word = (*word & !(mask << field.lsb)) | ((value as u32 & mask) << field.lsb);
        Ok(())
    }

    /// Writes a field of 128 bits.
    pub fn set_mask(&mut self, field: Field, value: u128) {
        for word in 0..field.width / 32 {
            self.0[field.word + word] = (value >> (32 * word)) as u32;
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.0.iter().flat_map(|word| word.to_le_bytes())
    }
}

impl Descriptor {
    /// Fills in the checksum, which makes the descriptor valid.
    pub fn seal(&mut self) {
        let (last, words) = self.0.split_last_mut().expect("a descriptor has words");
        *last = !words.iter().fold(0u32, |sum, word| sum.wrapping_add(*word));
    }
}

fn too_large(field: Field, value: impl std::fmt::Display) -> Error {
    let (low, high) = field.range();
    Error::new(
        &codes::PROGRAM_LIMIT,
        format!("the descriptor field {} holds {low} to {high}, {value} is needed", field.name),
    )
}

/// What the output lanes need of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane {
    /// Added to the sum.
    pub bias: i32,
    /// Right shift of rule A6 step 1, or of A5.
    pub argument: i32,
    /// Right shift of rule A6 step 5.
    pub out: i32,
    /// Zero point of the output.
    pub zero: i32,
    /// Zero point of the residual.
    pub res_zero: i32,
    /// Left shift of the residual.
    pub res_shift: i32,
}

impl Lane {
    /// A lane whose result nobody reads.
    pub const IDLE: Self =
        Self { bias: 0, argument: 0, out: 0, zero: 0, res_zero: 0, res_shift: 0 };

    /// The 8 bytes of the stream.
    ///
    /// # Errors
    /// [`codes::PROGRAM_LIMIT`] for a shift that the lanes cannot do.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        if !(-15..=11).contains(&self.res_shift) {
            return Err(Error::new(
                &codes::PROGRAM_LIMIT,
                format!("the residual needs a left shift of {}; -15 to 11 exist", self.res_shift),
            ));
        }
        let mut record = Record::<2>::new();
        record.set_signed(fields::LANE_BIAS, self.bias.into())?;
        record.set_signed(fields::LANE_ARGUMENT, i64::from(self.argument) + 8)?;
        record.set_signed(fields::LANE_OUT, self.out.into())?;
        record.set_signed(fields::LANE_ZERO, self.zero.into())?;
        record.set_signed(fields::LANE_RES_ZERO, self.res_zero.into())?;
        record.set_signed(fields::LANE_RES_SHIFT, self.res_shift.into())?;
        Ok(record.bytes().collect())
    }
}

/// The lane parameters of a plane of 16 channels.
///
/// # Errors
/// Those of [`Lane::bytes`].
pub fn lanes(lanes: &[Lane]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(LANE_RING_WORDS * RING_WORD);
    for lane in lanes {
        bytes.extend(lane.bytes()?);
    }
    Ok(bytes)
}
