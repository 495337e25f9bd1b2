//! The processor's side of the accelerator: what a driver does, whatever stands between it and the registers.
//!
//! The protocol is that of `docs/driver.md`. [`control`] drives the registers, of a board and of a simulation
//! alike; [`description`] and [`vectors`] are what a bundle says to drivers in any language; [`Driver`] runs
//! frames over a [`Transport`]: the board's ([`Uio`]), or a simulated device in another process
//! ([`Simulated`]).

pub mod control;
pub mod description;
mod fault;
pub mod host;
pub mod vectors;

#[cfg(unix)]
mod driver;
#[cfg(unix)]
mod engine;
#[cfg(unix)]
pub mod mailbox;
#[cfg(unix)]
pub mod map;
#[cfg(unix)]
mod simulated;
#[cfg(unix)]
mod transport;
#[cfg(unix)]
mod uio;

#[cfg(unix)]
pub use driver::{Driver, Frame, Options};
#[cfg(unix)]
pub use engine::OnDevice;
pub use fault::Fault;
#[cfg(unix)]
pub use simulated::Simulated;
#[cfg(unix)]
pub use transport::{Memory, Transport};
#[cfg(unix)]
pub use uio::{Places, Uio};
