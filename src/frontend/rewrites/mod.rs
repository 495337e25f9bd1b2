//! Rewrites of the graph that leave its outputs unchanged: fewer, larger operators.
//!
//! A rewrite names and describes itself; the command line's `--rewrites` and the tests follow from
//! that. [`STANDARD`] is the order in which they run.

mod affine_to_conv;
mod average_to_conv;
mod bends_to_conv;
mod borders;
mod chain;
mod channel_maps;
mod channel_maxima;
mod channel_means;
mod fold_affine;
mod fold_constants;
mod fold_normalization;
mod fold_pads;
mod fuse_epilogues;
mod gemm_to_conv;
mod grow_channels;
mod least;
mod lift_sequences;
mod linear_to_means;
mod maxima_to_sums;
mod merge_siblings;
mod nearest_to_doublings;
mod recognize_activations;
mod recognize_focus;
mod recognize_shuffle;
mod remove_identities;
mod sink_transposes;
mod space_to_conv;
mod spell_out;
mod split_maximum;
mod spread;
mod straighten_sigmoids;
mod sums_to_pairs;
mod transposed_to_phases;
mod trim_windows;
mod view;

pub use bends_to_conv::bend_by_slopes;
pub use chain::Chain;
pub use spread::spread;

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::error::{Error, Result, codes};
use crate::frontend::graph::Graph;

/// One rewrite.
pub trait Rewrite: Sync {
    /// Stable name, as given to `--rewrites`.
    fn name(&self) -> &'static str;

    /// What it does, in one sentence.
    fn description(&self) -> &'static str;

    /// Rewrites the graph and returns how many places changed. The runner tidies and validates.
    ///
    /// # Errors
    /// Those of shape inference and evaluation.
    fn run(&self, graph: &mut Graph) -> Result<usize>;
}

/// What one rewrite did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Applied {
    /// Name of the rewrite.
    pub rewrite: Cow<'static, str>,
    /// Places it changed.
    pub places: usize,
    /// Layers after it.
    pub layers: usize,
}

/// All rewrites in their standard order.
pub static STANDARD: &[&dyn Rewrite] = &[
    &fold_constants::FoldConstants,
    &remove_identities::RemoveIdentities,
    &sink_transposes::SinkTransposes,
    &recognize_focus::RecognizeFocus,
    &recognize_shuffle::RecognizeShuffle,
    &fold_normalization::FoldNormalization,
    &fold_affine::FoldAffine,
    &recognize_activations::RecognizeActivations,
    &fold_pads::FoldPads,
    &fuse_epilogues::FuseEpilogues,
    &merge_siblings::MergeSiblings,
];

/// Largest kernel that rewrites towards the accelerator make; `compile::capabilities` holds that the array
/// takes it.
pub const MAX_KERNEL: usize = 15;
/// The largest depthwise kernel for which the accelerator has a unit of its own.
pub const MAX_DEPTHWISE_KERNEL: usize = 7;

/// Parts of a concatenation that the array reads from where they lie, at most, each but the last with a multiple of
/// [`CHANNELS_TOGETHER`] channels; `compile::capabilities` holds that it does.
pub const MAX_PARTS: usize = 8;
/// See [`MAX_PARTS`].
pub const CHANNELS_TOGETHER: usize = 16;

/// What quantization adds to [`STANDARD`], after it: rewrites towards what the accelerator does.
pub static ACCELERATOR: &[&dyn Rewrite] = &[
    &lift_sequences::LiftSequences,
    &spell_out::SpellOut,
    &channel_means::ChannelMeans,
    &channel_maxima::ChannelMaxima,
    &maxima_to_sums::MaximaToSums,
    &sums_to_pairs::SumsToPairs,
    &affine_to_conv::AffineToConv,
    &space_to_conv::SpaceToConv,
    // Of what became a convolution just now.
    &fuse_epilogues::FuseEpilogues,
    &channel_maps::ChannelMaps,
    &grow_channels::GrowChannels,
    &trim_windows::TrimWindows,
    &transposed_to_phases::TransposedToPhases,
    &nearest_to_doublings::NearestToDoublings,
    &linear_to_means::LinearToMeans,
    &average_to_conv::AverageToConv,
    &gemm_to_conv::GemmToConv,
    &split_maximum::SplitMaximum,
    &bends_to_conv::BendsToConv,
    &straighten_sigmoids::StraightenSigmoids,
];

/// Everything that runs before quantization, in order.
pub fn for_accelerator() -> Vec<&'static dyn Rewrite> {
    STANDARD.iter().chain(ACCELERATOR).copied().collect()
}

/// Looks rewrites up by name.
///
/// # Errors
/// [`codes::BAD_ARGUMENT`] for an unknown name.
pub fn by_names(names: &[&str]) -> Result<Vec<&'static dyn Rewrite>> {
    names
        .iter()
        .map(|name| {
            let all = || for_accelerator().into_iter();
            all().find(|rewrite| rewrite.name() == *name).ok_or_else(|| {
                let mut known: Vec<_> = all().map(|rewrite| rewrite.name()).collect();
                // Some run twice.
                let mut seen = BTreeSet::new();
                known.retain(|name| seen.insert(*name));
                Error::new(&codes::BAD_ARGUMENT, format!("there is no rewrite \"{name}\""))
                    .help(format!("the rewrites are: {}", known.join(", ")))
            })
        })
        .collect()
}

/// Runs rewrites in order; the graph is valid after each.
///
/// # Errors
/// Those of the rewrites, with the rewrite named.
pub fn run(graph: &mut Graph, rewrites: &[&dyn Rewrite]) -> Result<Vec<Applied>> {
    let mut report = Vec::with_capacity(rewrites.len());
    for rewrite in rewrites {
        let named = |error: Error| error.at(format!("rewrite {}", rewrite.name()));
        let places = rewrite.run(graph).map_err(named)?;
        graph.tidy().map_err(named)?;
        graph.validate().map_err(named)?;
        report.push(Applied {
            rewrite: rewrite.name().into(),
            places,
            layers: graph.layers().count(),
        });
    }
    Ok(report)
}
