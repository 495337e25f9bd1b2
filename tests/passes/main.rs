//! Every rewrite leaves the outputs unchanged, does its work on the spellings that exporters write,
//! and keeps off what only looks alike.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod activations;
mod affine;
mod averages;
mod epilogues;
mod focus;
mod identities;
mod net;
mod pads;
mod products;
mod shapes;
mod shuffle;
mod siblings;
