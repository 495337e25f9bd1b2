//! Calibration frames in a folder: images by a task, or tensors.

use std::path::Path;

use super::network::Interface;
use super::source::{Source, name};
use super::vision::{self, Bound};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::npy;
use crate::base::tensor::Tensor;
use crate::quantize::ptq::Frames;
use crate::vision::task::folder::{Files, LeftOut};
use crate::vision::task::{TaskSpec, image};

/// The frames that a network is calibrated on.
///
/// ```
/// use seigo::quantize::ptq::Frames as _;
/// use seigo::session::Calibration;
///
/// # fn main() -> seigo::Result<()> {
/// let model = "tests/fixtures/detector.onnx";
/// let calibration = Calibration::folder("tests/fixtures/images", model, None)?;
/// assert_eq!(calibration.len(), 1);
/// assert!(calibration.left_out().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Calibration {
    files: Files,
    bound: Option<Bound>,
}

impl Calibration {
    /// The frames of a folder by name: its .npy tensors of the input's shape where it has some,
    /// else its images, which `task` (a file or a preset, else what belongs to the model)
    /// pre-processes.
    ///
    /// # Errors
    /// [`codes::FILE_READ`] for a folder that cannot be listed; that of the first file when none can be
    /// read; those of [`vision::bind`].
    pub fn folder(
        folder: impl AsRef<Path>,
        model: impl Into<Source>,
        task: Option<&str>,
    ) -> Result<Self> {
        let model = model.into();
        let graph = model.graph()?;
        Self::for_network(folder.as_ref(), &Interface::of_graph(&graph), &model.path, task)
    }

    /// The same for a network that is open already.
    ///
    /// # Errors
    /// Those of [`Self::folder`].
    pub fn for_network(
        folder: &Path,
        network: &Interface<'_>,
        model: &Path,
        task: Option<&str>,
    ) -> Result<Self> {
        let tensors = Files::tensors(folder)?;
        if tensors.taken.is_empty() {
            let bound = vision::bind(network, model, task)?;
            let files = Files::images(folder)?.keep_images()?;
            return Ok(Self { files, bound: Some(bound) });
        }
        let files = tensors.keep(|path| npy::read(path).map(drop))?;
        Ok(Self { files, bound: None })
    }

    /// Files of the folder that take no part: hidden ones, images beside tensors, and those that cannot be
    /// read.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.files.left_out
    }

    /// The preset that was taken for want of a task: see [`Bound::assumed`].
    pub fn assumed(&self) -> Option<&'static str> {
        self.bound.as_ref()?.assumed
    }

    /// The task that reads the images, as it goes into the model file; none for tensors.
    pub fn task(&self) -> Option<&TaskSpec> {
        Some(self.bound.as_ref()?.task.spec())
    }

    /// The network inputs of one frame.
    ///
    /// # Errors
    /// [`codes::BAD_ARGUMENT`] beyond the last frame; a file that cannot be read, by its name.
    pub fn tensors(&self, frame: usize) -> Result<Vec<Tensor>> {
        let path = self.files.taken.get(frame).ok_or_else(|| {
            let message = format!("frame {frame} of {} is asked for", self.files.taken.len());
            Error::new(&codes::BAD_ARGUMENT, message)
        })?;
        Ok(vec![match &self.bound {
            Some(bound) => bound.task.preprocess(&image::read(path)?).at(|| name(path))?.0,
            None => npy::read(path)?,
        }])
    }
}

impl Frames for Calibration {
    fn len(&self) -> usize {
        self.files.taken.len()
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        self.tensors(index)
    }

    fn scores(&self, outputs: &[(&str, &Tensor)]) -> Result<Option<Vec<f32>>> {
        self.bound.as_ref().map(|bound| bound.task.scores(outputs)).transpose()
    }
}
