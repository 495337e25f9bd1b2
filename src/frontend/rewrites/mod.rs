//! Rewrites of the graph that leave its outputs unchanged: fewer, larger operators.
//!
//! A pass names and describes itself; the command line's `--passes` and the tests follow from
//! that. [`STANDARD`] is the order in which they run.

mod average_to_conv;
mod fold_affine;
mod fold_constants;
mod fold_pads;
mod fuse_epilogues;
mod gemm_to_conv;
mod merge_siblings;
mod recognize_activations;
mod recognize_focus;
mod recognize_shuffle;
mod remove_identities;

use serde::Serialize;

use crate::base::error::{Error, Result, codes};
use crate::frontend::graph::Graph;

/// One rewrite.
pub trait Pass: Sync {
    /// Stable name, as given to `--passes`.
    fn name(&self) -> &'static str;

    /// What it does, in one sentence.
    fn description(&self) -> &'static str;

    /// Rewrites the graph and returns how many places changed. The runner tidies and validates.
    ///
    /// # Errors
    /// Those of shape inference and evaluation.
    fn run(&self, graph: &mut Graph) -> Result<usize>;
}

/// What one pass did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Name of the pass.
    pub pass: &'static str,
    /// Places it changed.
    pub rewrites: usize,
    /// Layers after it.
    pub layers: usize,
}

/// All passes in their standard order.
pub static STANDARD: &[&dyn Pass] = &[
    &fold_constants::FoldConstants,
    &remove_identities::RemoveIdentities,
    &recognize_focus::RecognizeFocus,
    &recognize_shuffle::RecognizeShuffle,
    &fold_affine::FoldAffine,
    &recognize_activations::RecognizeActivations,
    &fold_pads::FoldPads,
    &fuse_epilogues::FuseEpilogues,
    &merge_siblings::MergeSiblings,
];

/// What quantization adds: rewrites towards what the accelerator does.
pub static ACCELERATOR: &[&dyn Pass] =
    &[&average_to_conv::AverageToConv, &gemm_to_conv::GemmToConv];

/// Looks passes up by name.
///
/// # Errors
/// [`codes::BAD_ARGUMENT`] for an unknown name.
pub fn by_names(names: &[&str]) -> Result<Vec<&'static dyn Pass>> {
    names
        .iter()
        .map(|name| {
            let all = || STANDARD.iter().chain(ACCELERATOR).copied();
            all().find(|pass| pass.name() == *name).ok_or_else(|| {
                let known: Vec<_> = all().map(|pass| pass.name()).collect();
                Error::new(&codes::BAD_ARGUMENT, format!("there is no pass \"{name}\""))
                    .help(format!("the passes are: {}", known.join(", ")))
            })
        })
        .collect()
}

/// Runs passes in order; the graph is valid after each.
///
/// # Errors
/// Those of the passes, with the pass named.
pub fn run(graph: &mut Graph, passes: &[&dyn Pass]) -> Result<Vec<Applied>> {
    let mut report = Vec::with_capacity(passes.len());
    for pass in passes {
        let in_pass = |error: Error| error.at(format!("pass {}", pass.name()));
        let rewrites = pass.run(graph).map_err(in_pass)?;
        graph.tidy().map_err(in_pass)?;
        graph.validate().map_err(in_pass)?;
        report.push(Applied { pass: pass.name(), rewrites, layers: graph.layers().count() });
    }
    Ok(report)
}
