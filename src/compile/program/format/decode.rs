//! Reading the stream: the bytes back to descriptors. Shares nothing with the encoder but the table.

use crate::base::error::{Error, Place as _, Result, codes};
use crate::compile::program::fields::{
    self, DESCRIPTOR_WORDS, Field, RING_WORD, SEGMENT_WORD, SEGMENT_WORDS,
};

/// What a pass is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The dense array.
    Dense,
    /// The plane engine alone.
    Plane,
    /// A transfer.
    Dma,
    /// A step of the processor.
    Processor,
    /// The end of the program.
    End,
}

/// A descriptor in the stream.
#[derive(Debug, Clone, Copy)]
pub struct Descriptor<'a>(&'a [u8]);

/// A segment of the plane table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Word address of the first plane.
    pub base: usize,
    /// Planes of a tile.
    pub planes: usize,
    /// Words from plane to plane.
    pub stride: usize,
    /// Half the height and width.
    pub upsampled: bool,
    /// Pixels by parity.
    pub by_parity: bool,
}

impl Descriptor<'_> {
    fn bit(&self, bit: usize) -> bool {
        self.0[bit / 8] >> (bit % 8) & 1 == 1
    }

    /// A field of at most 32 bits.
    pub fn get(&self, field: Field) -> usize {
        let bytes = self.0[4 * field.word..].iter().take(4).rev();
        let word = bytes.fold(0, |word, byte| word << 8 | u64::from(*byte));
        (word >> field.lsb & ((1 << field.width) - 1)) as usize
    }

    /// A flag.
    pub fn flag(&self, field: Field) -> bool {
        self.get(field) != 0
    }

    /// A bit of a field.
    pub fn flag_at(&self, field: Field, index: usize) -> bool {
        self.bit(field.bit() + index)
    }

    /// A field of 128 bits.
    pub fn mask(&self, field: Field) -> u128 {
        (0..128).filter(|&index| self.bit(field.bit() + index)).fold(0, |mask, i| mask | 1 << i)
    }

    /// What the pass is.
    ///
    /// # Errors
    /// [`codes::PROGRAM_INVALID`] for a number without meaning.
    pub fn kind(&self) -> Result<Kind> {
        Ok(match self.get(fields::KIND) {
            fields::KIND_DENSE => Kind::Dense,
            fields::KIND_PLANE => Kind::Plane,
            fields::KIND_DMA => Kind::Dma,
            fields::KIND_PROCESSOR => Kind::Processor,
            fields::KIND_END => Kind::End,
            kind => return Err(wrong(format!("a pass of kind {kind}"))),
        })
    }

    /// The plane table, without its unused rows.
    pub fn segments(&self) -> Vec<Segment> {
        let rows = (0..fields::SEGMENTS).map(|k| {
            let at = |field: Field| self.get(field.after(SEGMENT_WORD + k * SEGMENT_WORDS));
            Segment {
                base: at(fields::SEG_BASE),
                planes: at(fields::SEG_PLANES),
                stride: at(fields::SEG_STRIDE),
                upsampled: at(fields::SEG_UP) == 1,
                by_parity: at(fields::SEG_PARITY) == 1,
            }
        });
        rows.filter(|segment| segment.planes > 0).collect()
    }

    fn check(&self, index: usize) -> Result<()> {
        let mut words = self
            .0
            .chunks_exact(4)
            .map(|word| word.iter().rev().fold(0u32, |value, byte| value << 8 | u32::from(*byte)));
        let sums = words.clone().take(fields::WORDS - 1).fold(0u32, u32::wrapping_add);
        if words.next_back() != Some(sums ^ u32::MAX) {
            return Err(wrong("the checksum is wrong"));
        }
        if self.get(fields::MAGIC) != fields::MAGIC_VALUE as usize
            || self.get(fields::VERSION) != fields::VERSION_VALUE as usize
        {
            return Err(wrong("no descriptor of this version"));
        }
        if self.get(fields::INDEX) != index {
            return Err(wrong(format!("the descriptor says pass {}", self.get(fields::INDEX))));
        }
        Ok(())
    }
}

/// A pass in the stream.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'a> {
    /// Number.
    pub index: usize,
    /// What it is.
    pub kind: Kind,
    /// Its descriptor.
    pub descriptor: Descriptor<'a>,
    /// The records of its tiles.
    records: &'a [u8],
}

impl<'a> Pass<'a> {
    /// The bytes of a tile's record.
    pub fn record(&self, tile: usize) -> &'a [u8] {
        let bytes = self.descriptor.get(fields::TILE_WORDS) * RING_WORD;
        &self.records[tile * bytes..][..bytes]
    }
}

/// The passes of a stream, the end included.
///
/// # Errors
/// [`codes::PROGRAM_INVALID`] naming the pass where the stream is damaged or cut off.
pub fn decode(stream: &[u8]) -> Result<Vec<Pass<'_>>> {
    let mut passes: Vec<Pass<'_>> = Vec::new();
    let mut rest = stream;
    loop {
        let index = passes.len();
        let (pass, behind) = next(rest, index).at(|| format!("pass {index}"))?;
        rest = behind;
        passes.push(pass);
        if pass.kind == Kind::End {
            break;
        }
    }
    match rest.is_empty() {
        true => Ok(passes),
        false => Err(wrong(format!("{} bytes behind the end", rest.len()))),
    }
}

fn next(rest: &[u8], index: usize) -> Result<(Pass<'_>, &[u8])> {
    let cut = || wrong("the stream ends too early");
    let (head, rest) = rest.split_at_checked(DESCRIPTOR_WORDS * RING_WORD).ok_or_else(cut)?;
    let descriptor = Descriptor(head);
    descriptor.check(index)?;
    let kind = descriptor.kind()?;
    let bytes = descriptor.get(fields::TILES) * descriptor.get(fields::TILE_WORDS) * RING_WORD;
    let (records, rest) = rest.split_at_checked(bytes).ok_or_else(cut)?;
    Ok((Pass { index, kind, descriptor, records }, rest))
}

/// An error about the stream.
pub fn wrong(message: impl Into<String>) -> Error {
    Error::new(&codes::PROGRAM_INVALID, message)
}
