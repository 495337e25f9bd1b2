//! Executes a program on plain memory: what the hardware does, without its time.
//!
//! Decodes the bytes with the checker's decoder and computes with arithmetic of its own (rules A4 to
//! A7, A9), so that schedule, addresses and encoding are proven against `reference` before any RTL runs.

mod engine;
mod lanes;
mod machine;

pub use machine::{Event, Machine};
