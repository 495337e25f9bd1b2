//! The output stage with AVX-512: 64 sums to 64 bytes. Unsafe for the instructions, which the processor has where this
//! is called from, and for tables, whose addresses are limited to their entries.
#![allow(unsafe_code, unsafe_op_in_unsafe_fn, reason = "see above")]

use std::arch::x86_64::*;

use crate::base::arithmetic::{Layout, X_BITS};
use crate::frontend::ops::epilogue::Residual;
use crate::software::engine::stage::narrow::{CHUNK, Chunk, LEFT_LIMIT, Narrow, Straight, Table};

with_instructions! {

/// Sums to stored bytes, in the order of memory. `BLOCKS` names the order of the sums: blocks or quarters.
#[inline]
pub unsafe fn finished<const BLOCKS: bool>(sums: [__m512i; 4], narrow: &Narrow, chunk: &Chunk, other: Option<__m512i>) -> __m512i {
    let words = |constants: &[i32; CHUNK], vector: usize| _mm512_load_si512(constants.as_ptr().add(vector * 16).cast());
    let halves = |constants: &[i16; CHUNK], pair: usize| _mm512_load_si512(constants.as_ptr().add(pair * 32).cast());
    let mut x = shifted(sums, narrow, chunk);
    // The residual as 16 bits, in the order of pairs of vectors.
    let zero = _mm512_setzero_si512();
    let other = other.map(|bytes| {
        let bytes = if BLOCKS { _mm512_permutexvar_epi32(transposed(), bytes) } else { bytes };
        [_mm512_unpacklo_epi8(bytes, zero), _mm512_unpackhi_epi8(bytes, zero)]
    });
    // In 32 bits it is aligned to this.
    let aligned = |vector: usize| {
        let Some(other) = other else { return zero };
        let pair = other[vector / 2];
        let own = of_pair(pair, zero, vector);
        _mm512_sllv_epi32(_mm512_sub_epi32(own, words(&chunk.other, vector)), words(&chunk.align, vector))
    };
    if narrow.residual == Some(Residual::BeforeActivation) {
        for (vector, x) in x.iter_mut().enumerate() {
            *x = _mm512_add_epi32(saturated(*x), aligned(vector));
        }
    }
    if let Straight::Leaky(slope) = narrow.straight {
        for x in &mut x {
            let own = saturated(*x);
            let product = _mm512_mullo_epi32(own, _mm512_set1_epi32(slope));
            let small = _mm512_srai_epi32(_mm512_add_epi32(product, _mm512_set1_epi32(128)), 8);
            *x = _mm512_mask_mov_epi32(own, _mm512_movepi32_mask(own), small);
        }
    }
    let mut y = [_mm512_packs_epi32(x[0], x[1]), _mm512_packs_epi32(x[2], x[3])];
    if narrow.in_halves {
        for (pair, y) in y.iter_mut().enumerate() {
            let straight = match narrow.straight {
                Straight::Zero => zero,
                Straight::Limited(low, high) => {
                    let limit = |x: i32| _mm512_set1_epi16(x.clamp(i16::MIN.into(), i16::MAX.into()) as i16);
                    _mm512_min_epi16(_mm512_max_epi16(*y, limit(low)), limit(high))
                }
                Straight::Leaky(_) => *y,
            };
            *y = match looked_up(&narrow.table, *y) {
                Some(entries) => _mm512_adds_epi16(straight, entries),
                None => straight,
            };
            if let (Some(other), Some(Residual::AfterActivation)) = (other, narrow.residual) {
                let difference = _mm512_sub_epi16(other[pair], halves(&chunk.other_half, pair));
                *y = _mm512_adds_epi16(*y, _mm512_sllv_epi16(difference, halves(&chunk.align_half, pair)));
            }
            *y = _mm512_srav_epi16(_mm512_adds_epi16(*y, halves(&chunk.half, pair)), halves(&chunk.shift, pair));
        }
    } else {
        let entries = y.map(|y| looked_up(&narrow.table, y));
        for (vector, x) in x.iter_mut().enumerate() {
            *x = match narrow.straight {
                Straight::Zero => zero,
                Straight::Limited(low, high) => {
                    _mm512_min_epi32(_mm512_max_epi32(saturated(*x), _mm512_set1_epi32(low)), _mm512_set1_epi32(high))
                }
                Straight::Leaky(_) => *x,
            };
            if let Some(entries) = entries[vector / 2] {
                // 16 bits behind 16 others, shifted down with their sign.
                let own = of_pair(zero, entries, vector);
                *x = _mm512_add_epi32(*x, _mm512_srai_epi32(own, 16));
            }
            if narrow.residual == Some(Residual::AfterActivation) {
                *x = _mm512_add_epi32(*x, aligned(vector));
            }
            *x = _mm512_srav_epi32(_mm512_add_epi32(*x, words(&chunk.half_word, vector)), words(&chunk.shift_word, vector));
        }
        y = [_mm512_packs_epi32(x[0], x[1]), _mm512_packs_epi32(x[2], x[3])];
    }
    for (pair, y) in y.iter_mut().enumerate() {
        *y = _mm512_adds_epi16(*y, halves(&chunk.zero, pair));
    }
    let bytes = _mm512_xor_si512(_mm512_packs_epi16(y[0], y[1]), _mm512_set1_epi8(-128));
    if BLOCKS { _mm512_permutexvar_epi32(transposed(), bytes) } else { bytes }
}

/// Sums behind the bias and the first shift.
#[inline]
pub unsafe fn shifted(sums: [__m512i; 4], narrow: &Narrow, chunk: &Chunk) -> [__m512i; 4] {
    let words = |constants: &[i32; CHUNK], vector: usize| _mm512_load_si512(constants.as_ptr().add(vector * 16).cast());
    let mut x = sums;
    for (vector, x) in x.iter_mut().enumerate() {
        *x = _mm512_add_epi32(*x, words(&chunk.bias, vector));
        if narrow.any_left {
            let left = words(&chunk.left, vector);
            let limit = _mm512_set1_epi32(LEFT_LIMIT);
            let limited = _mm512_max_epi32(_mm512_min_epi32(*x, limit), _mm512_sub_epi32(_mm512_setzero_si512(), limit));
            let moved = _mm512_test_epi32_mask(left, left);
            *x = _mm512_mask_sllv_epi32(*x, moved, limited, left);
        }
        *x = _mm512_srav_epi32(*x, words(&chunk.right, vector));
    }
    x
}

/// Numbers of 16 bits with others above them, for the first or the second vector of a pair.
#[inline]
unsafe fn of_pair(low: __m512i, high: __m512i, vector: usize) -> __m512i {
    if vector & 1 == 0 { _mm512_unpacklo_epi16(low, high) } else { _mm512_unpackhi_epi16(low, high) }
}

/// Entries of a table for 32 numbers.
#[inline]
unsafe fn looked_up(table: &Table, x: __m512i) -> Option<__m512i> {
    match table {
        Table::None => None,
        Table::Short(entries) => Some(entries_of(entries.as_ptr(), short_address(x))),
        Table::Long { layout, entries, signed } => Some(long(*layout, entries, *signed, x)),
    }
}

/// Blocks of 16 bytes to quarters of vectors, and back.
#[inline]
pub unsafe fn transposed() -> __m512i {
    _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)
}

