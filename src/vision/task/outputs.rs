//! Finding and reading a network's outputs.

use super::spec::Activation;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;

/// The output called `name`, or the only one there is.
///
/// # Errors
/// [`codes::TASK_OUTPUT`] with the names of the outputs.
pub fn find<'a>(
    available: &[(&'a str, &'a Tensor)],
    name: Option<&str>,
) -> Result<(&'a str, &'a Tensor)> {
    let found = match name {
        Some(name) => available.iter().find(|(known, _)| *known == name),
        None if available.len() == 1 => available.first(),
        None => None,
    };
    found.copied().ok_or_else(|| {
        let names: Vec<_> = available.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let message = match name {
            Some(name) => format!("the network has no output \"{name}\"; its outputs: {names}"),
            None => format!("the task names no output and the network has several: {names}"),
        };
        Error::new(&codes::TASK_OUTPUT, message)
    })
}

/// The values of an output.
///
/// # Errors
/// [`codes::TASK_OUTPUT`] when they are not f32 or one is NaN.
pub fn floats<'a>(name: &str, tensor: &'a Tensor) -> Result<&'a [f32]> {
    let values = tensor.values::<f32>().map_err(|_| {
        let message = format!("output \"{name}\" holds {}, expected f32", tensor.dtype());
        Error::new(&codes::TASK_OUTPUT, message)
    })?;
    match values.iter().position(|value| value.is_nan()) {
        None => Ok(values),
        Some(index) => Err(Error::new(
            &codes::TASK_OUTPUT,
            format!("output \"{name}\" is NaN at element {index}"),
        )
        .help("check the model's weights and the input's scale, mean and std in the task")),
    }
}

/// Applies `activation` in place.
pub fn activate(activation: Activation, scores: &mut [f32]) {
    match activation {
        Activation::None => {}
        Activation::Sigmoid => scores.iter_mut().for_each(|score| *score = sigmoid(*score)),
        Activation::Softmax => softmax(scores),
    }
}

/// The logistic function.
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

fn softmax(scores: &mut [f32]) {
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        // Infinite logits tie with each other and leave nothing to the rest.
        let distance = if *score == largest { 0.0 } else { *score - largest };
        *score = distance.exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_found_by_name_or_by_being_alone() {
        let (a, b) = (Tensor::scalar(1f32), Tensor::scalar(2f32));
        assert_eq!(find(&[("a", &a)], None).unwrap().0, "a");
        assert_eq!(find(&[("a", &a), ("b", &b)], Some("b")).unwrap().0, "b");
        let error = find(&[("a", &a), ("b", &b)], None).unwrap_err();
        assert_eq!(error.code().id, "SG0405");
        assert!(error.message().contains("\"a\", \"b\""), "{error}");
        let error = find(&[("a", &a)], Some("c")).unwrap_err();
        assert!(error.message().contains("no output \"c\""), "{error}");
    }

    #[test]
    fn nan_and_integers_are_refused() {
        let error = floats("y", &Tensor::vector(vec![0.0, f32::NAN])).unwrap_err();
        assert_eq!(error.message(), "output \"y\" is NaN at element 1");
        let error = floats("y", &Tensor::vector(vec![0i8])).unwrap_err();
        assert_eq!(error.message(), "output \"y\" holds i8, expected f32");
    }

    #[test]
    fn softmax_of_infinities_is_finite() {
        let mut scores = [f32::INFINITY, 0.0, f32::INFINITY];
        softmax(&mut scores);
        assert_eq!(scores, [0.5, 0.0, 0.5]);
        let mut scores = [f32::NEG_INFINITY; 2];
        softmax(&mut scores);
        assert_eq!(scores, [0.5, 0.5]);
    }
}
