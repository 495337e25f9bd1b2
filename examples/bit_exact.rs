//! An ONNX model and a folder of images in, a bit-exact frame of the simulated chip out:
//! `cargo run --release --example bit_exact -- model.onnx images/`.

use seigo::compile::boards::Target;
use seigo::compile::{CompileOptions, Compiled};
use seigo::quantize::ptq::Options;
use seigo::session::{Calibration, Simulation, quantize};

fn main() -> seigo::Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(onnx), Some(images)) = (args.next(), args.next()) else {
        eprintln!("usage: bit_exact MODEL.onnx FOLDER");
        std::process::exit(2);
    };
    let calibration = Calibration::folder(images, &onnx, None)?;
    let (model, _) = quantize(&onnx, &calibration, &Options::default(), &|_| {})?;
    let compiled = Compiled::new(model, &Target::load("kv260")?, CompileOptions::default())?;
    let frame = Simulation::new(&compiled)?.run(&calibration.tensors(0)?)?;
    assert!(frame.is_exact(), "{:?}", frame.mismatch);
    println!("{} cycles, {} stored tensors equal, bit for bit", frame.cycles, frame.compared);
    Ok(())
}
