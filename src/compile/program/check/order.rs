//! Owner masks against accesses, and the order of writes, reads and transfers.

use std::ops::Range;

use super::access::Access;
use super::{Buffers, demand};
use crate::base::error::Result;
use crate::compile::program::design::Design;
use crate::compile::program::fields::{self as f, Field};
use crate::compile::program::format::decode::{Kind, Pass};

const MASKS: [Field; 6] =
    [f::READ_STREAM, f::READ_RESIDUAL, f::READ_DMA, f::WRITE_CONV, f::WRITE_PLANE, f::WRITE_DMA];

/// A transfer that may still go on.
struct Job {
    words: Range<usize>,
    to_memory: bool,
    buffer: usize,
    /// Words of the buffer.
    range: Range<usize>,
}

/// The state of the memory between passes.
pub struct Order {
    /// Words that hold something.
    written: Vec<bool>,
    jobs: Vec<Job>,
    /// Words of the scratch buffer that hold something.
    scratch: Vec<bool>,
}

impl Order {
    /// An empty memory.
    pub fn new(design: &Design, buffers: Buffers) -> Self {
        Self {
            written: vec![false; design.memory_words()],
            jobs: Vec::new(),
            scratch: vec![false; (buffers.scratch / 16) as usize],
        }
    }

    /// Checks a pass and goes on behind it. Returns the blocks that it touches.
    pub fn step(
        &mut self,
        pass: &Pass<'_>,
        accesses: &[Access],
        design: &Design,
        buffers: Buffers,
    ) -> Result<u128> {
        let d = pass.descriptor;
        if d.flag(f::WAIT_DMA) || matches!(pass.kind, Kind::Processor | Kind::End) {
            self.jobs.clear();
        }
        for access in accesses {
            let end = access.words.end;
            demand(end <= self.written.len(), || {
                format!("word {end} of a memory of {} words", self.written.len())
            })?;
        }
        if d.flag(f::FROM_STEM) {
            let row = design.stem.map_or(0, |stem| d.get(f::IN_WIDTH) * stem.channels);
            let rows = row.next_multiple_of(16) * d.get(f::IN_HEIGHT);
            let bytes = (16 * d.get(f::DMA_OFFSET) + rows) as u64;
            demand(bytes <= buffers.image, || {
                format!("an image of {bytes} B in a buffer of {} B", buffers.image)
            })?;
        }
        self.hazards(accesses)?;
        self.defined(accesses)?;
        if pass.kind == Kind::Dma {
            self.transfer(pass, accesses, buffers)?;
        }
        if pass.kind == Kind::Processor {
            self.scratch.fill(true);
        }
        let touched = self.owners(pass, accesses, design)?;
        for access in accesses.iter().filter(|access| access.writes) {
            self.written[access.words.clone()].fill(true);
        }
        Ok(touched)
    }

    /// No pass touches what a running transfer writes, nor writes what it reads.
    fn hazards(&self, accesses: &[Access]) -> Result<()> {
        let meet = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        for job in &self.jobs {
            let clash = accesses
                .iter()
                .find(|own| (own.writes || job.to_memory) && meet(&own.words, &job.words));
            demand(clash.is_none(), || {
                format!("words {:?} belong to a transfer that may still go on", job.words)
            })?;
        }
        Ok(())
    }

    fn defined(&self, accesses: &[Access]) -> Result<()> {
        for access in accesses.iter().filter(|access| !access.writes) {
            let word = access.words.clone().find(|&word| !self.written[word]);
            demand(word.is_none(), || {
                format!("word {} is read before it is written", word.unwrap_or_default())
            })?;
        }
        Ok(())
    }

    fn transfer(&mut self, pass: &Pass<'_>, accesses: &[Access], buffers: Buffers) -> Result<()> {
        let d = pass.descriptor;
        let (buffer, to_memory) = (d.get(f::DMA_BUFFER), d.flag(f::TO_MEMORY));
        let bytes = match (buffer, to_memory) {
            (f::BUFFER_IMAGE, true) => buffers.image,
            (f::BUFFER_OUTPUT, false) => buffers.output,
            (f::BUFFER_SCRATCH, _) => buffers.scratch,
            _ => 0,
        };
        let meet = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        let mut jobs = Vec::with_capacity(accesses.len());
        for (plane, access) in accesses.iter().enumerate() {
            let start = d.get(f::DMA_OFFSET) + plane * d.get(f::DMA_PITCH);
            let range = start..start + d.get(f::DMA_WORDS);
            demand(range.end as u64 * 16 <= bytes, || {
                format!("words {range:?} of buffer {buffer} of {bytes} B")
            })?;
            if buffer == f::BUFFER_SCRATCH {
                if to_memory {
                    demand(self.scratch[range.clone()].iter().all(|&written| written), || {
                        "scratch is read before it is written".to_owned()
                    })?;
                } else {
                    self.scratch[range.clone()].fill(true);
                }
            }
            let clash = self.jobs.iter().any(|job| {
                job.buffer == buffer && !(job.to_memory && to_memory) && meet(&job.range, &range)
            });
            demand(!clash, || "two transfers meet in a buffer without a wait between".to_owned())?;
            jobs.push(Job { words: access.words.clone(), to_memory, buffer, range });
        }
        self.jobs.append(&mut jobs);
        Ok(())
    }

    /// Every mask gives exactly the blocks that its client touches, and the table is sound.
    fn owners(&self, pass: &Pass<'_>, accesses: &[Access], design: &Design) -> Result<u128> {
        let blocks = |words: &Range<usize>| -> u128 {
            let range = words.start / design.block_words..words.end.div_ceil(design.block_words);
            range.fold(0, |mask, block| mask | 1 << block)
        };
        let mut masks = [0u128; 6];
        for access in accesses {
            let index = MASKS.iter().position(|mask| *mask == access.mask);
            masks[index.expect("every access names one of the masks")] |= blocks(&access.words);
        }
        for job in &self.jobs {
            masks[if job.to_memory { 5 } else { 2 }] |= blocks(&job.words);
        }
        for (field, expected) in MASKS.iter().zip(masks) {
            let given = pass.descriptor.mask(*field);
            demand(given == expected, || {
                format!("{} gives blocks {given:#x}, touched are {expected:#x}", field.name)
            })?;
        }
        let [stream, residual, dma, conv, plane, inward] = masks;
        let both = (conv & plane) | (conv & inward) | (plane & inward);
        demand(both == 0, || format!("two clients write blocks {both:#x}"))?;
        let written = conv | plane | inward;
        let clash = (stream | dma) & written | residual & (plane | inward);
        demand(clash == 0, || format!("blocks {clash:#x} are read while they are written"))?;
        Ok(masks.iter().fold(0, |all, mask| all | mask))
    }
}
