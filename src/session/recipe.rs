//! From an ONNX file and calibration frames to a model file.

use super::calibration::Calibration;
use super::source::{Source, name};
use crate::base::error::{Error, Place as _, Result, codes};
use crate::base::files;
use crate::model::ceras::Model;
use crate::quantize::ptq::{self, Observer, Options, Report};

/// Quantizes an ONNX file; gives the model and its error per layer. The model carries a checksum of the file that it was made from, the task
/// and the error of every layer ([`ptq::Report`]).
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
    let bytes = files::read(&source.path)?;
    model.meta.source = Some(format!("crc32:{:08x}", crc32fast::hash(&bytes)));
    model.meta.task = calibration.task().map(json).transpose()?;
    model.meta.report = Some(json(&quantized.report)?);
    Ok((model, quantized.report))
}

fn json(form: &impl serde::Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(form).map_err(|error| Error::new(&codes::INTERNAL, error.to_string()))
}
