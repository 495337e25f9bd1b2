//! A quantized network for a target: boards, packing of shared memory, schedule, program.

pub mod boards;
pub mod border;
pub mod capabilities;
mod compiled;
pub mod explore;
pub mod packing;
pub mod program;
pub mod resources;
pub mod schedule;

pub use compiled::{CompileOptions, Compiled};
