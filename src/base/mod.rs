//! What every stage uses: errors, files, tensors, integer arithmetic, random numbers, patterns of names, work in
//! parallel.

pub mod arithmetic;
pub mod awake;
pub mod error;
pub mod files;
pub mod json;
pub mod npy;
pub mod parallel;
pub mod pattern;
pub mod random;
pub mod tensor;
