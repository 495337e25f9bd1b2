//! Random quantized networks, and their oracle.

#[path = "../../tests/it/quantized/oracle.rs"]
pub mod oracle;
#[path = "../../tests/it/quantized/random.rs"]
mod random;

pub use random::{Choices, inputs, network};
