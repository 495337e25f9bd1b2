//! The output stage of convolutions: as it is written down, and as constants for kernels where fewer bits give the same
//! integers.

pub mod exact;
mod lifted;
pub mod narrow;
pub mod wide;
