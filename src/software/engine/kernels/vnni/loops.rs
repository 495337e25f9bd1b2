//! Loops over chunks of 64 sums, once for each output stage and the instructions that it uses.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn, reason = "see the module above")]

use std::arch::x86_64::*;

use super::super::{Depthwise, Finish, LANES, SLACK, UNIT};
use super::{lifted, stage};
use crate::software::engine::stage::narrow::CHUNK;

/// `$finished` makes bytes of 64 sums.
macro_rules! loops {
    ($name:ident, $finished:path, $features:literal) => {
        pub mod $name {
            use super::*;
            use $finished as finished;

            /// Blocks follow each other over all pixels; 4 of them are a chunk.
            #[target_feature(enable = $features)]
            pub unsafe fn finish(task: &Finish<'_>, sums: *const i32, output: *mut u8) {
                let blocks = task.channels.div_ceil(LANES);
                let total = task.pixels * blocks;
                let dense = task.channels == task.step && task.channels.is_multiple_of(LANES);
                let residual = task.residual.map(<[u8]>::as_ptr);
                let place = |block: usize| {
                    let (pixel, own) = (block / blocks, block % blocks * LANES);
                    (pixel * task.step + own, (task.channels - own).min(LANES))
                };
                let mut chunks = task.narrow.chunks.iter().cycle();
                for first in (0..total).step_by(CHUNK / LANES) {
                    let Some(chunk) = chunks.next() else { return };
                    let from = sums.add(first * LANES);
                    let own = std::array::from_fn(|vector| {
                        _mm512_loadu_si512(from.add(vector * LANES).cast())
                    });
                    let count = (total - first).min(CHUNK / LANES);
                    let mask = mask(count * LANES);
                    let other = residual.map(|other| {
                        if dense {
                            return _mm512_maskz_loadu_epi8(mask, other.add(first * LANES).cast());
                        }
                        let mut bytes = [_mm_setzero_si128(); CHUNK / LANES];
                        for (number, bytes) in bytes.iter_mut().enumerate().take(count) {
                            let (at, length) = place(first + number);
                            *bytes = _mm_maskz_loadu_epi8(
                                super::mask(length) as u16,
                                other.add(at).cast(),
                            );
                        }
                        _mm512_loadu_si512(bytes.as_ptr().cast())
                    });
                    let bytes = finished::<true>(own, task.narrow, chunk, other);
                    if dense {
                        _mm512_mask_storeu_epi8(output.add(first * LANES).cast(), mask, bytes);
                        continue;
                    }
                    let mut quarters = [_mm_setzero_si128(); CHUNK / LANES];
                    _mm512_storeu_si512(quarters.as_mut_ptr().cast(), bytes);
                    for (number, quarter) in quarters.iter().enumerate().take(count) {
                        let (at, length) = place(first + number);
                        _mm_mask_storeu_epi8(
                            output.add(at).cast(),
                            super::mask(length) as u16,
                            *quarter,
                        );
                    }
                }
            }

            #[target_feature(enable = $features)]
            pub unsafe fn depthwise(task: &Depthwise<'_>, output: *mut u8) {
                if let Some(pixel) = task.columns {
                    return columns(task, pixel, output);
                }
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
                        number =
                            if number + 1 == finish.narrow.chunks.len() { 0 } else { number + 1 };
                        let mask = mask(finish.channels - first);
                        let at = run * finish.step + first;
                        let other = residual
                            .map(|other| _mm512_maskz_loadu_epi8(mask, other.add(at).cast()));
                        let bytes = finished::<false>(sums, finish.narrow, chunk, other);
                        _mm512_mask_storeu_epi8(output.add(at).cast(), mask, bytes);
                    }
                }
            }

            /// Windows of three columns, each of which is put together once for three pixels.
            #[target_feature(enable = $features)]
            unsafe fn columns(task: &Depthwise<'_>, pixel: usize, output: *mut u8) {
                let finish = &task.finish;
                let rows = &task.taps[..3];
                let residual = finish.residual.map(<[u8]>::as_ptr);
                for (number, chunk) in finish.narrow.chunks.iter().enumerate() {
                    let weights = task.weights.as_ptr().add(number * 3 * SLACK * UNIT);
                    for run in 0..finish.pixels {
                        let input = task.input.as_ptr().add(run * task.step + number * CHUNK);
                        let (mut left, mut middle) =
                            (together(input, rows), together(input.add(pixel), rows));
                        for first in (0..finish.channels).step_by(pixel) {
                            let right = together(input.add(first + 2 * pixel), rows);
                            let mut sums = [_mm512_setzero_si512(); 4];
                            for (column, lanes) in [left, middle, right].into_iter().enumerate() {
                                add_products(&mut sums, lanes, weights.add(column * SLACK * UNIT));
                            }
                            let at = run * finish.step + first + number * CHUNK;
                            let other =
                                residual.map(|other| _mm512_loadu_si512(other.add(at).cast()));
                            let bytes = finished::<false>(sums, finish.narrow, chunk, other);
                            _mm512_storeu_si512(output.add(at).cast(), bytes);
                            (left, middle) = (middle, right);
                        }
                    }
                }
            }
        }
    };
}

loops!(signed, stage::finished, "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni");
loops!(words, lifted::words::finished, "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni");
loops!(bytes, lifted::bytes::finished, "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi");

with_instructions! {

/// Sums of 64 outputs with a filter each.
#[inline]
unsafe fn window(input: *const u8, taps: &[usize], weights: *const i8) -> [__m512i; 4] {
    let mut sums = [_mm512_setzero_si512(); 4];
    for (quad, taps) in taps.chunks(UNIT).enumerate() {
        add_products(&mut sums, together(input, taps), weights.add(quad * SLACK * UNIT));
    }
    sums
}

/// Up to four taps of 64 outputs as the four bytes of a lane each, which leaves quarters of vectors in their order.
#[inline]
unsafe fn together(input: *const u8, taps: &[usize]) -> [__m512i; 4] {
    let load = |tap: usize| match taps.get(tap) {
        Some(offset) => _mm512_loadu_si512(input.add(*offset).cast()),
        None => _mm512_setzero_si512(),
    };
    let [a, b, c, d] = [load(0), load(1), load(2), load(3)];
    let (ab, ab_high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
    let (cd, cd_high) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
    [
        _mm512_unpacklo_epi16(ab, cd),
        _mm512_unpackhi_epi16(ab, cd),
        _mm512_unpacklo_epi16(ab_high, cd_high),
        _mm512_unpackhi_epi16(ab_high, cd_high),
    ]
}

#[inline]
unsafe fn add_products(sums: &mut [__m512i; 4], lanes: [__m512i; 4], weights: *const i8) {
    for (vector, (sum, lanes)) in sums.iter_mut().zip(lanes).enumerate() {
        *sum = _mm512_dpbusd_epi32(*sum, lanes, _mm512_loadu_si512(weights.add(vector * SLACK).cast()));
    }
}

/// The first `count` of 64 bytes.
#[inline]
unsafe fn mask(count: usize) -> u64 {
    if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}

}
