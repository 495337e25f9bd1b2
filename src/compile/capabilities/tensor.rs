//! Which tensors can lie in the shared memory.

use super::reason::Fault;
use crate::model::qgraph::{QValue, Width};

/// Largest extent of a plane along an axis.
pub const MAX_EXTENT: usize = (1 << 16) - 1;

/// Whether a tensor can lie in shared memory: one frame, int8 or int16, planes that are not empty.
///
/// # Errors
/// What is in the way.
pub fn storable(value: &QValue) -> Result<(), Fault> {
    let (width, _) = value.integer().ok_or(Fault::Float)?;
    if !matches!(width, Width::I8 | Width::I16) {
        return Err(Fault::Width(width));
    }
    if !(2..=4).contains(&value.shape.len()) {
        return Err(Fault::Rank(value.shape.len()));
    }
    if value.shape[0] != 1 {
        return Err(Fault::Batch(value.shape[0]));
    }
    let extents = &value.shape[2..];
    if let Some(&extent) = extents.iter().find(|extent| !(1..=MAX_EXTENT).contains(extent)) {
        return Err(Fault::Extent(extent));
    }
    if value.channels() == 0 { Err(Fault::Empty) } else { Ok(()) }
}

/// Whether a unit can read a tensor: one that is storable, int8. `None` stands for an operand that is
/// not there.
///
/// # Errors
/// What is in the way.
pub fn readable(value: Option<&QValue>) -> Result<(), Fault> {
    let value = value.ok_or(Fault::Missing)?;
    match value.integer() {
        Some((width, _)) if width != Width::I8 => Err(Fault::Width(width)),
        _ => storable(value),
    }
}
