//! A network with its task: image in, prediction out.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize as _;

use super::network::{Interface, Network, Runner};
use super::source::name;
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::tensor::Tensor;
use crate::vision::image::Image;
use crate::vision::task::{
    Geometry, Prediction, Purpose, Task, TaskSpec, image, path_beside, presets,
};

/// A network bound to its task.
///
/// ```
/// use seigo::session::{Network, Options, Vision};
/// use seigo::vision::Image;
/// use seigo::vision::task::Prediction;
///
/// # fn main() -> seigo::Result<()> {
/// let network = Network::open("tests/fixtures/detector.onnx", &Options::default())?;
/// let vision = Vision::new(&network, None)?; // finds detector.task.json beside the model
/// let seen = vision.predict("tests/fixtures/images/squares.png")?;
/// let Prediction::Detections(found) = seen else { panic!("the model is a detector") };
/// for detection in &found {
///     let name = vision.task().spec().classes.name(detection.class);
///     println!("{name} {:.2} at x = {:.0}", detection.score, detection.bbox.x1);
/// }
/// assert_eq!(found.len(), 2);
///
/// let black = Image::new(64, 64, vec![0; 64 * 64 * 3])?; // or pixels from a camera
/// vision.predict_image(&black)?;
/// # Ok(())
/// # }
/// ```
pub struct Vision<'a> {
    network: &'a Network,
    runner: Runner<'a>,
    /// By a policy of margins: what runs a frame again, and from which margin on.
    second: Option<(f32, Runner<'a>)>,
    repeated: AtomicUsize,
    bound: Bound,
}

/// A task, and how it was found.
#[derive(Debug)]
pub struct Bound {
    /// The task.
    pub task: Task,
    /// The preset that was taken because the outputs have its layout; nothing else said what the
    /// outputs mean.
    pub assumed: Option<&'static str>,
}

impl<'a> Vision<'a> {
    /// Binds the network to its task: `given` (a file or a preset), else the file beside the model,
    /// else the one in the model, else the preset whose layout the outputs have.
    ///
    /// # Errors
    /// [`codes::TASK_OUTPUT`] for a network with several inputs, [`codes::TASK_SPEC`] where the
    /// task is wrong or none is found.
    pub fn new(network: &'a Network, given: Option<&str>) -> Result<Self> {
        let bound = bind(&network.interface(), network.path(), given)?;
        let (runner, second) = (network.runner()?, network.second_runner()?);
        Ok(Self { network, runner, second, repeated: AtomicUsize::new(0), bound })
    }

    /// The task.
    pub fn task(&self) -> &Task {
        &self.bound.task
    }

    /// The task, to change its limits.
    pub fn task_mut(&mut self) -> &mut Task {
        &mut self.bound.task
    }

