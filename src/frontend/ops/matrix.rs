//! Single-precision matrix products: a checked front of the `gemm` crate, and products that add in a fixed order.

mod fixed;

use gemm::{Parallelism, gemm};
use ndarray::{ArrayView2, ArrayViewMut2};

/// In which order a sum takes its products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The one that is fastest on this machine: the last bits depend on its instructions and caches.
    Fastest,
    /// Rule A14 of docs/arithmetic.md: the same bits on every machine.
    Fixed,
}

impl Order {
    /// `output = a * b` on the calling thread; shapes as in [`multiply`].
    ///
    /// # Panics
    /// When the shapes do not agree; callers take all three from one set of extents.
    pub fn multiply(
        self,
        output: ArrayViewMut2<'_, f32>,
        a: ArrayView2<'_, f32>,
        b: ArrayView2<'_, f32>,
    ) {
        match self {
            Self::Fastest => multiply(output, a, b, false),
            Self::Fixed => fixed::multiply(output, a, b),
        }
    }
}

/// `output = a * b`, or `output += a * b` when `accumulate` is set, on the calling thread.
///
/// Shapes: `a` is m x k, `b` is k x n, `output` is m x n, each with any strides. The result
/// depends on the shapes and the instruction set, never on threads.
///
/// # Panics
/// When the shapes do not agree; callers take all three from one set of extents.
pub fn multiply(
    mut output: ArrayViewMut2<'_, f32>,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    accumulate: bool,
) {
    let (m, k) = a.dim();
    let n = b.ncols();
    assert!(b.nrows() == k && output.dim() == (m, n), "matrix shapes do not agree");
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !accumulate {
            output.fill(0.0);
        }
        return;
    }
    let (output_strides, a_strides, b_strides) =
        ([output.strides()[0], output.strides()[1]], a.strides(), b.strides());
    #[allow(unsafe_code, reason = "the gemm crate takes raw pointers")]
    // SAFETY: every pointer comes with its shape and strides from a live view; the views guarantee
    // that each element (i, j) below the shape is in bounds, the shapes were compared above, and
    // the output is borrowed mutably, so it overlaps neither operand.
    unsafe {
        gemm(
            m,
            n,
            k,
            output.as_mut_ptr(),
            output_strides[1],
            output_strides[0],
            accumulate,
            a.as_ptr(),
            a_strides[1],
            a_strides[0],
            b.as_ptr(),
            b_strides[1],
            b_strides[0],
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn strided_products_are_right() {
        let a = Array2::from_shape_fn((5, 7), |(i, j)| (i * 3 + j) as f32);
        let b = Array2::from_shape_fn((9, 7), |(i, j)| i as f32 - 2.0 * j as f32);
        let mut whole = Array2::from_elem((5, 20), 1.0f32);
        multiply(whole.slice_mut(ndarray::s![.., 4..13]), a.view(), b.t(), true);
        for ((i, j), &value) in whole.indexed_iter() {
            let product: f32 = if (4..13).contains(&j) {
                (0..7).map(|k| a[[i, k]] * b[[j - 4, k]]).sum()
            } else {
                0.0
            };
            assert_eq!(value, 1.0 + product);
        }
    }

    #[test]
    fn an_empty_inner_extent_gives_zeros() {
        let mut output = Array2::from_elem((2, 2), 3.0f32);
        let (a, b) = (Array2::zeros((2, 0)), Array2::zeros((0, 2)));
        multiply(output.view_mut(), a.view(), b.view(), false);
        assert!(output.iter().all(|&value| value == 0.0));
    }
}
