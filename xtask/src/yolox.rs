//! The commands on YOLOX-Nano that measurements are made of.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::page::Failure;

/// `seigo quantize` with its defaults for everything but the task.
///
/// # Errors
/// A shared folder without the network, with what to do.
pub fn quantize(seigo: &Path, shared: &Path, model: &Path) -> Result<Command, Failure> {
    let network = shared.join("models/yolox_nano.onnx");
    if !network.is_file() {
        return Err(format!(
            "{} is not there; name the folder that has it and coco/ with --shared, or in SEIGO_SHARED for make",
            network.display()
        )
        .into());
    }
    let mut command = Command::new(seigo);
    command.arg("--quiet").arg("quantize").arg(network).args(["--task", "yolox-coco"]);
    command.arg("--calib").arg(shared.join("coco/calib")).arg("--output").arg(model);
    Ok(command)
}

/// Standard output of a command that succeeds; what it says besides goes where ours goes.
pub fn output(command: &mut Command) -> Result<String, Failure> {
    eprintln!("{command:?}");
    let output = command.stderr(Stdio::inherit()).output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(format!("{command:?}: {}", output.status).into()),
    }
}
