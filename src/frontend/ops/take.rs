//! Elements picked by position along one axis: what gathering, padding and nearest-neighbor
//! resizing have in common.

use crate::base::error::Result;
use crate::base::tensor::{Element, element_count};

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
    let mut output = Vec::with_capacity(element_count(shape)?);
    for block in 0..outer {
        let source = &values[block * extent * inner..][..extent * inner];
        if inner == 1 {
            output.extend(positions.iter().map(|at| at.map_or(fill, |at| source[at])));
            continue;
        }
        for position in positions {
            match position {
                Some(at) => output.extend_from_slice(&source[at * inner..][..inner]),
                None => output.resize(output.len() + inner, fill),
            }
        }
    }
    Ok(output)
}
