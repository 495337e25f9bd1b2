//! What a program does with a network, in as many calls as the command line has commands: open it,
//! look at an image with it, quantize it with a folder of images, simulate the chip that it becomes.
//!
//! ```
//! use seigo::compile::{CompileOptions, Compiled, boards::Target};
//! use seigo::quantize::ptq;
//! use seigo::session::{Calibration, Network, Options, Vision, quantize};
//!
//! # fn main() -> seigo::Result<()> {
//! let onnx = "tests/fixtures/detector.onnx";
//! let network = Network::open(onnx, &Options::default())?;
//! let seen = Vision::new(&network, None)?.predict("tests/fixtures/images/squares.png")?;
//! println!("{seen:?}");
//!
//! let calibration = Calibration::folder("tests/fixtures/images", onnx, None)?;
//! let (model, _) = quantize(onnx, &calibration, &ptq::Options::default(), &|_| {})?;
//! let compiled = Compiled::new(model, &Target::load("kv260")?, CompileOptions::default())?;
//! assert!(compiled.uses_accelerator());
//! # Ok(())
//! # }
//! ```
//!
//! The simulation of what was compiled needs Verilator and a C++ compiler:
//!
//! ```no_run
//! # use seigo::compile::Compiled;
//! use seigo::session::{Calibration, Simulation};
//!
//! # fn run(compiled: &Compiled, calibration: &Calibration) -> seigo::Result<()> {
//! let frame = Simulation::new(compiled)?.run(&calibration.tensors(0)?)?;
//! assert!(frame.is_exact());
//! println!("{} cycles, {} tensors equal", frame.cycles, frame.compared);
//! # Ok(())
//! # }
//! ```

pub mod calibration;
pub mod network;
pub mod policy;
pub mod recipe;
pub mod simulation;
pub mod source;
pub mod vision;

pub use calibration::Calibration;
pub use network::{EngineKind, Network, Options};
pub use policy::Policy;
pub use recipe::quantize;
pub use simulation::Simulation;
pub use source::Source;
pub use vision::Vision;