#[inline]
unsafe fn saturated(x: __m512i) -> __m512i {
    const END: i32 = 1 << (X_BITS - 1);
    _mm512_max_epi32(_mm512_min_epi32(x, _mm512_set1_epi32(END - 1)), _mm512_set1_epi32(-END))
}

/// The address of 32 numbers in [`Table::Short`].
#[inline]
pub unsafe fn short_address(x: __m512i) -> __m512i {
    // |x|, where -2^15 becomes 2^15 without a sign.
    let magnitude = _mm512_min_epu16(_mm512_abs_epi16(x), _mm512_set1_epi16(8191));
    let coarse = _mm512_add_epi16(_mm512_srli_epi16(magnitude, 6), _mm512_set1_epi16(112));
    // Below 1,024 the fine address is the smaller one, from there on the coarse one.
    _mm512_min_epu16(_mm512_srli_epi16(magnitude, 3), coarse)
}

/// Entries of a table of 256 words for 32 numbers: it lies in 8 registers.
#[inline]
pub unsafe fn entries_of(entries: *const i16, address: __m512i) -> __m512i {
    let part = |number: usize| {
        let at = |half: usize| _mm512_loadu_si512(entries.add(number * 64 + half * 32).cast());
        _mm512_permutex2var_epi16(at(0), address, at(1))
    };
    let odd = _mm512_test_epi16_mask(address, _mm512_set1_epi16(64));
    let upper = _mm512_test_epi16_mask(address, _mm512_set1_epi16(128));
    let low = _mm512_mask_mov_epi16(part(0), odd, part(1));
    let high = _mm512_mask_mov_epi16(part(2), odd, part(3));
    _mm512_mask_mov_epi16(low, upper, high)
}

/// Entries of [`Table::Long`] for 32 numbers.
#[inline]
unsafe fn long(layout: Layout, entries: &[i32], signed: bool, x: __m512i) -> __m512i {
    let magnitude = _mm512_min_epu16(_mm512_abs_epi16(x), _mm512_set1_epi16(8191));
    let fine = _mm512_srli_epi16(magnitude, 3);
    let mut address = match layout {
        Layout::TwoSegments => short_address(x),
        Layout::None | Layout::Uniform => fine,
    };
    if signed {
        let block = _mm512_set1_epi16(layout.entries() as i16);
        address = _mm512_mask_add_epi16(address, _mm512_movepi16_mask(x), address, block);
    }
    let zero = _mm512_setzero_si512();
    let gather = |at: __m512i| _mm512_i32gather_epi32::<4>(at, entries.as_ptr());
    let low = gather(_mm512_unpacklo_epi16(address, zero));
    let high = gather(_mm512_unpackhi_epi16(address, zero));
    _mm512_packs_epi32(low, high)
}

}
