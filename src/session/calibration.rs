//! Calibration frames in a folder: images by a task, or tensors.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
    /// The files of each network input; frame i takes file i of each.
    inputs: Vec<Vec<PathBuf>>,
    left_out: Vec<LeftOut>,
    bound: Option<Bound>,
}

impl Calibration {
    /// The frames of a folder by name: its .npy tensors of the input's shape where it has some,
    /// else its images, which `task` (a file or a preset, else what belongs to the model)
    /// pre-processes. For a network with several inputs, a folder that holds a folder for each, of
    /// the input's name (`/`, `\` and `:` as `_`), in which tensors of one frame have one name.
    ///
    /// # Errors
    /// [`codes::FILE_READ`] for a folder that cannot be listed; that of the first file when none can be
    /// read; [`codes::CALIBRATION`] where frames are not given for every input; those of
    /// [`vision::bind`].
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
        if network.inputs.len() > 1 {
            return several(folder, network);
        }
        let tensors = Files::tensors(folder)?;
        let (files, bound) = if tensors.taken.is_empty() {
            let bound = vision::bind(network, model, task)?;
            (Files::images(folder)?.keep_images()?, Some(bound))
        } else {
            (tensors.keep(|path| npy::read(path).map(drop))?, None)
        };
        Ok(Self { inputs: vec![files.taken], left_out: files.left_out, bound })
    }

    /// Files of the folder that take no part: hidden ones, images beside tensors, and those that cannot be
    /// read.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
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
        let tensor = |files: &Vec<PathBuf>| -> Result<Tensor> {
            let path = files.get(frame).ok_or_else(|| {
                let message = format!("frame {frame} of {} is asked for", files.len());
                Error::new(&codes::BAD_ARGUMENT, message)
            })?;
            match &self.bound {
                Some(bound) => Ok(bound.task.preprocess(&image::read(path)?).at(|| name(path))?.0),
                None => npy::read(path),
            }
        };
        self.inputs.iter().map(tensor).collect()
    }
}

/// The frames of a network with several inputs.
fn several(folder: &Path, network: &Interface<'_>) -> Result<Calibration> {
    let names: Vec<&str> = network.inputs.iter().map(|(name, _)| *name).collect();
    let refuse = |what: String| {
        let folders: Vec<_> =
            names.iter().map(|name| folder.join(plain(name)).display().to_string()).collect();
        let message =
            format!("the network has the {} inputs {}; {what}", names.len(), names.join(", "));
        Error::new(&codes::CALIBRATION, message).help(format!(
            "give .npy tensors for each input in a folder of its name ({}), those of one frame under \
             one file name; images are for networks with one input",
            folders.join(", ")
        ))
    };
    let mut folders: Vec<String> = names.iter().map(|name| plain(name).to_lowercase()).collect();
    folders.sort_unstable();
    if let Some(pair) = folders.windows(2).find(|pair| pair[0] == pair[1]) {
        let message = format!("two inputs of the network would share the folder \"{}\"", pair[0]);
        return Err(Error::new(&codes::CALIBRATION, message).help(
            "rename one of the inputs in the model: their names differ in case or punctuation only",
        ));
    }
    let mut calibration = Calibration { inputs: Vec::new(), left_out: Vec::new(), bound: None };
    for input in &names {
        let path = folder.join(plain(input));
        if !path.is_dir() {
            return Err(refuse(format!("{} is no folder", path.display())));
        }
        let files = Files::tensors(&path)?.keep(|path| npy::read(path).map(drop))?;
        if files.taken.is_empty() {
            return Err(refuse(format!("{} holds no .npy file", path.display())));
        }
        calibration.left_out.extend(files.left_out);
        let file = |path: &PathBuf| path.file_name().map(ToOwned::to_owned);
        if let Some(first) = calibration.inputs.first() {
            let one: BTreeSet<_> = first.iter().map(file).collect();
            let other: BTreeSet<_> = files.taken.iter().map(file).collect();
            if let Some(Some(odd)) = one.symmetric_difference(&other).next() {
                let odd = odd.to_string_lossy();
                return Err(refuse(format!(
                    "{odd} is given for one input and not for the other, or cannot be read there"
                )));
            }
        }
        calibration.inputs.push(files.taken);
    }
    Ok(calibration)
}

/// The name of the folder that holds the tensors of an input.
fn plain(input: &str) -> String {
    input.replace(['/', '\\', ':'], "_")
}

impl Frames for Calibration {
    fn len(&self) -> usize {
        self.inputs.first().map_or(0, Vec::len)
    }

    fn frame(&self, index: usize) -> Result<Vec<Tensor>> {
        self.tensors(index)
    }

    fn scores(&self, outputs: &[(&str, &Tensor)]) -> Result<Option<Vec<f32>>> {
        self.bound.as_ref().map(|bound| bound.task.scores(outputs)).transpose()
    }
}
