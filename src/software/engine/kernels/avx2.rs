//! AVX2: products of pairs of 16 bits. Bytes of a tile are widened once for all blocks of outputs.
//!
//! Unsafe as the kernels for AVX-512 are: pointers within the slices of a checked task, and instructions that the
//! processor has where an [`Avx2`] exists.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn, reason = "see above")]

use std::arch::x86_64::*;

use super::{Dense, Depthwise, Finish, LANES, UNIT, plain};
use crate::software::engine::stage::wide::Wide;

/// Pixels whose sums fit the registers.
const PIXELS: usize = 4;

/// Proof that the processor has the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Avx2(());

impl Avx2 {
    pub fn new() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub fn dense(self, task: &Dense<'_>, sums: &mut [i32]) {
        // SAFETY: the instructions are there; the task is checked.
        unsafe { dense(task, sums.as_mut_ptr()) }
    }

    pub fn finish(self, task: &Finish<'_>, sums: &[i32], output: &mut [u8]) {
        // SAFETY: the instructions are there.
        unsafe { finish(task, sums, output) }
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
        // SAFETY: the instructions are there.
        unsafe { depthwise(task, output) }
    }
}

#[target_feature(enable = "avx2")]
unsafe fn finish(task: &Finish<'_>, sums: &[i32], output: &mut [u8]) {
    plain::finish(task, sums, output);
}

#[target_feature(enable = "avx2")]
unsafe fn wide(
    constants: &Wide,
    channels: (usize, usize),
    sums: (&[i32], usize),
    output: (&mut [f32], usize),
    pixels: usize,
) {
    plain::wide(constants, channels, sums, output, pixels);
}

#[target_feature(enable = "avx2")]
unsafe fn quantize(from: &[f32], step: f32, zero: i32, to: &mut [u8]) {
    plain::quantize(from, step, zero, to);
}

#[target_feature(enable = "avx2")]
unsafe fn interleave(rows: &[u8], channels: usize, pixels: &mut [u8]) {
    plain::interleave(rows, channels, pixels);
}

#[target_feature(enable = "avx2")]
unsafe fn depthwise(task: &Depthwise<'_>, output: &mut [u8]) {
    plain::depthwise(task, output);
}

#[target_feature(enable = "avx2")]
unsafe fn dense(task: &Dense<'_>, sums: *mut i32) {
    let length = task.length.next_multiple_of(UNIT);
    let reach = (task.pixels - 1) * task.step + length;
    let mut wide = vec![0i16; reach * task.segments.len()];
    for (wide, segment) in wide.chunks_exact_mut(reach).zip(task.segments) {
        let bytes = &task.input[*segment..segment + reach];
        wide.iter_mut().zip(bytes).for_each(|(wide, &byte)| *wide = byte.into());
    }
    for block in 0..task.blocks {
        let mut pixel = 0;
        while pixel + PIXELS <= task.pixels {
            tile::<PIXELS>(task, &wide, reach, pixel, block, sums);
            pixel += PIXELS;
        }
        while pixel < task.pixels {
            tile::<1>(task, &wide, reach, pixel, block, sums);
            pixel += 1;
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
unsafe fn tile<const PIXELS: usize>(
    task: &Dense<'_>,
    wide: &[i16],
    reach: usize,
    pixel: usize,
    block: usize,
    sums: *mut i32,
) {
    let mut weights = task.weights.as_ptr().add(block * task.block());
    let mut totals = [[_mm256_setzero_si256(); 2]; PIXELS];
    // Of four numbers of 16 bits the even ones, again and again, and the odd ones.
    let order = [0x0504_0100, 0x0706_0302].map(|order| _mm256_set1_epi32(order));
    // Of four bytes in a lane the even ones, then the odd ones, as 16 bits.
    let even = |four: __m256i| _mm256_srai_epi16(_mm256_slli_epi16(four, 8), 8);
    let odd = |four: __m256i| _mm256_srai_epi16(four, 8);
    for segment in 0..task.segments.len() {
        let mut from = wide.as_ptr().add(segment * reach + pixel * task.step);
        for _ in 0..task.length.div_ceil(UNIT) {
            let load = |half: usize| _mm256_loadu_si256(weights.add(half * 32).cast());
            let own = [load(0), load(1)].map(|four| [even(four), odd(four)]);
            for (pixel, totals) in totals.iter_mut().enumerate() {
                let four =
                    _mm256_set1_epi64x(from.add(pixel * task.step).cast::<i64>().read_unaligned());
                let [first, second] = order.map(|order| _mm256_shuffle_epi8(four, order));
                for (total, own) in totals.iter_mut().zip(own) {
                    *total = _mm256_add_epi32(*total, _mm256_madd_epi16(first, own[0]));
                    *total = _mm256_add_epi32(*total, _mm256_madd_epi16(second, own[1]));
                }
            }
            from = from.add(UNIT);
            weights = weights.add(LANES * UNIT);
        }
    }
    for (number, totals) in totals.iter().enumerate() {
        let to = sums.add(((pixel + number) * task.blocks + block) * LANES);
        _mm256_storeu_si256(to.cast(), totals[0]);
        _mm256_storeu_si256(to.add(8).cast(), totals[1]);
    }
}
