//! Input tensors on the command line, as `[NAME=]FILE.npy`.

use std::path::Path;

use crate::base::error::{Error, Result, codes};
use crate::base::npy;
use crate::base::tensor::Tensor;

/// The file of a given tensor.
pub fn file(given: &str) -> &str {
    given.split_once('=').map_or(given, |(_, file)| file)
}

/// The given tensors in the order of the network's inputs, whose names are `wanted`.
///
/// # Errors
/// [`codes::BAD_ARGUMENT`] for an input that is unknown, missing or given twice; those of the files.
pub fn read(wanted: &[&str], given: &[String]) -> Result<Vec<Tensor>> {
    let refuse = |message: String| {
        Error::new(&codes::BAD_ARGUMENT, message)
            .help(format!("give --input NAME=FILE.npy once for each of: {}", wanted.join(", ")))
    };
    let mut tensors: Vec<Option<Tensor>> = vec![None; wanted.len()];
    for text in given {
        let (position, file) = match text.split_once('=') {
            Some((name, file)) => {
                let position = wanted.iter().position(|&wanted| wanted == name);
                (position.ok_or_else(|| refuse(format!("there is no input \"{name}\"")))?, file)
            }
            None if wanted.len() == 1 => (0, &**text),
            None => return Err(refuse(format!("{text}: for which of the inputs?"))),
        };
        if tensors[position].replace(npy::read(Path::new(file))?).is_some() {
            return Err(refuse(format!("input \"{}\" is given twice", wanted[position])));
        }
    }
    tensors
        .into_iter()
        .zip(wanted)
        .map(|(tensor, name)| {
            tensor.ok_or_else(|| refuse(format!("input \"{name}\" is not given")))
        })
        .collect()
}
