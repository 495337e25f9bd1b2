//! The loops without instructions of a certain processor. They are inlined where other instructions may be used, so
//! that a compiler makes vectors of them.

use super::{Dense, Depthwise, Finish, LANES, UNIT};
use crate::base::arithmetic::{Layout, X_BITS};
use crate::frontend::ops::epilogue::Residual;
use crate::software::engine::stage::narrow::{CHUNK, Chunk, LEFT_LIMIT, Narrow, Straight, Table};
use crate::software::engine::stage::wide::Wide;

#[inline(always)]
pub fn dense(task: &Dense<'_>, sums: &mut [i32]) {
    let groups = task.length.div_ceil(UNIT);
    for (pixel, sums) in sums.chunks_exact_mut(task.blocks * LANES).take(task.pixels).enumerate() {
        let blocks = sums.chunks_exact_mut(LANES).zip(task.weights.chunks_exact(task.block()));
        for (sums, weights) in blocks {
            let mut totals = [0i32; LANES];
            let segments = task.segments.iter().zip(weights.chunks_exact(groups * LANES * UNIT));
            for (segment, weights) in segments {
                let input = &task.input[pixel * task.step + segment..][..groups * UNIT];
                let units = input.chunks_exact(UNIT).zip(weights.chunks_exact(LANES * UNIT));
                for (input, weights) in units {
                    let input: [i32; UNIT] = std::array::from_fn(|unit| input[unit].into());
                    for (total, weights) in totals.iter_mut().zip(weights.chunks_exact(UNIT)) {
                        let products = input.iter().zip(weights).map(|(q, &w)| q * i32::from(w));
                        *total = total.wrapping_add(products.sum());
                    }
                }
            }
            sums.copy_from_slice(&totals);
        }
    }
}

#[inline(always)]
pub fn finish(task: &Finish<'_>, sums: &[i32], output: &mut [u8]) {
    let blocks = task.channels.div_ceil(LANES);
    let total = task.pixels * blocks;
    let chunks = task.narrow.chunks.iter().cycle();
    for (first, chunk) in (0..total).step_by(CHUNK / LANES).zip(chunks) {
        let own: &[i32; CHUNK] = sums[first * LANES..].first_chunk().unwrap_or(&[0; CHUNK]);
        let places = (first..total.min(first + CHUNK / LANES)).map(|block| {
            let (pixel, own) = (block / blocks, block % blocks * LANES);
            (pixel * task.step + own, (task.channels - own).min(LANES))
        });
        let mut other = [0u8; CHUNK];
        if let Some(residual) = task.residual {
            for ((at, length), other) in places.clone().zip(other.chunks_exact_mut(LANES)) {
                other[..length].copy_from_slice(&residual[at..at + length]);
            }
        }
        let bytes = finished(own, task.narrow, chunk, &other);
        for ((at, length), bytes) in places.zip(bytes.chunks_exact(LANES)) {
            output[at..at + length].copy_from_slice(&bytes[..length]);
        }
    }
}

#[inline(always)]
pub fn wide(
    wide: &Wide,
    (first, channels): (usize, usize),
    (sums, lanes): (&[i32], usize),
    (output, step): (&mut [f32], usize),
    pixels: usize,
) {
    for (sums, output) in sums.chunks(lanes).zip(output.chunks_mut(step)).take(pixels) {
        wide.at(first, sums, &mut output[..channels]);
    }
}

#[inline(always)]
pub fn depthwise(task: &Depthwise<'_>, output: &mut [u8]) {
    let finish = &task.finish;
    let quads = task.taps.len().div_ceil(UNIT);
    for run in 0..finish.pixels {
        let chunks = finish.narrow.chunks.iter().enumerate().cycle();
        for (first, (number, chunk)) in (0..finish.channels).step_by(CHUNK).zip(chunks) {
            let mut sums = [0i32; CHUNK];
            let weights = &task.weights[number * quads * CHUNK * UNIT..];
            for (tap, offset) in task.taps.iter().enumerate() {
                let input = &task.input[run * task.step + first + offset..][..CHUNK];
                let weights = &weights[tap / UNIT * CHUNK * UNIT..][..CHUNK * UNIT];
                let weights = weights.chunks_exact(UNIT).map(|taps| taps[tap % UNIT]);
                for (sum, (&q, weight)) in sums.iter_mut().zip(input.iter().zip(weights)) {
                    *sum += i32::from(q) * i32::from(weight);
                }
            }
            let (at, count) = (run * finish.step + first, (finish.channels - first).min(CHUNK));
            let mut other = [0u8; CHUNK];
            if let Some(residual) = finish.residual {
                other[..count].copy_from_slice(&residual[at..at + count]);
            }
            let bytes = finished(&sums, finish.narrow, chunk, &other);
            output[at..at + count].copy_from_slice(&bytes[..count]);
        }
    }
}

