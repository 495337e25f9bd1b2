//! Memory, buffers, and the passes on them.

use super::engine::Plane;
use super::lanes::{Lanes, Mode};
use crate::base::error::{Place as _, Result};
use crate::compile::capabilities::{BLOCKS, WORD};
use crate::compile::program::design::Design;
use crate::compile::program::fields::{self as f, Field};
use crate::compile::program::format::decode::{Descriptor, Kind, Pass, decode, wrong};

/// Shared memory and the buffers in DDR.
pub struct Machine<'a> {
    design: &'a Design,
    /// The shared memory.
    pub memory: Vec<u8>,
    /// The image buffer.
    pub image: Vec<u8>,
    /// The output buffer.
    pub output: Vec<u8>,
    /// The scratch buffer.
    pub scratch: Vec<u8>,
}

/// What has just happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A pass is done.
    Done(usize),
    /// The processor's turn: it works on the scratch buffer.
    Processor(usize),
}

/// Words from the first pixel of a dense result to another one.
fn place(d: &Descriptor<'_>, pixel: usize) -> usize {
    let width = d.get(f::OUT_WIDTH);
    match d.get(f::OUT_STEP) {
        0 => pixel * if d.flag(f::WIDE) { 2 } else { 1 },
        step => {
            let row = d.get(f::OUT_SKIP) + (width - 1) * step;
            pixel / width * row + pixel % width * step
        }
    }
}

impl<'a> Machine<'a> {
    /// Memory full of a pattern that no result should depend on.
    pub fn new(design: &'a Design, image: Vec<u8>, output: u64, scratch: u64) -> Self {
        Self {
            design,
            memory: vec![0xA5; design.memory_words() * WORD],
            image,
            output: vec![0; output as usize],
            scratch: vec![0; scratch as usize],
        }
    }

    /// Runs a program. `observe` sees the machine after every pass.
    ///
    /// # Errors
    /// `PROGRAM_INVALID` naming the pass that touches what it does not own; those of `observe`.
    pub fn run(
        &mut self,
        stream: &[u8],
        mut observe: impl FnMut(Event, &mut Self) -> Result<()>,
    ) -> Result<()> {
        for pass in decode(stream)? {
            let place = || format!("pass {}", pass.index);
            let event = match pass.kind {
                Kind::End => break,
                Kind::Processor => Event::Processor(pass.index),
                Kind::Dma => {
                    self.transfer(&pass).at(place)?;
                    Event::Done(pass.index)
                }
                Kind::Dense | Kind::Plane => {
                    self.compute(&pass).at(place)?;
                    Event::Done(pass.index)
                }
            };
            observe(event, self)?;
        }
        Ok(())
    }

    /// A word that `mask` must allow.
    fn locate(&self, pass: &Pass<'_>, mask: Field, word: usize) -> Result<std::ops::Range<usize>> {
        let block = word / self.design.block_words;
        if block >= BLOCKS
            || !pass.descriptor.flag_at(mask, block)
            || word * WORD >= self.memory.len()
        {
            return Err(wrong(format!("{} does not allow word {word}", mask.name)));
        }
        Ok(word * WORD..(word + 1) * WORD)
    }

    fn read(&self, pass: &Pass<'_>, mask: Field, word: usize) -> Result<[i8; 16]> {
        let bytes = &self.memory[self.locate(pass, mask, word)?];
        Ok(std::array::from_fn(|lane| bytes[lane] as i8))
    }

    /// Stores a pixel from a word on: one word, or two of int16.
    fn write(
        &mut self,
        pass: &Pass<'_>,
        mask: Field,
        first: usize,
        (values, wide): (&[i64; 16], bool),
    ) -> Result<()> {
        if !wide {
            let range = self.locate(pass, mask, first)?;
            for (byte, value) in self.memory[range].iter_mut().zip(values) {
                *byte = *value as u8;
            }
            return Ok(());
        }
        for (half, values) in values.chunks(8).enumerate() {
            let range = self.locate(pass, mask, first + half)?;
            for (bytes, value) in self.memory[range].chunks_mut(2).zip(values) {
                bytes.copy_from_slice(&(*value as i16).to_le_bytes());
            }
        }
        Ok(())
    }

