//! Co-simulation: the generated Verilog, translated by Verilator and run cycle by cycle against the
//! reference.

mod compile;
pub mod device;
mod engine;
mod frame;
mod library;
pub mod memory;
mod report;

pub use crate::device::Fault;
pub use compile::{cache, library as compile};
pub use device::{Buffers, Device, End, Event, Upset};
pub use engine::Rtl;
pub use frame::{Frame, Mismatch, PassReport, Values, Verifier, Waves};
pub use library::{Geometry, Simulation};
pub use memory::Timing;
pub use report::{FrameDifference, FrameFault, FramePass, FrameReport, Stalls};
