//! AVX-512 with `vpdpbusd`: four products of an unsigned input and an int8 weight in each of 16 lanes.
//!
//! Unsafe because of pointers and of instructions that a processor may not have. What is read and written lies within
//! the slices of a task, or in the bytes that follow every value ([`super::SLACK`]), which the checks of the tasks establish; and a
//! [`Vnni`] exists only where the processor has the instructions.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn, reason = "see above")]

/// Functions that may use the instructions.
macro_rules! with_instructions {
    ($($(#[$attribute:meta])* $vis:vis unsafe fn $name:ident $(<$(const $constant:ident: $type:ty),*>)? ($($arguments:tt)*) $(-> $result:ty)? $body:block)*) => {
        $($(#[$attribute])*
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
        $vis unsafe fn $name $(<$(const $constant: $type),*>)? ($($arguments)*) $(-> $result)? $body)*
    };
}

mod lifted;
mod loops;
mod stage;

use std::arch::x86_64::*;

use super::{Dense, Depthwise, Finish, LANES, UNIT, plain};
use crate::software::engine::stage::wide::Wide;

/// Proof that the processor has the instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vnni {
    /// And those of VBMI, which look bytes up.
    bytes: bool,
}

impl Vnni {
    pub fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni");
        has.then_some(Self { bytes: false })
    }

    /// With VBMI.
    pub fn with_bytes() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512vbmi");
        Self::new().filter(|_| has).map(|_| Self { bytes: true })
    }

    pub fn name(self) -> &'static str {
        if self.bytes { "avx512-vbmi" } else { "avx512-vnni" }
    }

    pub fn dense(self, task: &Dense<'_>, sums: &mut [i32]) {
        // SAFETY: the instructions are there; the task is checked.
        unsafe { dense(task, sums.as_mut_ptr()) }
    }

    pub fn finish(self, task: &Finish<'_>, sums: &[i32], output: &mut [u8]) {
        let (sums, output) = (sums.as_ptr(), output.as_mut_ptr());
        // SAFETY: the instructions are there; the task is checked.
        unsafe {
            match task.narrow.lifted {
                None => loops::signed::finish(task, sums, output),
                Some(_) if self.bytes => loops::bytes::finish(task, sums, output),
                Some(_) => loops::words::finish(task, sums, output),
            }
        }
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
        let output = output.as_mut_ptr();
        // SAFETY: the instructions are there; the task is checked.
        unsafe {
            match task.finish.narrow.lifted {
                None => loops::signed::depthwise(task, output),
                Some(_) if self.bytes => loops::bytes::depthwise(task, output),
                Some(_) => loops::words::depthwise(task, output),
            }
        }
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

}
