//! Who runs a network on a processor: float, golden reference, fast integer engine.

pub mod engine;
pub mod executor;
pub mod reference;
