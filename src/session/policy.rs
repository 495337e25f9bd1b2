//! Which form runs of the layers that a model file holds in integers and in float.

use std::fmt;
use std::str::FromStr;

use crate::base::error::{Error, Result, codes};
use crate::model::ceras::Model;
use crate::model::forms::{self, FloatForm};
use crate::model::qgraph::QGraph;

/// A choice between the forms of layers that have both ([`crate::quantize::ptq::Options::both`]).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Policy {
    /// Integers, always.
    #[default]
    Integer,
    /// Float, always.
    Float,
    /// Float for the layers of these names.
    Layers(Vec<String>),
    /// Integers; then float, where the answer in integers has a score that is nearer to a decision than this: to the
    /// threshold from which boxes are shown, or, for a classifier, to that of the second class. Of a [`super::Vision`].
    Margin(f32),
}

impl FromStr for Policy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let message = format!("\"{text}\" is no policy");
            Error::new(&codes::BAD_ARGUMENT, message)
                .help("give integer, float, layers:NAME,NAME or margin:M with M above 0, up to 1")
        };
        match text.split_once(':') {
            None if text == "integer" => Ok(Self::Integer),
            None if text == "float" => Ok(Self::Float),
            Some(("layers", names)) if !names.is_empty() => {
                Ok(Self::Layers(names.split(',').map(ToOwned::to_owned).collect()))
            }
            Some(("margin", margin)) => {
                let margin = margin.parse().ok().filter(|margin| 0.0 < *margin && *margin <= 1.0);
                margin.map(Self::Margin).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer => write!(f, "integer"),
            Self::Float => write!(f, "float"),
            Self::Layers(names) => write!(f, "layers:{}", names.join(",")),
            Self::Margin(margin) => write!(f, "margin:{margin}"),
        }
    }
}

/// The networks that a policy runs: of each frame the first, then perhaps the second.
#[derive(Debug)]
pub struct Networks {
    /// For every frame.
    pub first: QGraph,
    /// For frames whose answer by the first is nearer to a decision than the margin.
    pub second: Option<(f32, QGraph)>,
}

impl Policy {
    /// The networks that it makes of a model.
    ///
    /// # Errors
    /// [`codes::FLOAT_FORM`] for a model that has no layer in both forms, or none of a name.
    pub fn networks(&self, model: &Model) -> Result<Networks> {
        let float = || forms::in_forms(&model.graph, &model.floats, &|_| true);
        if *self != Self::Integer && model.floats.is_empty() {
            let message =
                format!("policy {self}: the model holds no layer in float besides integers");
            return Err(Error::new(&codes::FLOAT_FORM, message));
        }
        let alone = |first| Networks { first, second: None };
        Ok(match self {
            Self::Integer => alone(model.graph.clone()),
            Self::Float => alone(float()),
            Self::Layers(names) => alone(of_names(model, names)?),
            Self::Margin(margin) => {
                Networks { first: model.graph.clone(), second: Some((*margin, float())) }
            }
        })
    }
}

fn of_names(model: &Model, patterns: &[String]) -> Result<QGraph> {
    let named = |form: &FloatForm, pattern: &str| {
        let layer = model.graph.layers.get(form.layer);
        layer.is_some_and(|layer| layer.is_named(pattern))
    };
    let missing = |pattern: &&String| !model.floats.iter().any(|own| named(own, pattern));
    if let Some(pattern) = patterns.iter().find(missing) {
        let message = format!("no layer in both forms is named \"{pattern}\"");
        return Err(Error::new(&codes::FLOAT_FORM, message).help(
            "`seigo inspect` lists the layers; `seigo quantize --both` gives them both forms",
        ));
    }
    let wanted = |own: &FloatForm| patterns.iter().any(|pattern| named(own, pattern));
    Ok(forms::in_forms(&model.graph, &model.floats, &wanted))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read() {
        for text in ["integer", "float", "layers:stem,head.*", "margin:0.05"] {
            assert_eq!(text.parse::<Policy>().unwrap().to_string(), text);
        }
        for text in
            ["", "int8", "layers:", "layers", "margin:0", "margin:1.5", "margin:x", "margin:NaN"]
        {
            assert_eq!(text.parse::<Policy>().unwrap_err().code().id, "SG0103", "{text}");
        }
    }
}
