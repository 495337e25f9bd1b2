//! A network with its task: image in, prediction out. Shared by `detect` and `eval`.

use std::path::Path;

use super::model::ModelArgs;
use super::terminal::Terminal;
use crate::error::{Error, Place as _, Result, codes};
use crate::executor::Executor;
use crate::graph::Graph;
use crate::task::{Geometry, Prediction, Purpose, Task, TaskSpec, image, path_beside, presets};
use crate::tensor::Tensor;

/// A fused network bound to its task.
pub struct Vision {
    graph: Graph,
    task: Task,
}

impl Vision {
    /// Opens the model and its task: `given` (a file or a preset), else the file beside the model,
    /// else the preset whose layout the outputs have.
    pub fn open(args: &ModelArgs, given: Option<&str>, terminal: &Terminal) -> Result<Self> {
        let (graph, _) = args.fused()?;
        let &[input] = &graph.inputs[..] else {
            return Err(Error::new(
                &codes::TASK_OUTPUT,
                format!("the model has {} inputs, a task has one image", graph.inputs.len()),
            )
            .at(args.model.display().to_string()));
        };
        let shape = graph.fact(input).shape.clone();
        let task = match given {
            Some(name) => Task::new(TaskSpec::load(name)?, &shape).at(|| name)?,
            None if path_beside(&args.model).exists() => {
                let path = path_beside(&args.model);
                Task::new(TaskSpec::beside(&args.model)?, &shape)
                    .at(|| path.display().to_string())?
            }
            None => recognize(&graph, &shape, &args.model, terminal)?,
        };
        Ok(Self { graph, task })
    }

    /// The task.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// The task, to change its limits.
    pub fn task_mut(&mut self) -> &mut Task {
        &mut self.task
    }

    /// The fused network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The network's raw outputs for one image file.
    pub fn outputs(&self, path: &Path) -> Result<Vec<Tensor>> {
        self.forward(path).map(|(outputs, _)| outputs)
    }

    /// What the network says about one image file.
    pub fn predict(&self, path: &Path, purpose: Purpose) -> Result<Prediction> {
        let (outputs, geometry) = self.forward(path)?;
        let named: Vec<(&str, &Tensor)> = self
            .graph
            .outputs
            .iter()
            .zip(&outputs)
            .map(|(output, tensor)| (&*output.name, tensor))
            .collect();
        self.task.postprocess(&named, &geometry, purpose).at(|| path.display().to_string())
    }

    fn forward(&self, path: &Path) -> Result<(Vec<Tensor>, Geometry)> {
        let picture = image::read(path)?;
        let place = || path.display().to_string();
        let (input, geometry) = self.task.preprocess(&picture).at(place)?;
        let outputs = Executor::new(&self.graph).run(&[input]).at(place)?;
        Ok((outputs, geometry))
    }
}

/// The first preset that accepts outputs of the model's shapes.
fn recognize(graph: &Graph, shape: &[usize], model: &Path, terminal: &Terminal) -> Result<Task> {
    let blank = |dims: &[usize]| Tensor::new(dims, vec![0f32; dims.iter().product()]);
    let input = blank(shape)?;
    let zeros = graph
        .outputs
        .iter()
        .map(|output| blank(&graph.fact(output.value).shape))
        .collect::<Result<Vec<_>>>()?;
    let named: Vec<(&str, &Tensor)> =
        graph.outputs.iter().zip(&zeros).map(|(output, zeros)| (&*output.name, zeros)).collect();
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
