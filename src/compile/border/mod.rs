//! The hardware's border: every number that the Verilog and something outside of it must agree on.
//!
//! | table | what | who else reads it |
//! |---|---|---|
//! | [`stream`] | descriptors, lane parameters, plane filters | encoder, decoder, checker, simulator |
//! | [`function`] | an entry of the function table, a parameter of the design | generator of the top level |
//! | [`registers`] | the control registers: offsets, fields, access | drivers, co-simulation |
//! | [`status`] | error codes, clients of the memory, causes of stalls | drivers, co-simulation, reports |
//! | [`ports`] | the ports of the top level | generator of the top level |
//!
//! `make generate` makes of them the Verilog headers of `rtl/`, the C headers and the SystemRDL of `runtime/`
//! and the tables of `docs/isa.md` and `docs/registers.md`; a test compares. So a number changes here or
//! nowhere.

mod field;
pub mod function;
pub mod ports;
pub mod registers;
pub mod status;
pub mod stream;

pub use field::{Field, Value};
