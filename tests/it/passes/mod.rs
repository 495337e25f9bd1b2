//! Every rewrite leaves the outputs unchanged, does its work on the spellings that exporters write,
//! and keeps off what only looks alike.

mod activations;
mod affine;
mod averages;
mod channel_maxima;
mod channel_means;
mod epilogues;
mod focus;
mod grown;
mod identities;
mod linear;
mod maxima;
pub mod net;
mod normalization;
mod pads;
mod products;
mod repetition;
mod scales;
mod sequences;
mod shapes;
mod shuffle;
mod siblings;
mod sigmoids;
mod space;
mod spelled;
mod sums;
mod transposed;
mod transposes;
mod trimmed;
