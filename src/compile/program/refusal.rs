//! Errors about what the hardware cannot do.

use crate::base::error::{Error, codes};
use crate::compile::capabilities::Reason;

/// The error for a layer that the hardware cannot do, for a reason.
pub fn refused(reason: Reason) -> Error {
    limit(reason.to_string())
}

/// An error about what the hardware cannot do.
pub fn limit(message: impl Into<String>) -> Error {
    Error::new(&codes::PROGRAM_LIMIT, message)
}
