//! A field of a record, and the form in which the tables list fields.

/// A field of a little-endian record of 32-bit words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name in all generated files.
    pub name: &'static str,
    /// Word in which it begins.
    pub word: usize,
    /// Lowest bit in that word.
    pub lsb: usize,
    /// Bits.
    pub width: usize,
    /// Two's complement, else unsigned.
    pub signed: bool,
    /// What it says.
    pub meaning: &'static str,
}

impl Field {
    /// Lowest bit in the record.
    pub const fn bit(&self) -> usize {
        self.word * 32 + self.lsb
    }

    /// Smallest and largest value, for fields of at most 32 bits.
    pub const fn range(&self) -> (i64, i64) {
        if self.signed {
            (-(1 << (self.width - 1)), (1 << (self.width - 1)) - 1)
        } else {
            (0, (1 << self.width) - 1)
        }
    }

    /// The field's value in a record that is given as one little-endian number.
    pub const fn read(&self, record: u128) -> i64 {
        let high = record << (128 - self.bit() - self.width);
        if self.signed {
            (high as i128 >> (128 - self.width)) as i64
        } else {
            (high >> (128 - self.width)) as i64
        }
    }

    /// The bits of `value` at the field's place, for a record that is one number. Bits that do not fit are
    /// cut off.
    pub const fn place(&self, value: i64) -> u128 {
        (value as u128 & ((1 << self.width) - 1)) << self.bit()
    }

    /// The same field of a record that begins `words` later.
    pub const fn after(mut self, words: usize) -> Self {
        self.word += words;
        self
    }
}

/// A number that a field may hold, or a code of the hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// Name in all generated files.
    pub name: &'static str,
    /// The number.
    pub value: usize,
    /// What it says.
    pub meaning: &'static str,
}

macro_rules! fields {
    ($all:ident: $($id:ident = $name:literal, $word:literal $lsb:literal $width:literal $sign:ident, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $id: Field = Field {
            name: $name, word: $word, lsb: $lsb, width: $width, signed: fields!(@$sign), meaning: $meaning,
        };)*

        #[doc = "All of them, in order."]
        pub const $all: &[Field] = &[$($id),*];
    };
    (@u) => { false };
    (@s) => { true };
}

macro_rules! values {
    ($all:ident: $($id:ident = $name:literal, $value:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $id: usize = $value;)*

        #[doc = "All of them, in order."]
        pub const $all: &[Value] = &[$(Value { name: $name, value: $value, meaning: $meaning }),*];
    };
}

pub(super) use {fields, values};

#[cfg(test)]
pub(super) mod tests {
    use super::Field;

    /// Panics where two fields share a bit or one leaves a record of `bits` bits.
    pub fn apart(fields: impl IntoIterator<Item = Field>, bits: usize) {
        let mut taken = vec![false; bits];
        for field in fields {
            for bit in &mut taken[field.bit()..field.bit() + field.width] {
                assert!(!std::mem::replace(bit, true), "{} overlaps", field.name);
            }
        }
    }

    #[test]
    fn what_is_placed_is_read_again() {
        let field =
            |lsb, width, signed| Field { name: "x", word: 0, lsb, width, signed, meaning: "" };
        for (field, values) in [
            (field(28, 20, true), [-524_288, -1, 524_287]),
            (field(61, 5, false), [0, 1, 31]),
            (field(64, 64, true), [i64::MIN, -1, i64::MAX]),
        ] {
            for value in values {
                assert_eq!(field.read(field.place(value) | !field.place(-1)), value);
            }
        }
    }
}
