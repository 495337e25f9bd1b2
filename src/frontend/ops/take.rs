//! Elements picked by position along one axis: what gathering, padding and nearest-neighbor
//! resizing have in common.

use rayon::prelude::*;

use super::SHARE;
use crate::base::error::Result;
use crate::base::tensor::{Element, element_count, spare};

/// Replaces axis `axis` of `values`, whose extents are `shape`, by one element for each entry of
/// `positions`; `None` stands for `fill`. `shape` is brought up to date.
///
/// Every position is below `shape[axis]`.
///
/// # Errors
/// [`crate::base::error::codes::TENSOR_SIZE`].
pub(super) fn take<T: Element>(
    values: &[T],
    shape: &mut [usize],
    axis: usize,
    positions: &[Option<usize>],
    fill: T,
) -> Result<Vec<T>> {
    let extent = shape[axis];
    let (outer, inner): (usize, usize) =
        (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
    shape[axis] = positions.len();
    let mut output = spare::buffer(element_count(shape)?);
    let block = positions.len() * inner;
    if output.is_empty() {
        return Ok(output);
    }
    let sources =
        (0..outer).into_par_iter().map(|at| &values[at * extent * inner..][..extent * inner]);
    output.par_chunks_mut(block).zip(sources).with_min_len(SHARE.div_ceil(block)).for_each(
        |(target, source)| {
            if inner == 1 {
                for (target, at) in target.iter_mut().zip(positions) {
                    *target = at.map_or(fill, |at| source[at]);
                }
                return;
            }
            for (target, position) in target.chunks_exact_mut(inner).zip(positions) {
                match position {
                    Some(at) => target.copy_from_slice(&source[at * inner..][..inner]),
                    None => target.fill(fill),
                }
            }
        },
    );
    Ok(output)
}
