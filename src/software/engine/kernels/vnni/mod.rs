//! AVX-512 with `vpdpbusd`: four products of an unsigned input and an int8 weight in each of 16 lanes.
//!
//! Unsafe because of pointers and of instructions that a processor may not have. What is read and written lies within
//! the slices of a task, or in the bytes that follow every value ([`SLACK`]), which the checks of the tasks establish; and a
//! [`Vnni`] exists only where the processor has the instructions.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn, reason = "see above")]

/// A function that may use the instructions.
macro_rules! with_instructions {
    ($($(#[$attribute:meta])* $vis:vis unsafe fn $name:ident $(<$(const $constant:ident: $type:ty),*>)? ($($arguments:tt)*) $(-> $result:ty)? $body:block)*) => {
        $($(#[$attribute])*
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
        $vis unsafe fn $name $(<$(const $constant: $type),*>)? ($($arguments)*) $(-> $result)? $body)*
    };
}

mod stage;

use std::arch::x86_64::*;

use super::{Dense, Depthwise, Finish, LANES, SLACK, UNIT, plain};
use crate::software::engine::stage::narrow::CHUNK;
use crate::software::engine::stage::wide::Wide;
use stage::finished;

/// Proof that the processor has the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vnni(());

impl Vnni {
    pub fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni");
        has.then_some(Self(()))
    }

    pub fn dense(self, task: &Dense<'_>, sums: &mut [i32]) {
        // SAFETY: the instructions are there; the task is checked.
        unsafe { dense(task, sums.as_mut_ptr()) }
    }

    pub fn finish(self, task: &Finish<'_>, sums: &[i32], output: &mut [u8]) {
        // SAFETY: the instructions are there; the task is checked.
        unsafe { finish(task, sums.as_ptr(), output.as_mut_ptr()) }
    }

    pub fn wide(
        self,
        constants: &Wide,
        channels: (usize, usize),
        sums: (&[i32], usize),
        output: (&mut [f32], usize),
        pixels: usize,
    ) {
        // SAFETY: the instructions are there.
        unsafe { wide(constants, channels, sums, output, pixels) }
    }

    pub fn quantize(self, from: &[f32], step: f32, zero: i32, to: &mut [u8]) {
        // SAFETY: the instructions are there.
        unsafe { quantize(from, step, zero, to) }
    }

    pub fn interleave(self, rows: &[u8], channels: usize, pixels: &mut [u8]) {
        // SAFETY: the instructions are there.
        unsafe { interleave(rows, channels, pixels) }
    }

    pub fn depthwise(self, task: &Depthwise<'_>, output: &mut [u8]) {
        // SAFETY: the instructions are there; the task is checked.
        unsafe { depthwise(task, output.as_mut_ptr()) }
    }
}

with_instructions! {

unsafe fn dense(task: &Dense<'_>, sums: *mut i32) {
    let mut block = 0;
    while block < task.blocks {
        match task.blocks - block {
            1 => {
                dense_blocks::<1>(task, block, sums);
                block += 1;
            }
            2 => {
                dense_blocks::<2>(task, block, sums);
                block += 2;
            }
            3 => {
                dense_blocks::<3>(task, block, sums);
                block += 3;
            }
            _ => {
                dense_blocks::<4>(task, block, sums);
                block += 4;
            }
        }
    }
}

/// All pixels of some blocks, in tiles whose sums fit the registers, of sizes that differ little.
unsafe fn dense_blocks<const BLOCKS: usize>(task: &Dense<'_>, block: usize, sums: *mut i32) {
    let most = match BLOCKS {
        1 | 2 => 12,
        3 => 8,
        _ => 6,
    };
    let mut tiles = task.pixels.div_ceil(most);
    let mut pixel = 0;
    while pixel < task.pixels {
        let wanted = (task.pixels - pixel).div_ceil(tiles);
        tiles = (tiles - 1).max(1);
        let own = match wanted {
            1 => { tile::<1, BLOCKS>(task, pixel, block, sums); 1 }
            2 => { tile::<2, BLOCKS>(task, pixel, block, sums); 2 }
            3 => { tile::<3, BLOCKS>(task, pixel, block, sums); 3 }
            4 => { tile::<4, BLOCKS>(task, pixel, block, sums); 4 }
            5 => { tile::<5, BLOCKS>(task, pixel, block, sums); 5 }
            6 | 7 => { tile::<6, BLOCKS>(task, pixel, block, sums); 6 }
            8..=11 => { tile::<8, BLOCKS>(task, pixel, block, sums); 8 }
            _ => { tile::<12, BLOCKS>(task, pixel, block, sums); 12 }
        };
        pixel += own;
        tiles = tiles.max((task.pixels - pixel).div_ceil(most));
    }
}

/// Sums of some pixels and blocks in registers over the whole window.
#[inline]
unsafe fn tile<const PIXELS: usize, const BLOCKS: usize>(task: &Dense<'_>, pixel: usize, block: usize, sums: *mut i32) {
    let block_bytes = task.block();
    let mut weights = task.weights.as_ptr().add(block * block_bytes);
    let input = task.input.as_ptr().add(pixel * task.step);
    let mut totals = [[_mm512_setzero_si512(); BLOCKS]; PIXELS];
    for &segment in task.segments {
        let mut from = input.add(segment);
        for _ in 0..task.length.div_ceil(UNIT) {
            let mut own = [_mm512_setzero_si512(); BLOCKS];
            for (number, own) in own.iter_mut().enumerate() {
                *own = _mm512_loadu_si512(weights.add(number * block_bytes).cast());
            }
            for (pixel, totals) in totals.iter_mut().enumerate() {
                let four = from.add(pixel * task.step).cast::<i32>().read_unaligned();
                let q = _mm512_set1_epi32(four);
                for (total, own) in totals.iter_mut().zip(own) {
                    *total = _mm512_dpbusd_epi32(*total, q, own);
                }
            }
            from = from.add(UNIT);
            weights = weights.add(LANES * UNIT);
        }
    }
    for (number, totals) in totals.iter().enumerate() {
        let to = sums.add(((pixel + number) * task.blocks + block) * LANES);
        for (number, total) in totals.iter().enumerate() {
            _mm512_storeu_si512(to.add(number * LANES).cast(), *total);
        }
    }
}

/// Blocks follow each other over all pixels; 4 of them are a chunk.
unsafe fn finish(task: &Finish<'_>, sums: *const i32, output: *mut u8) {
    let blocks = task.channels.div_ceil(LANES);
    let total = task.pixels * blocks;
    let dense = task.channels == task.step && task.channels.is_multiple_of(LANES);
    let residual = task.residual.map(<[u8]>::as_ptr);
    let mut chunks = task.narrow.chunks.iter().cycle();
    for first in (0..total).step_by(CHUNK / LANES) {
        let Some(chunk) = chunks.next() else { return };
        let from = sums.add(first * LANES);
        let own = std::array::from_fn(|vector| _mm512_loadu_si512(from.add(vector * LANES).cast()));
        let count = (total - first).min(CHUNK / LANES);
        if dense {
            let mask = mask(count * LANES);
            let other = residual.map(|other| _mm512_maskz_loadu_epi8(mask, other.add(first * LANES).cast()));
            let bytes = finished::<true>(own, task.narrow, chunk, other);
            _mm512_mask_storeu_epi8(output.add(first * LANES).cast(), mask, bytes);
            continue;
        }
        let place = |block: usize| {
            let (pixel, own) = (block / blocks, block % blocks * LANES);
            (pixel * task.step + own, (task.channels - own).min(LANES))
        };
        let other = residual.map(|other| {
            let mut bytes = [_mm_setzero_si128(); CHUNK / LANES];
            for (number, bytes) in bytes.iter_mut().enumerate().take(count) {
                let (at, length) = place(first + number);
                *bytes = _mm_maskz_loadu_epi8(mask(length) as u16, other.add(at).cast());
            }
            _mm512_loadu_si512(bytes.as_ptr().cast())
        });
        let bytes = finished::<true>(own, task.narrow, chunk, other);
        let mut quarters = [_mm_setzero_si128(); CHUNK / LANES];
        _mm512_storeu_si512(quarters.as_mut_ptr().cast(), bytes);
        for (number, quarter) in quarters.iter().enumerate().take(count) {
            let (at, length) = place(first + number);
            _mm_mask_storeu_epi8(output.add(at).cast(), mask(length) as u16, *quarter);
        }
    }
}

unsafe fn wide(
    constants: &Wide,
    channels: (usize, usize),
    sums: (&[i32], usize),
    output: (&mut [f32], usize),
    pixels: usize,
) {
    plain::wide(constants, channels, sums, output, pixels);
}

unsafe fn quantize(from: &[f32], step: f32, zero: i32, to: &mut [u8]) {
    plain::quantize(from, step, zero, to);
}

unsafe fn interleave(rows: &[u8], channels: usize, pixels: &mut [u8]) {
    plain::interleave(rows, channels, pixels);
}

unsafe fn depthwise(task: &Depthwise<'_>, output: *mut u8) {
    let finish = &task.finish;
    let quads = task.taps.len().div_ceil(UNIT);
    let residual = finish.residual.map(<[u8]>::as_ptr);
    for run in 0..finish.pixels {
        let input = task.input.as_ptr().add(run * task.step);
        let mut number = 0;
        for first in (0..finish.channels).step_by(CHUNK) {
            let weights = task.weights.as_ptr().add(number * quads * SLACK * UNIT);
            let sums = window(input.add(first), task.taps, weights);
            let chunk = &finish.narrow.chunks[number];
            number = if number + 1 == finish.narrow.chunks.len() { 0 } else { number + 1 };
            let mask = mask(finish.channels - first);
            let at = run * finish.step + first;
            let other = residual.map(|other| _mm512_maskz_loadu_epi8(mask, other.add(at).cast()));
            let bytes = finished::<false>(sums, finish.narrow, chunk, other);
            _mm512_mask_storeu_epi8(output.add(at).cast(), mask, bytes);
        }
    }
}

/// Sums of 64 outputs with a filter each. Four taps of an output become the four bytes of a lane, which leaves
/// quarters of vectors in their order.
#[inline]
unsafe fn window(input: *const u8, taps: &[usize], weights: *const i8) -> [__m512i; 4] {
    let zero = _mm512_setzero_si512();
    let mut sums = [zero; 4];
    for (quad, taps) in taps.chunks(UNIT).enumerate() {
        let load = |tap: usize| match taps.get(tap) {
            Some(offset) => _mm512_loadu_si512(input.add(*offset).cast()),
            None => zero,
        };
        let [a, b, c, d] = [load(0), load(1), load(2), load(3)];
        let (ab, ab_high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
        let (cd, cd_high) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
        let lanes = [
            _mm512_unpacklo_epi16(ab, cd),
            _mm512_unpackhi_epi16(ab, cd),
            _mm512_unpacklo_epi16(ab_high, cd_high),
            _mm512_unpackhi_epi16(ab_high, cd_high),
        ];
        let own = weights.add(quad * SLACK * UNIT);
        for (vector, (sum, lanes)) in sums.iter_mut().zip(lanes).enumerate() {
            *sum = _mm512_dpbusd_epi32(*sum, lanes, _mm512_loadu_si512(own.add(vector * SLACK).cast()));
        }
    }
    sums
}

/// The first `count` of 64 bytes.
#[inline]
unsafe fn mask(count: usize) -> u64 {
    if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}

}
