//! The triangular factor that GPTQ needs.

use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::{Mat, Par, Side};
use ndarray::Array2;

/// Upper triangular U with `inverse(h) = U' U`, for a symmetric positive definite `h`; `None` when
/// a pivot is not positive.
///
/// Rows and columns of `h` in reverse order are `L L'` (Cholesky). L in reverse order is upper triangular with
/// `h = M M'`, so that U is M's inverse: that of L, in reverse order. One thread (faer without its
/// feature `rayon`), since the order of the sums must not depend on how many there are.
pub fn inverse_factor(h: &Array2<f64>) -> Option<Array2<f64>> {
    let n = h.nrows();
    let reversed = Mat::from_fn(n, n, |i, j| h[(n - 1 - i, n - 1 - j)]);
    let cholesky = reversed.llt(Side::Lower).ok()?;
    let mut inverse = Mat::zeros(n, n);
    invert_lower_triangular(inverse.as_mut(), cholesky.L(), Par::Seq);
    let factor =
        Array2::from_shape_fn(
            (n, n),
            |(i, j)| {
                if i <= j { inverse[(n - 1 - i, n - 1 - j)] } else { 0.0 }
            },
        );
    factor.iter().all(|value| value.is_finite()).then_some(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_gives_the_inverse() {
        let n = 7;
        let base = Array2::from_shape_fn((n, 12), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 4.0);
        let h = base.dot(&base.t()) + Array2::<f64>::eye(n);
        let u = inverse_factor(&h).unwrap();
        assert!((0..n).all(|i| (0..i).all(|j| u[(i, j)] == 0.0)));
        let identity = u.t().dot(&u).dot(&h);
        let error = (identity - Array2::<f64>::eye(n)).mapv(f64::abs);
        assert!(error.iter().all(|&e| e < 1e-9), "{error}");
    }

    #[test]
    fn an_indefinite_matrix_is_refused() {
        let h = Array2::from_shape_vec((2, 2), vec![1.0, 2.0, 2.0, 1.0]).unwrap();
        assert!(inverse_factor(&h).is_none());
    }
}
