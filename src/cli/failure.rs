//! A failure as the command line shows it: code, message with its cause, places, what to do.

use std::error::Error as _;
use std::fmt::Write as _;

use crate::base::error::{Error, Remedy};

/// The lines for stderr, without the last line break.
pub fn text(error: &Error) -> String {
    let mut text = format!("error[{}]: {}", error.code().id, error.message());
    // The causes of other libraries repeat theirs.
    if let Some(cause) = error.source() {
        let _ = write!(text, ": {cause}");
    }
    for place in error.places() {
        let _ = write!(text, "\n  at:   {place}");
    }
    let _ = write!(text, "\n  help: {}", advice(error.advice(), error.remedy()));
    text
}

/// Advice with the option that follows it.
pub fn advice(advice: &str, remedy: Option<Remedy>) -> String {
    match remedy {
        Some(remedy) => format!("{advice} (`{}`)", option(remedy)),
        None => advice.to_owned(),
    }
}

/// The option or command for a remedy.
pub fn option(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::InputShape => "--input-shape NAME=1x3x416x416",
        Remedy::Task => "--task FILE|PRESET",
        Remedy::FloatLayers => "--float-layers NAMES",
        Remedy::Both => "--both NAMES",
        Remedy::FloatWorst => "--float auto:N",
        Remedy::MinSqnr => "--min-sqnr DB",
        Remedy::Requantize => "--requantize",
        Remedy::TimeLimit => "--time-limit SECONDS",
        Remedy::Force => "--force",
        Remedy::InspectTarget => "seigo inspect MODEL.ceras --target NAME",
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::base::error::codes;

    #[test]
    fn a_failure_has_code_cause_places_and_advice() {
        let cause = std::io::Error::other("no such thing");
        let error = Error::new(&codes::ONNX_INPUT_SHAPE, "input \"x\" is open").at("a.onnx");
        assert_eq!(
            text(&error.caused_by(cause)),
            "error[SG0208]: input \"x\" is open: no such thing\n  at:   a.onnx\n  help: give it \
             (`--input-shape NAME=1x3x416x416`)"
        );
    }

    /// An option that is renamed is renamed here too.
    #[test]
    fn the_options_exist() {
        let cli = super::super::Cli::command();
        let known: Vec<String> = cli
            .get_subcommands()
            .flat_map(|command| command.get_arguments())
            .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
            .collect();
        for remedy in Remedy::ALL {
            let flags = option(remedy).split(' ').filter(|word| word.starts_with("--"));
            for flag in flags {
                assert!(known.iter().any(|option| option == flag), "{flag}");
            }
        }
    }

    /// A library does not know the options of the command line.
    #[test]
    fn no_code_names_an_option() {
        for code in codes::ALL {
            assert!(!code.advice.contains("--"), "{}", code.id);
        }
    }
}
