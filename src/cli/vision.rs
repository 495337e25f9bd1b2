//! A network with its task: image in, prediction out. Shared by `detect` and `eval`.

use std::path::Path;

use serde::Deserialize as _;

use super::network::{Interface, Network, NetworkArgs, Runner};
use super::terminal::Terminal;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::vision::task::{
    Geometry, Prediction, Purpose, Task, TaskSpec, image, path_beside, presets,
};

/// A network bound to its task.
pub struct Vision<'a> {
    network: &'a Network,
    runner: Runner<'a>,
    task: Task,
}

impl<'a> Vision<'a> {
    /// Binds the network to its task: `given` (a file or a preset), else the file beside the model,
    /// else the one in the model, else the preset whose layout the outputs have.
    pub fn new(
        network: &'a Network,
        args: &NetworkArgs,
        given: Option<&str>,
        terminal: &Terminal,
    ) -> Result<Self> {
        let task = bind(&network.interface(), &args.model.model, given, terminal)?;
        Ok(Self { network, runner: network.runner()?, task })
    }

    /// The task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// The task, to change its limits.
    pub fn task_mut(&mut self) -> &mut Task {
        &mut self.task
    }

    /// The network's raw outputs for one image file.
    pub fn outputs(&self, path: &Path) -> Result<Vec<Tensor>> {
        self.forward(path).map(|(outputs, _)| outputs)
    }

    /// What the network says about one image file.
    pub fn predict(&self, path: &Path, purpose: Purpose) -> Result<Prediction> {
        let (outputs, geometry) = self.forward(path)?;
        let ports = self.network.outputs();
        let named: Vec<(&str, &Tensor)> =
            ports.iter().zip(&outputs).map(|((name, _), tensor)| (*name, tensor)).collect();
        self.task.postprocess(&named, &geometry, purpose).at(|| path.display().to_string())
    }

    fn forward(&self, path: &Path) -> Result<(Vec<Tensor>, Geometry)> {
        let picture = image::read(path)?;
        let place = || path.display().to_string();
        let (input, geometry) = self.task.preprocess(&picture).at(place)?;
        let outputs = self.runner.run(&[input]).at(place)?;
        Ok((outputs, geometry))
    }
}

/// The task of a network: `given` (a file or a preset), else the file beside the model, else the
/// one in the model, else the preset whose layout the outputs have.
pub fn bind(
    network: &Interface<'_>,
    model: &Path,
    given: Option<&str>,
    terminal: &Terminal,
) -> Result<Task> {
    let inputs = &network.inputs;
    let &[(_, shape)] = &inputs[..] else {
        return Err(Error::new(
            &codes::TASK_OUTPUT,
            format!("the model has {} inputs, a task has one image", inputs.len()),
        )
        .at(model.display().to_string()));
    };
    match (given, network.task) {
        (Some(name), _) => Task::new(TaskSpec::load(name)?, shape).at(|| name),
        (None, _) if path_beside(model).exists() => {
            let path = path_beside(model);
            Task::new(TaskSpec::beside(model)?, shape).at(|| path.display().to_string())
        }
        (None, Some(task)) => {
            let spec = TaskSpec::deserialize(task)
                .map_err(|error| Error::new(&codes::TASK_SPEC, error.to_string()));
            let task = spec.and_then(|spec| Task::new(spec, shape));
            task.at(|| "the task in the model").at(|| model.display().to_string())
        }
        (None, None) => recognize(network, shape, model, terminal),
    }
}

/// The first preset that accepts outputs of the model's shapes.
fn recognize(
    network: &Interface<'_>,
    shape: &[usize],
    model: &Path,
    terminal: &Terminal,
) -> Result<Task> {
    let blank = |dims: &[usize]| Tensor::new(dims, vec![0f32; dims.iter().product()]);
    let input = blank(shape)?;
    let ports = &network.outputs;
    let zeros = ports.iter().map(|(_, shape)| blank(shape)).collect::<Result<Vec<_>>>()?;
    let named: Vec<(&str, &Tensor)> =
        ports.iter().zip(&zeros).map(|((name, _), zeros)| (*name, zeros)).collect();
    for preset in presets::names() {
        let Ok(task) = TaskSpec::load(preset).and_then(|spec| Task::new(spec, shape)) else {
            continue;
        };
        let picture = ::image::RgbImage::new(input.shape()[3] as u32, input.shape()[2] as u32);
        let (_, geometry) = task.preprocess(&picture)?;
        if task.postprocess(&named, &geometry, Purpose::Show).is_ok() {
            terminal.remark(&format!(
                "note: {} is not there; the outputs have the layout of `--task {preset}`, which is \
                 used",
                path_beside(model).display()
            ));
            return Ok(task);
        }
    }
    Err(Error::new(
        &codes::TASK_SPEC,
        format!("{} is not there, and the outputs fit no preset", path_beside(model).display()),
    )
    .help(format!(
        "describe pre- and post-processing in a task file (docs/task.md) or name a preset with \
         --task: {}",
        presets::names().join(", ")
    )))
}
