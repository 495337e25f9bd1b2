//! The triangular factor that GPTQ needs.

use ndarray::Array2;

/// Upper triangular U with `inverse(h) = U' U`, for a symmetric positive definite `h`; `None` when
/// a pivot is not positive.
///
/// `h = M M'` with M upper triangular is Cholesky from the last row up; then U is M's inverse.
pub fn inverse_factor(h: &Array2<f64>) -> Option<Array2<f64>> {
    let n = h.nrows();
    let mut factor = Array2::<f64>::zeros((n, n));
    for column in (0..n).rev() {
        for row in (0..=column).rev() {
            let mut sum = h[(row, column)];
            for k in column + 1..n {
                sum -= factor[(row, k)] * factor[(column, k)];
            }
            if row == column {
                if sum.is_nan() || sum <= 0.0 {
                    return None;
                }
                factor[(row, row)] = sum.sqrt();
            } else {
                factor[(row, column)] = sum / factor[(column, column)];
            }
        }
    }
    Some(invert_upper(&factor))
}

fn invert_upper(factor: &Array2<f64>) -> Array2<f64> {
    let n = factor.nrows();
    let mut inverse = Array2::<f64>::zeros((n, n));
    for row in (0..n).rev() {
        inverse[(row, row)] = 1.0 / factor[(row, row)];
        for k in row + 1..n {
            let scale = -factor[(row, k)] / factor[(row, row)];
            if scale != 0.0 {
                for column in k..n {
                    inverse[(row, column)] += scale * inverse[(k, column)];
                }
            }
        }
    }
    inverse
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
