//! The output stage of layers whose table is lifted, in unsigned numbers of 16 bits. A table of words is looked up 32 numbers at a
//! time, with VBMI one of bytes 64 at a time.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn, reason = "see the module above")]

use std::arch::x86_64::*;

use super::stage::{entries_of, shifted, short_address, transposed};
use crate::software::engine::stage::narrow::{CHUNK, Chunk, Lifted, Narrow};

/// `$entries` gives lifted entries for two vectors of arguments.
macro_rules! finished {
    ($entries:ident, $features:literal) => {
        /// Sums to stored bytes, in the order of memory. `BLOCKS` names the order of the sums: blocks or quarters.
        #[inline]
        #[target_feature(enable = $features)]
        pub unsafe fn finished<const BLOCKS: bool>(
            sums: [__m512i; 4],
            narrow: &Narrow,
            chunk: &Chunk,
            other: Option<__m512i>,
        ) -> __m512i {
            let zero = _mm512_setzero_si512();
            let Some(table) = &narrow.lifted else { return zero };
            let halves = |constants: &[u16; CHUNK], pair: usize| {
                _mm512_load_si512(constants.as_ptr().add(pair * 32).cast())
            };
            let x = shifted(sums, narrow, chunk);
            let arguments = [_mm512_packs_epi32(x[0], x[1]), _mm512_packs_epi32(x[2], x[3])];
            let straight = [_mm512_packus_epi32(x[0], x[1]), _mm512_packus_epi32(x[2], x[3])];
            let entries = $entries(table, arguments);
            let mut y = [
                _mm512_adds_epu16(straight[0], entries[0]),
                _mm512_adds_epu16(straight[1], entries[1]),
            ];
            if let Some(other) = other {
                let bytes =
                    if BLOCKS { _mm512_permutexvar_epi32(transposed(), other) } else { other };
                let other = [_mm512_unpacklo_epi8(bytes, zero), _mm512_unpackhi_epi8(bytes, zero)];
                for (pair, (y, other)) in y.iter_mut().zip(other).enumerate() {
                    let align = _mm512_load_si512(chunk.align_half.as_ptr().add(pair * 32).cast());
                    *y = _mm512_adds_epu16(*y, _mm512_sllv_epi16(other, align));
                }
            }
            for (pair, y) in y.iter_mut().enumerate() {
                let moved = _mm512_adds_epu16(*y, halves(&chunk.up, pair));
                let moved = _mm512_subs_epu16(moved, halves(&chunk.down, pair));
                let shift = _mm512_load_si512(chunk.shift.as_ptr().add(pair * 32).cast());
                *y = _mm512_srlv_epi16(moved, shift);
            }
            let bytes = _mm512_packus_epi16(y[0], y[1]);
            if BLOCKS { _mm512_permutexvar_epi32(transposed(), bytes) } else { bytes }
        }
    };
}

pub mod words {
    use super::*;

    with_instructions! {

    #[inline]
    unsafe fn look_up(table: &Lifted, x: [__m512i; 2]) -> [__m512i; 2] {
        let entries = table.entries.as_ptr().cast();
        [entries_of(entries, short_address(x[0])), entries_of(entries, short_address(x[1]))]
    }

    }

    finished!(look_up, "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni");
}

pub mod bytes {
    use super::*;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    unsafe fn look_up(table: &Lifted, x: [__m512i; 2]) -> [__m512i; 2] {
        let magnitude = [_mm512_abs_epi16(x[0]), _mm512_abs_epi16(x[1])];
        // Packing saturates addresses to that of the last entry.
        let fine = _mm512_packus_epi16(
            _mm512_srli_epi16(magnitude[0], 3),
            _mm512_srli_epi16(magnitude[1], 3),
        );
        let coarse = _mm512_packus_epi16(
            _mm512_srli_epi16(magnitude[0], 6),
            _mm512_srli_epi16(magnitude[1], 6),
        );
        let address = _mm512_min_epu8(fine, _mm512_adds_epu8(coarse, _mm512_set1_epi8(112)));
        let upper = _mm512_movepi8_mask(address);
        let part = |bytes: &[u8; 256], number: usize| {
            let at = |half: usize| {
                _mm512_load_si512(bytes.as_ptr().add(number * 128 + half * 64).cast())
            };
            _mm512_permutex2var_epi8(at(0), address, at(1))
        };
        let byte = |bytes: &[u8; 256]| _mm512_mask_mov_epi8(part(bytes, 0), upper, part(bytes, 1));
        let (low, high) = (byte(&table.low), byte(&table.high));
        [_mm512_unpacklo_epi8(low, high), _mm512_unpackhi_epi8(low, high)]
    }

    finished!(look_up, "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi");
}
