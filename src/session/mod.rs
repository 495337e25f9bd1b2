//! What a program does with a network, in as many calls as the command line has commands: open it,
//! look at an image with it, quantize it with a folder of images, simulate the chip that it becomes.
//!
//! ```no_run
//! use seigo::session::{self, Calibration, Network, Options, Simulation, Vision};
//! use seigo::{compile::{Compiled, CompileOptions, boards::Target}, quantize::ptq};
//! # fn main() -> seigo::Result<()> {
//! let calibration = Calibration::folder("images", "model.onnx", None)?;
//! let (model, _) = session::quantize("model.onnx", &calibration, &ptq::Options::default(), &|_| {})?;
//! let compiled = Compiled::new(model, &Target::load("kv260")?, CompileOptions::default())?;
//! let frame = Simulation::new(&compiled)?.run(&calibration.tensors(0)?)?;
//! println!("{} cycles, {} tensors equal", frame.cycles, frame.compared);
//!
//! let network = Network::open("model.onnx", &Options::default())?;
//! let seen = Vision::new(&network, None)?.predict("image.jpg")?;
//! # let _ = seen; Ok(())
//! # }
//! ```

pub mod calibration;
pub mod network;
pub mod recipe;
pub mod simulation;
pub mod source;
pub mod vision;

pub use calibration::Calibration;
pub use network::{EngineKind, Network, Options};
pub use recipe::quantize;
pub use simulation::Simulation;
pub use source::Source;
pub use vision::Vision;