    fn transfer(&mut self, pass: &Pass<'_>) -> Result<()> {
        let d = pass.descriptor;
        let to_memory = d.flag(f::TO_MEMORY);
        let planes = 0..=d.get(f::DMA_PLANES);
        let words =
            planes.flat_map(|plane| (0..d.get(f::DMA_WORDS)).map(move |index| (plane, index)));
        for (plane, index) in words {
            let mask = if to_memory { f::WRITE_DMA } else { f::READ_DMA };
            let base = d.get(f::DMA_BASE) + plane * d.get(f::DMA_STRIDE);
            let own = self.locate(pass, mask, base + index)?;
            let start = (d.get(f::DMA_OFFSET) + plane * d.get(f::DMA_PITCH) + index) * WORD;
            let buffer = match d.get(f::DMA_BUFFER) {
                f::BUFFER_IMAGE => &mut self.image,
                f::BUFFER_OUTPUT => &mut self.output,
                f::BUFFER_SCRATCH => &mut self.scratch,
                _ => return Err(wrong("a transfer of the stream")),
            };
            let Some(other) = buffer.get_mut(start..start + WORD) else {
                return Err(wrong(format!("byte {start} is behind the buffer's end")));
            };
            match to_memory {
                true => self.memory[own].copy_from_slice(other),
                false => other.copy_from_slice(&self.memory[own]),
            }
        }
        Ok(())
    }

    fn compute(&mut self, pass: &Pass<'_>) -> Result<()> {
        let d = pass.descriptor;
        let dense = pass.kind == Kind::Dense;
        for tile in 0..d.get(f::TILES) {
            let record = pass.record(tile);
            let (height, width) = (d.get(f::OUT_HEIGHT), d.get(f::OUT_WIDTH));
            let words = match dense {
                true => self.dense(pass, tile, record)?,
                false => self.plane(pass, tile)?,
            };
            let plane = Plane { height, width, words };
            let filters = &record[if dense { f::LANES_BYTES } else { 0 }..];
            for index in 0..d.get(f::CHAIN) {
                self.chained(pass, tile, (&plane, index), filters)?;
            }
        }
        Ok(())
    }

    /// A plane as fetch reads it for the plane engine.
    fn plane(&self, pass: &Pass<'_>, tile: usize) -> Result<Vec<[i8; 16]>> {
        let d = pass.descriptor;
        let segments = d.segments();
        let segment = segments.first().ok_or_else(|| wrong("a plane pass without planes"))?;
        let base = segment.base + tile * d.get(f::PLANE_ADVANCE) * segment.stride;
        let pixels = d.get(f::OUT_HEIGHT) * d.get(f::OUT_WIDTH);
        (0..pixels).map(|pixel| self.read(pass, f::READ_STREAM, base + pixel)).collect()
    }

