//! Errors a person can act on: a stable code, where it happened, what is wrong, what to do.
//!
//! [`codes`] is the only table of codes; `docs/errors.md` is generated from it.

pub mod codes;
mod remedy;

use std::fmt;
use std::sync::Arc;

pub use codes::Code;
pub use remedy::Remedy;

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

#[derive(Debug, Clone)]
struct Inner {
    code: &'static Code,
    message: String,
    places: Vec<String>,
    help: Option<String>,
    remedy: Option<Remedy>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// Causes have no equality; they are equal when they say the same.
impl PartialEq for Inner {
    fn eq(&self, other: &Self) -> bool {
        let said = |inner: &Self| inner.cause.as_ref().map(ToString::to_string);
        self.code == other.code
            && self.message == other.message
            && self.places == other.places
            && self.help == other.help
            && self.remedy == other.remedy
            && said(self) == said(other)
    }
}

impl Eq for Inner {}

impl Error {
    /// A failure of kind `code`; `message` says what is wrong in this very case.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                code,
                message: message.into(),
                places: Vec::new(),
                help: None,
                remedy: None,
                cause: None,
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

    /// Names what the caller can change; the command line adds its option to the help.
    #[must_use]
    pub fn remedied_by(mut self, remedy: Remedy) -> Self {
        self.inner.remedy = Some(remedy);
        self
    }

    /// Keeps the failure of another library that led to this one. The message does not repeat it.
    #[must_use]
    pub fn caused_by(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.inner.cause = Some(Arc::new(cause));
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static Code {
        self.inner.code
    }

    /// What is wrong, without cause, place and advice.
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

    /// What the caller can change: as given here, or what belongs to the code's general advice.
    pub fn remedy(&self) -> Option<Remedy> {
        let general = if self.inner.help.is_none() { self.inner.code.remedy } else { None };
        self.inner.remedy.or(general)
    }
}

/// One line: code, message, places from the inside out. The cause is [`std::error::Error::source`].
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.inner.code.id, self.inner.message)?;
        for (number, place) in self.inner.places.iter().enumerate() {
            write!(f, "{}{place}", if number == 0 { ", at " } else { ", " })?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.cause.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

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
