//! From an ONNX file and calibration frames to a model file.

use super::calibration::Calibration;
use super::source::{Source, name};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::base::json;
use crate::model::ceras::Model;
use crate::quantize::ptq::{self, Observer, Options, Report};
use crate::vision::task::TaskSpec;

/// Quantizes an ONNX file; gives the model and its error per layer.
///
/// The model carries a checksum of the file that it was made from, the task and the error of every layer
/// ([`ptq::Report`]).
///
/// ```
/// use seigo::quantize::ptq::Options;
/// use seigo::session::{Calibration, quantize};
///
/// # fn main() -> seigo::Result<()> {
/// let onnx = "tests/fixtures/detector.onnx";
/// let calibration = Calibration::folder("tests/fixtures/images", onnx, None)?;
/// let (model, report) = quantize(onnx, &calibration, &Options::default(), &|_| {})?;
/// println!("scores: {:.1} dB", report.answer_sqnr);
/// for layer in &report.layers {
///     println!("{} {:.1} dB", layer.layer, layer.sqnr);
/// }
/// let bytes = model.to_bytes()?; // or model.save(path)
/// # assert!(!bytes.is_empty());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`codes::BAD_ARGUMENT`] for a model that is quantized already; those of [`ptq::quantize`],
/// naming the file.
pub fn quantize(
    source: impl Into<Source>,
    calibration: &Calibration,
    options: &Options,
    progress: Observer<'_>,
) -> Result<(Model, Report)> {
    let source = source.into();
    if source.is_ceras()? {
        return Err(Error::new(&codes::BAD_ARGUMENT, "the model is quantized already")
            .help("give the ONNX model that it was made from"));
    }
    let graph = source.graph()?;
    let quantized =
        ptq::quantize(&graph, calibration, options, progress).at(|| name(&source.path))?;
    let mut model = Model::new(quantized.graph);
    model.floats = quantized.floats;
    let bytes = files::read(&source.path)?;
    model.meta.source = Some(format!("crc32:{:08x}", crc32fast::hash(&bytes)));
    // The field says what it holds, so that the task needs no `format`.
    let task = calibration.task().map(|task| TaskSpec { format: None, ..task.clone() });
    model.meta.task = task.as_ref().map(json::value).transpose()?;
    model.meta.report = Some(json::value(&quantized.report)?);
    Ok((model, quantized.report))
}