    /// The preset that was taken for want of a task: see [`Bound::assumed`].
    pub fn assumed(&self) -> Option<&'static str> {
        self.bound.assumed
    }

    /// How many frames ran a second time, with layers in float, by a policy of margins.
    pub fn repeated(&self) -> usize {
        self.repeated.load(Ordering::Relaxed)
    }

    /// The network's raw outputs for one image file.
    ///
    /// # Errors
    /// [`codes::IMAGE_DECODE`] for a file that is not a whole image; those of the run.
    pub fn outputs(&self, path: impl AsRef<Path>) -> Result<Vec<Tensor>> {
        self.forward(path.as_ref()).map(|(outputs, _)| outputs)
    }

    /// What the network sees in one image file, by the limits for showing.
    ///
    /// # Errors
    /// Those of [`Self::outputs`].
    pub fn predict(&self, path: impl AsRef<Path>) -> Result<Prediction> {
        self.predict_for(path.as_ref(), Purpose::Show)
    }

    /// What the network sees in an image, by the limits for showing.
    ///
    /// # Errors
    /// Those of the run.
    pub fn predict_image(&self, image: &Image) -> Result<Prediction> {
        let (outputs, geometry) = self.run(image)?;
        self.read(&outputs, &geometry, Purpose::Show)
    }

    /// What the network sees in one image file, by the limits for `purpose`.
    ///
    /// # Errors
    /// Those of [`Self::outputs`].
    pub fn predict_for(&self, path: &Path, purpose: Purpose) -> Result<Prediction> {
        let (outputs, geometry) = self.forward(path)?;
        self.read(&outputs, &geometry, purpose).at(|| name(path))
    }

    fn read(
        &self,
        outputs: &[Tensor],
        geometry: &Geometry,
        purpose: Purpose,
    ) -> Result<Prediction> {
        self.task().postprocess(&self.named(outputs), geometry, purpose)
    }

    fn named<'t>(&self, outputs: &'t [Tensor]) -> Vec<(&'a str, &'t Tensor)> {
        let ports = self.network.interface().outputs;
        ports.iter().zip(outputs).map(|((name, _), tensor)| (*name, tensor)).collect()
    }

    fn forward(&self, path: &Path) -> Result<(Vec<Tensor>, Geometry)> {
        self.run(&image::read(path)?).at(|| name(path))
    }

    fn run(&self, image: &Image) -> Result<(Vec<Tensor>, Geometry)> {
        let (input, geometry) = self.task().preprocess(image)?;
        let input = [input];
        let outputs = self.runner.run(&input)?;
        if let Some((margin, second)) = &self.second
            && self.task().is_uncertain(&self.named(&outputs), &geometry, *margin)?
        {
            self.repeated.fetch_add(1, Ordering::Relaxed);
            return Ok((second.run(&input)?, geometry));
        }
        Ok((outputs, geometry))
    }
}

/// The task of a network: `given` (a file or a preset), else the file beside the model, else the
/// one in the model, else the preset whose layout the outputs have.
///
/// # Errors
/// Those of [`Vision::new`].
pub fn bind(network: &Interface<'_>, model: &Path, given: Option<&str>) -> Result<Bound> {
    let inputs = &network.inputs;
    let &[(_, shape)] = &inputs[..] else {
        let message = format!("the model has {} inputs, a task has one image", inputs.len());
        return Err(Error::new(&codes::TASK_OUTPUT, message).at(name(model)));
    };
    let task = match (given, network.task) {
        (Some(name), _) => Task::new(TaskSpec::load(name)?, shape).at(|| name),
        (None, _) if path_beside(model).exists() => {
            Task::new(TaskSpec::beside(model)?, shape).at(|| name(&path_beside(model)))
        }
        (None, Some(task)) => {
            let spec = TaskSpec::deserialize(task)
                .map_err(|error| Error::new(&codes::TASK_SPEC, error.to_string()));
            let task = spec.and_then(|spec| Task::new(spec, shape));
            task.at(|| "the task in the model").at(|| name(model))
        }
        (None, None) => {
            let (task, preset) = recognize(network, shape, model)?;
            return Ok(Bound { task, assumed: Some(preset) });
        }
    };
    Ok(Bound { task: task?, assumed: None })
}

/// The first preset that accepts outputs of the model's shapes.
fn recognize(
    network: &Interface<'_>,
    shape: &[usize],
    model: &Path,
) -> Result<(Task, &'static str)> {
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
        let &[_, _, height, width] = input.shape() else { continue };
        let pixels = vec![0; 3 * height * width];
        let picture = Image::new(width as u32, height as u32, pixels)?;
        let (_, geometry) = task.preprocess(&picture)?;
        if task.postprocess(&named, &geometry, Purpose::Show).is_ok() {
            return Ok((task, preset));
        }
    }
    let missing = name(&path_beside(model));
    let message = format!("{missing} is not there, and the outputs fit no preset");
    Err(Error::new(&codes::TASK_SPEC, message).help(format!(
        "describe pre- and post-processing in a task file (docs/task.md) or name a preset as the \
         task: {}",
        presets::names().join(", ")
    )))
}
