//! Errors a person can act on: a stable code, where it happened, what is wrong, what to do.
//!
//! [`codes`] is the only table of codes; `docs/errors.md` is generated from it.

pub mod codes;

use std::fmt;

pub use codes::Code;

/// Result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One failure, ready to be shown.
///
/// Built where the failure is noticed with [`Error::new`]; callers that know more about the place
/// (the file, the ONNX node) add it with [`Error::at`] on the way up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    code: &'static Code,
    message: String,
    places: Vec<String>,
    help: Option<String>,
}

impl Error {
    /// A failure of kind `code`; `message` says what is wrong in this very case.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                code,
                message: message.into(),
                places: Vec::new(),
                help: None,
            }),
        }
    }

    /// Adds where it happened, innermost place first: `node "Conv_41" (Conv)`, then the file.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.inner.places.push(place.into());
        self
    }

    /// Replaces the code's general advice by advice for this case.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.inner.help = Some(help.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static Code {
        self.inner.code
    }

    /// What is wrong, without place and advice.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The places added by [`Error::at`], innermost first.
    pub fn places(&self) -> &[String] {
        &self.inner.places
    }

    /// What to do about it.
    pub fn advice(&self) -> &str {
        self.inner.help.as_deref().unwrap_or(self.inner.code.advice)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.inner.code.id, self.inner.message)?;
        for place in &self.inner.places {
            write!(f, "\n  at:   {place}")?;
        }
        write!(f, "\n  help: {}", self.advice())
    }
}

impl std::error::Error for Error {}

/// Adds a place to a failure on its way up.
pub trait Place<T> {
    /// `place` is only built when there is a failure.
    fn at<P: Into<String>>(self, place: impl FnOnce() -> P) -> Result<T>;
}

impl<T> Place<T> for Result<T> {
    fn at<P: Into<String>>(self, place: impl FnOnce() -> P) -> Result<T> {
        self.map_err(|error| error.at(place()))
    }
}