/// The bytes of `floor(number * step + 1/2) + zero`, saturated, where the product is exact.
#[inline(always)]
pub fn quantize(from: &[f32], step: f32, zero: i32, to: &mut [u8]) {
    // The low byte of a float of this size is that of the integer that was added to it.
    const WHOLE: f32 = (1 << 23) as f32;
    let zero = (zero + 128) as f32;
    for (to, number) in to.iter_mut().zip(from) {
        let steps = (number * step).clamp(-1e6, 1e6);
        let floor = steps.floor();
        // What is left is exact, other than a sum with 1/2.
        let up = if steps - floor >= 0.5 { 1.0 } else { 0.0 };
        let whole = (floor + up + zero).clamp(0.0, 255.0);
        *to = (whole + WHOLE).to_bits() as u8;
    }
}

/// Rows of channels, one behind the other, to pixels.
#[inline(always)]
pub fn interleave(rows: &[u8], channels: usize, pixels: &mut [u8]) {
    match channels {
        3 => interleave_fixed::<3>(rows, pixels),
        4 => interleave_fixed::<4>(rows, pixels),
        _ => {
            for (channel, row) in rows.chunks_exact((pixels.len() / channels).max(1)).enumerate() {
                let to = pixels[channel..].iter_mut().step_by(channels);
                to.zip(row).for_each(|(to, &own)| *to = own);
            }
        }
    }
}

#[inline(always)]
fn interleave_fixed<const CHANNELS: usize>(rows: &[u8], pixels: &mut [u8]) {
    let columns = pixels.len() / CHANNELS;
    let rows: [&[u8]; CHANNELS] =
        std::array::from_fn(|channel| &rows[channel * columns..][..columns]);
    for (column, pixel) in pixels.chunks_exact_mut(CHANNELS).enumerate() {
        for (to, row) in pixel.iter_mut().zip(rows) {
            *to = row[column];
        }
    }
}

#[inline(always)]
fn finished(
    sums: &[i32; CHUNK],
    narrow: &Narrow,
    chunk: &Chunk,
    other: &[u8; CHUNK],
) -> [u8; CHUNK] {
    const END: i32 = 1 << (X_BITS - 1);
    let mut x = [0i32; CHUNK];
    for (at, x) in x.iter_mut().enumerate() {
        *x = sums[at].wrapping_add(chunk.bias[at]) >> (chunk.right[at] & 31);
    }
    if narrow.any_left {
        for (at, x) in x.iter_mut().enumerate() {
            let limited = (*x).clamp(-LEFT_LIMIT, LEFT_LIMIT) << (chunk.left[at] & 31);
            *x = if chunk.left[at] > 0 { limited } else { *x };
        }
    }
    if narrow.residual == Some(Residual::BeforeActivation) {
        for (at, x) in x.iter_mut().enumerate() {
            let aligned = (i32::from(other[at]) - chunk.other[at]) << (chunk.align[at] & 31);
            *x = (*x).clamp(-END, END - 1) + aligned;
        }
    }
    if let Straight::Leaky(slope) = narrow.straight {
        for x in &mut x {
            let own = (*x).clamp(-END, END - 1);
            *x = if own < 0 { (own * slope + 128) >> 8 } else { own };
        }
    }
    // Where 16 bits do, 20 are as good.
    let x = x.map(|x| x.clamp(-END, END - 1));
    let mut y = match narrow.straight {
        Straight::Zero => [0; CHUNK],
        Straight::Limited(low, high) => x.map(|x| x.max(low).min(high)),
        Straight::Leaky(_) => x,
    };
    match &narrow.table {
        Table::None => {}
        Table::Short(entries) => {
            for (y, x) in y.iter_mut().zip(x) {
                let magnitude = x.unsigned_abs().min(8191);
                let address = (magnitude >> 3).min(112 + (magnitude >> 6));
                *y += i32::from(entries[(address & 255) as usize]);
            }
        }
        Table::Long { layout, entries, signed } => {
            for (y, x) in y.iter_mut().zip(x) {
                let magnitude = x.unsigned_abs().min(8191);
                let fine = magnitude >> 3;
                let short = *layout == Layout::TwoSegments;
                let address = if short { fine.min(112 + (magnitude >> 6)) } else { fine };
                let block = if *signed && x < 0 { layout.entries() } else { 0 };
                *y += entries[block + address as usize];
            }
        }
    }
    if narrow.residual == Some(Residual::AfterActivation) {
        for (at, y) in y.iter_mut().enumerate() {
            *y += (i32::from(other[at]) - chunk.other[at]) << (chunk.align[at] & 31);
        }
    }
    std::array::from_fn(|at| {
        let rounded = (y[at] + chunk.half_word[at]) >> (chunk.shift_word[at] & 31);
        (rounded + i32::from(chunk.zero[at]) + 128).clamp(0, 255) as u8
    })
}
