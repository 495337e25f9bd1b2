//! The generated hardware, simulated and compared.

pub mod cosim;
