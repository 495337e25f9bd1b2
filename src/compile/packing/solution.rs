//! The result of planning: where every buffer lies, and what is known about the height.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::greedy::{Fit, Order};
use super::problem::Buffer;
use crate::base::error::{Error, Result, codes};
use crate::base::json::{self, Form, FormatOf, VersionOf};

/// Where every buffer lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum Layout {
    /// Every buffer is one range of addresses.
    Contiguous {
        /// Bytes of which every offset is a multiple.
        alignment: u64,
        /// First byte of each buffer, in the order of the buffers.
        offsets: Vec<u64>,
    },
    /// Every buffer is a list of logical blocks.
    Blocks {
        /// Bytes of a block.
        block_size: u64,
        /// Blocks of each buffer, first bytes first, in the order of the buffers.
        blocks: Vec<Vec<u32>>,
    },
}

/// Which planner found the packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum How {
    /// Greedy placement.
    Greedy {
        /// The order of the buffers.
        order: Order,
        /// The choice of the gap.
        fit: Fit,
    },
    /// Hill climbing over orders of greedy placement.
    HillClimbing,
    /// The exact search, after this many nodes.
    BranchAndBound {
        /// Nodes visited.
        nodes: u64,
    },
    /// Left-edge coloring of blocks.
    LeftEdge,
    /// It was read from a table.
    Given,
}

/// A placement of all buffers of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Packing {
    /// `seigo-packing`; plans in older model files do not have it.
    #[serde(default)]
    pub format: FormatOf<Self>,
    /// Version of this form.
    pub version: VersionOf<Self>,
    /// The buffers, in the order of the problem.
    pub buffers: Vec<Buffer>,
    /// Where they lie.
    pub layout: Layout,
    /// The highest end in bytes; sizes count rounded up to the alignment or to whole blocks.
    pub height: u64,
    /// No packing of this kind is lower.
    pub lower_bound: u64,
    /// Whether no packing of this kind is lower than `height`: it equals the lower bound, or the
    /// exact search has excluded everything below.
    pub proven_optimal: bool,
    /// Which planner found it.
    pub how: How,
}

impl Form for Packing {
    const FORMAT: &'static str = "seigo-packing";
    const VERSION: u32 = 1;
}

impl Packing {
    pub(crate) fn new(
        buffers: Vec<Buffer>,
        layout: Layout,
        height: u64,
        lower_bound: u64,
        proven_optimal: bool,
        how: How,
    ) -> Self {
        Self {
            format: FormatOf::default(),
            version: VersionOf::default(),
            buffers,
            layout,
            height,
            lower_bound,
            proven_optimal,
            how,
        }
    }

    /// Height over lower bound; 1 where nothing is packed.
    pub fn ratio(&self) -> f64 {
        if self.lower_bound == 0 { 1.0 } else { self.height as f64 / self.lower_bound as f64 }
    }

    /// The address ranges `(start, end)` in bytes of buffer `index`: one, or one for each run of
    /// adjacent blocks. They cover the size of the buffer rounded up as `height` counts it. Empty
    /// for an index or a layout that is out of range.
    pub fn ranges(&self, index: usize) -> Vec<(u64, u64)> {
        match &self.layout {
            Layout::Contiguous { alignment, offsets } => {
                match (offsets.get(index), self.buffers.get(index)) {
                    (Some(&offset), Some(buffer)) => {
                        let extent =
                            buffer.size.div_ceil((*alignment).max(1)).saturating_mul(*alignment);
                        vec![(offset, offset.saturating_add(extent))]
                    }
                    _ => Vec::new(),
                }
            }
            Layout::Blocks { block_size, blocks } => {
                let mut ranges: Vec<(u64, u64)> = Vec::new();
                for &block in blocks.get(index).into_iter().flatten() {
                    let start = u64::from(block).saturating_mul(*block_size);
                    let end = start.saturating_add(*block_size);
                    match ranges.last_mut() {
                        Some(last) if last.1 == start => last.1 = end,
                        _ => ranges.push((start, end)),
                    }
                }
                ranges
            }
        }
    }

    /// The JSON form.
    ///
    /// # Errors
    /// None in practice: strings and integers always serialize.
    pub fn to_json(&self) -> Result<String> {
        json::pretty(self)
    }

    /// Reads the JSON form. What it says is checked by [`super::validate::packing`].
    ///
    /// # Errors
    /// [`codes::PLAN_INVALID`] when the text is not a packing of this version.
    pub fn from_json(text: &str) -> Result<Self> {
        json::parse(text).map_err(|error| {
            Error::new(&codes::PLAN_INVALID, format!("not a memory plan: {error}"))
                .help("plan again with this version of Seigo")
        })
    }
}
