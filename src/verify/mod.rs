//! The generated hardware, simulated and compared.

pub mod cosim;
#[cfg(unix)]
pub mod server;
