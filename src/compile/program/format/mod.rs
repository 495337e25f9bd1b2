//! The stream's form: fields of a descriptor and of parameter words, written and read, and tensors as words.

pub mod decode;
pub(super) mod record;
pub mod tensors;
