//! Products whose sums are taken in one order (rule A14): from zero on, by fused multiply-adds, the inner index ascending.

use std::cell::RefCell;

use ndarray::{ArrayView2, ArrayViewMut2};
use pulp::{Arch, NullaryFnOnce};

/// Rows and columns of the output whose sums are in registers at the same time.
const ROWS: usize = 4;
const COLUMNS: usize = 16;

thread_local! {
    static PACKED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// `output = a * b`: shapes m x k, k x n and m x n, any strides.
///
/// # Panics
/// When the shapes do not agree.
pub fn multiply(
    mut output: ArrayViewMut2<'_, f32>,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
) {
    let (m, k) = a.dim();
    let n = b.ncols();
    assert!(b.nrows() == k && output.dim() == (m, n), "matrix shapes do not agree");
    PACKED.with_borrow_mut(|packed| {
        packed.resize(packed.len().max((COLUMNS + ROWS) * k), 0.0);
        let (columns, rows) = packed[..(COLUMNS + ROWS) * k].split_at_mut(COLUMNS * k);
        for first in (0..n).step_by(COLUMNS) {
            let count = COLUMNS.min(n - first);
            for (index, line) in columns.chunks_exact_mut(COLUMNS).enumerate() {
                let source = b.slice(ndarray::s![index, first..first + count]);
                line[count..].fill(0.0);
                line.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
            }
            for row in (0..m).step_by(ROWS) {
                let own = ROWS.min(m - row);
                for (index, line) in rows.chunks_exact_mut(ROWS).enumerate() {
                    line[own..].fill(0.0);
                    (0..own).for_each(|at| line[at] = a[[row + at, index]]);
                }
                let sums = Arch::new().dispatch(Block { rows, columns });
                for (at, sums) in sums.iter().enumerate().take(own) {
                    let mut target = output.slice_mut(ndarray::s![row + at, first..first + count]);
                    target.iter_mut().zip(sums).for_each(|(to, from)| *to = *from);
                }
            }
        }
    });
}

/// A block of sums. A type of its own, so that it is inlined to where the instruction set is known.
struct Block<'a> {
    /// For each inner index, one factor per row.
    rows: &'a [f32],
    /// For each inner index, one factor per column.
    columns: &'a [f32],
}

impl NullaryFnOnce for Block<'_> {
    type Output = [[f32; COLUMNS]; ROWS];

    #[inline(always)]
    fn call(self) -> Self::Output {
        let mut sums = [[0.0f32; COLUMNS]; ROWS];
        let (rows, _) = self.rows.as_chunks::<ROWS>();
        let (columns, _) = self.columns.as_chunks::<COLUMNS>();
        for (row, column) in rows.iter().zip(columns) {
            for (sums, factor) in sums.iter_mut().zip(row) {
                for (sum, other) in sums.iter_mut().zip(column) {
                    *sum = factor.mul_add(*other, *sum);
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn sums_are_those_of_the_rule() {
        for (m, k, n) in [(1, 0, 3), (5, 7, 19), (4, 300, 16), (9, 33, 1)] {
            let number = |i: usize, j: usize| ((i * 37 + j * 11) % 101) as f32 * 0.037 - 1.7;
            let a = Array2::from_shape_fn((k, m), |(i, j)| number(i, j));
            let b = Array2::from_shape_fn((n, k), |(i, j)| number(j, i + 5));
            let mut output = Array2::from_elem((m, n), 3.0f32);
            multiply(output.view_mut(), a.t(), b.t());
            for ((i, j), &value) in output.indexed_iter() {
                let sum = (0..k).fold(0.0f32, |sum, at| a[[at, i]].mul_add(b[[j, at]], sum));
                assert_eq!(value.to_bits(), sum.to_bits(), "{m} x {k} x {n}");
            }
        }
    }
}
