//! From a classifier's output to ranked classes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outputs;
use super::spec::ClassificationSpec;
use crate::base::error::{Error, Result, codes};
use crate::base::tensor::Tensor;

/// One class and its score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassScore {
    /// Index into the task's classes.
    pub class: usize,
    /// Score after the task's activation.
    pub score: f32,
}

/// The score of each class after the task's activation.
///
/// # Errors
/// [`codes::TASK_OUTPUT`] when the output is not there, has another size or holds NaN.
pub fn scores(
    spec: &ClassificationSpec,
    classes: usize,
    available: &[(&str, &Tensor)],
) -> Result<Vec<f32>> {
    let (name, tensor) = outputs::find(available, spec.output.as_deref())?;
    let mut scores = outputs::floats(name, tensor)?.to_vec();
    if scores.len() != classes {
        return Err(Error::new(
            &codes::TASK_OUTPUT,
            format!(
                "output \"{name}\" has shape {:?}, expected one score for each of {classes} classes",
                tensor.shape()
            ),
        ));
    }
    outputs::activate(spec.activation, &mut scores);
    Ok(scores)
}

/// The `top` best of `classes` classes, best first; equal scores by index.
///
/// # Errors
/// Those of [`scores`].
pub fn classify(
    spec: &ClassificationSpec,
    top: usize,
    classes: usize,
    available: &[(&str, &Tensor)],
) -> Result<Vec<ClassScore>> {
    let scores = scores(spec, classes, available)?;
    let mut ranked: Vec<ClassScore> =
        scores.into_iter().enumerate().map(|(class, score)| ClassScore { class, score }).collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    ranked.truncate(top);
    Ok(ranked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::task::Activation;

    fn spec(activation: Activation) -> ClassificationSpec {
        ClassificationSpec { output: None, activation, top: 5 }
    }

    #[test]
    fn ranks_by_score_then_index() {
        let tensor = Tensor::new(&[1, 4, 1, 1], vec![0.5f32, 2.0, 0.5, -1.0]).unwrap();
        let top = classify(&spec(Activation::None), 3, 4, &[("y", &tensor)]).unwrap();
        assert_eq!(top.iter().map(|class| class.class).collect::<Vec<_>>(), [1, 0, 2]);
        assert_eq!(top[0].score, 2.0);
    }

    #[test]
    fn softmax_adds_up_to_one_even_for_large_logits() {
        let tensor = Tensor::vector(vec![1000f32, 1000.0, 999.0]);
        let top = classify(&spec(Activation::Softmax), 3, 3, &[("y", &tensor)]).unwrap();
        assert!((top.iter().map(|class| class.score).sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(top[0].score, top[1].score);
    }

    #[test]
    fn another_number_of_scores_is_an_error() {
        let tensor = Tensor::vector(vec![0f32; 3]);
        let error = classify(&spec(Activation::None), 1, 4, &[("y", &tensor)]).unwrap_err();
        assert_eq!(error.code().id, "SG0405");
        assert!(error.message().contains("\"y\" has shape [3]"), "{error}");
    }
}