    /// One filter on a plane.
    fn chained(
        &mut self,
        pass: &Pass<'_>,
        tile: usize,
        (plane, index): (&Plane, usize),
        filters: &[u8],
    ) -> Result<()> {
        let d = pass.descriptor;
        let (base, stride, function) = match index {
            0 => (f::PLANE_BASE0, f::PLANE_STRIDE0, f::PLANE_FUNCTION0),
            _ => (f::PLANE_BASE1, f::PLANE_STRIDE1, f::PLANE_FUNCTION1),
        };
        let base = d.get(base) + tile * d.get(stride);
        let wide = d.flag_at(f::PLANE_WIDE, index);
        let mode = Mode {
            direct: d.flag_at(f::PLANE_DIRECT, index),
            relu: d.flag_at(f::PLANE_RELU, index),
            wide,
            residual: f::RESIDUAL_NONE,
            function: self.design.functions.get(d.get(function)),
        };
        let filter_bytes = f::filter_ring_words(d.get(f::PLANE_REACH)) * f::RING_WORD;
        let factors = match d.flag(f::PLANE_MUL) {
            true => {
                let word = d.get(f::RES_BASE) + tile * d.get(f::RES_STRIDE);
                Some(self.read(pass, f::READ_RESIDUAL, word)?)
            }
            false => None,
        };
        let width = d.get(f::PLANE_WIDTH);
        for pixel in 0..d.get(f::PLANE_HEIGHT) * width {
            let output = (pixel / width, pixel % width);
            let values = match d.flag(f::MAXIMUM) {
                true => plane.maximum(&d, output),
                false => {
                    let record = &filters[filter_bytes * index..][..filter_bytes];
                    plane.filter(&d, (record, factors.as_ref()), output, mode)
                }
            };
            let first = base + pixel * if wide { 2 } else { 1 };
            self.write(pass, f::WRITE_PLANE, first, (&values, wide))?;
        }
        Ok(())
    }

    /// A tile of the dense array: stores the result, and returns it for the filters.
    fn dense(&mut self, pass: &Pass<'_>, tile: usize, record: &[u8]) -> Result<Vec<[i8; 16]>> {
        let d = pass.descriptor;
        let sums = self.sums(pass, tile, &record[d.get(f::PARAMETER_WORDS) * f::RING_WORD..])?;
        let lanes = Lanes(&record[..f::LANES_BYTES]);
        let mode = Mode {
            direct: d.flag(f::DIRECT),
            relu: d.flag(f::RELU),
            wide: d.flag(f::WIDE),
            residual: d.get(f::RESIDUAL),
            function: self.design.functions.get(d.get(f::FUNCTION)),
        };
        let base = d.get(f::OUT_BASE) + tile * d.get(f::OUT_STRIDE);
        let added = d.get(f::RES_BASE) + tile * d.get(f::RES_STRIDE);
        let mut words = Vec::with_capacity(sums.len());
        for (pixel, sums) in sums.iter().enumerate() {
            let residual = match mode.residual {
                f::RESIDUAL_NONE => [0; 16],
                _ => self.read(pass, f::READ_RESIDUAL, added + pixel)?,
            };
            let values: [i64; 16] =
                std::array::from_fn(|lane| lanes.finish(lane, sums[lane], residual[lane], mode));
            if d.flag(f::STORE) {
                let word = self.word(base + place(&d, pixel), d.flag(f::OUT_PARITY));
                self.write(pass, f::WRITE_CONV, word, (&values, mode.wide))?;
            }
            words.push(values.map(|value| value as i8));
        }
        Ok(words)
    }

    /// The accumulators of all output pixels of a tile.
    fn sums(&self, pass: &Pass<'_>, tile: usize, weights: &[u8]) -> Result<Vec<[i32; 16]>> {
        let d = pass.descriptor;
        let (height, width) = (d.get(f::OUT_HEIGHT), d.get(f::OUT_WIDTH));
        let bytes = f::STEP_BYTES + if d.flag(f::PADDED) { f::RING_WORD } else { 0 };
        let mut sums = vec![[0i32; 16]; height * width];
        for (step, weights) in weights.chunks_exact(bytes).enumerate() {
            let zeros: [i8; 16] = std::array::from_fn(|lane| {
                weights.get(f::STEP_BYTES + lane).map_or(0, |&byte| byte as i8)
            });
            for (pixel, sums) in sums.iter_mut().enumerate() {
                let output = (pixel / width, pixel % width);
                let word = match d.flag(f::FROM_STEM) {
                    true => self.patch(pass, step, output)?,
                    false => match self.tap(pass, (tile, step), output) {
                        Some(word) => self.read(pass, f::READ_STREAM, word)?,
                        None if d.flag(f::PADDED) => zeros,
                        None => return Err(wrong("a tap outside of the input")),
                    },
                };
                for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(16)) {
                    let products = weights.iter().zip(word);
                    *sum += products
                        .map(|(&weight, q)| i32::from(weight as i8) * i32::from(q))
                        .sum::<i32>();
                }
            }
        }
        Ok(sums)
    }

    /// The word that a step reads for an output pixel; `None` outside of the input.
    fn tap(
        &self,
        pass: &Pass<'_>,
        (tile, step): (usize, usize),
        (y, x): (usize, usize),
    ) -> Option<usize> {
        let d = pass.descriptor;
        let taps = d.get(f::TAPS_X) * d.get(f::TAPS_Y);
        let (mut plane, tap) = (step / taps, step % taps);
        let reach = |output: usize, tap: usize, pad: Field| {
            (output * d.get(f::STRIDE) + tap * d.get(f::DILATION)).checked_sub(d.get(pad))
        };
        let row = reach(y, tap / d.get(f::TAPS_X), f::PAD_TOP)?;
        let column = reach(x, tap % d.get(f::TAPS_X), f::PAD_LEFT)?;
        if row >= d.get(f::IN_HEIGHT) || column >= d.get(f::IN_WIDTH) {
            return None;
        }
        for segment in d.segments() {
            if plane < segment.planes {
                let plane = plane + tile * d.get(f::PLANE_ADVANCE);
                let pixel = match segment.upsampled {
                    true => row / 2 * (d.get(f::IN_WIDTH) / 2) + column / 2,
                    false => row * d.get(f::IN_WIDTH) + column,
                };
                let word = segment.base + plane * segment.stride + pixel;
                return Some(self.word(word, segment.by_parity));
            }
            plane -= segment.planes;
        }
        None
    }

    /// Where the pixel of an address lies.
    fn word(&self, address: usize, by_parity: bool) -> usize {
        let banks = self.design.pixels;
        let (pair, bank) = (address / (2 * banks), address / 2 % banks);
        match (by_parity, address % 2) {
            (false, _) => address,
            (true, 0) => 2 * pair * banks + bank,
            (true, _) => (2 * pair + 1) * banks + (bank + banks / 2) % banks,
        }
    }

    /// A word of the patch around an output pixel of the image.
    fn patch(&self, pass: &Pass<'_>, step: usize, output: (usize, usize)) -> Result<[i8; 16]> {
        let d = pass.descriptor;
        let stem = self.design.stem.ok_or_else(|| wrong("there is no stem unit"))?;
        let (height, width) = (d.get(f::IN_HEIGHT), d.get(f::IN_WIDTH));
        let pitch = (width * stem.channels).next_multiple_of(WORD);
        let pad = (d.get(f::STEM_PAD) as u32).to_le_bytes();
        let mut word = [0; 16];
        for (lane, value) in word.iter_mut().enumerate() {
            let index = WORD * step + lane;
            let (row, rest) =
                (index / (stem.kernel * stem.channels), index % (stem.kernel * stem.channels));
            let (column, channel) = (rest / stem.channels, rest % stem.channels);
            if row >= stem.kernel {
                continue;
            }
            let y = (output.0 * stem.stride + row).checked_sub(d.get(f::PAD_TOP));
            let x = (output.1 * stem.stride + column).checked_sub(d.get(f::PAD_LEFT));
            *value = match (y, x) {
                (Some(y), Some(x)) if y < height && x < width => {
                    let start = d.get(f::DMA_OFFSET) * WORD;
                    let byte = self.image.get(start + y * pitch + x * stem.channels + channel);
                    let byte = byte.ok_or_else(|| wrong("the image is too small"))?;
                    (i16::from(*byte) - 128) as i8
                }
                _ => pad[channel] as i8,
            };
        }
        Ok(word)
    }
}
