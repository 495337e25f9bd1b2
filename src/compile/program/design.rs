//! The parameters of the hardware that a program runs on.

use serde::{Deserialize, Serialize};

use super::refusal::limit;
use super::stem;
use crate::base::arithmetic::{Function, MAX_ENTRIES, Rom};
use crate::base::error::Result;
use crate::compile::boards::{Axi, DspKind, Target};
use crate::compile::capabilities::{
    BLOCKS, BURST, DESCRIPTOR_WORDS, FUNCTIONS, LANE_RING_WORDS, MAX_RING, STEP_RING_WORDS, Stem,
    WORD, image_pitch, reads_padding,
};
use crate::compile::schedule::{Dense, Filter, Schedule, Source, Work, rows, sizes};
use crate::frontend::ops::epilogue::Residual;
use crate::model::qgraph::{QGraph, QOp};

/// DSP slices of products of sizes (`seigo_pass_products`).
const ADDRESS_DSPS: usize = 1;
/// Share of a part's DSP slices that the design takes at most for the sake of lanes in them, and of its block RAMs for the
/// sake of their ROMs.
pub const ROOM_PERCENT: usize = 85;
/// Pixels of a plane engine that is wider than others.
const WIDE_PLANES: usize = 4;

/// Shifts of a stem unit for any network.
fn any_shift() -> u16 {
    u16::MAX
}

/// The reach of a plane engine for windows of 3 x 3 only.
fn least_reach() -> usize {
    1
}

/// Residuals of any network.
fn any_residual() -> u8 {
    3
}

/// Parameters of the top level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Design {
    /// P: pixels of the dense array.
    pub pixels: usize,
    /// Bits of a row address.
    pub row_bits: u32,
    /// Domains of the shared memory.
    pub domains: usize,
    /// Rows of a domain.
    pub domain_rows: usize,
    /// Logical blocks.
    pub blocks: usize,
    /// Words of a block.
    pub block_words: usize,
    /// The shared memory is made of UltraRAM, else of block RAM.
    pub ultra_ram: bool,
    /// 32-byte words of the weight ring.
    pub ring_words: usize,
    /// Two products share a DSP slice, of two pixels, or of two output channels where there is one pixel; weights are then
    /// within +-127.
    pub pack_products: bool,
    /// Bits of an accumulator, which hold a sum of the dense array without and with its bias; [`super::sums::fit`].
    pub accumulator_bits: u32,
    /// The same for the plane engine.
    pub plane_sum_bits: u32,
    /// The output lanes shift in DSP slices, three a lane of the array and two a lane of the plane engine.
    pub dsp_lanes: bool,
    /// Channels of a pixel that the plane engine takes in a cycle: 16, or 8 where the part has no slices for more.
    pub plane_channels: usize,
    /// Rows and columns beyond its center of the largest window of the plane engine: 1 to 3.
    #[serde(default = "least_reach")]
    pub plane_reach: usize,
    /// The plane engine takes four pixels in a cycle.
    #[serde(default)]
    pub wide_planes: bool,
    /// Widest row that the plane engine takes.
    pub max_width: usize,
    /// Widest image row in words, pitch of the image.
    pub image_row_words: usize,
    /// AxCACHE and AxPROT of the memory port.
    #[serde(default)]
    pub axi: Axi,
    /// Results of the array may lie between those of other passes.
    #[serde(default)]
    pub scatter: bool,
    /// Results of the array may lie by parity.
    #[serde(default)]
    pub parity: bool,
    /// The plane engine multiplies by numbers that the network computes.
    #[serde(default)]
    pub channel_mul: bool,
    /// Where residuals are added: bit 0 before an activation, bit 1 after one.
    #[serde(default = "any_residual")]
    pub residual: u8,
    /// The stem unit.
    pub stem: Option<Stem>,
    /// Bit n: a window of the stem unit may begin at a byte of its image row that is n modulo 16.
    #[serde(default = "any_shift")]
    pub stem_shifts: u16,
    /// The ROMs of the output lanes are block RAM, as far as the part has room for it.
    #[serde(default)]
    pub block_roms: bool,
    /// Activation functions, in the order of the graph, those that a lane computes alike once.
    pub functions: Vec<Function>,
}

/// Whether two products share a DSP slice: of two pixels in a DSP48E2, and of two output channels where there is one pixel
/// and no weight is -128.
fn packs(graph: &QGraph, schedule: &Schedule, target: &Target) -> bool {
    if target.pixels > 1 {
        return target.dsp_kind == DspKind::Dsp48e2;
    }
    !schedule.passes.iter().any(|pass| {
        let (dense, filters): (Option<usize>, &[_]) = match &pass.work {
            Work::Dense(dense) => (Some(dense.layer), &dense.filters),
            Work::Plane(plane) => (None, &plane.filters),
            Work::Transfer(_) | Work::Processor { .. } => (None, &[]),
        };
        let layers = dense.into_iter().chain(filters.iter().map(|filter| filter.layer));
        layers.into_iter().any(|layer| match &graph.layers[layer].op {
            QOp::Conv(conv) => conv.weights.contains(&i8::MIN),
            _ => false,
        })
    })
}

/// The functions of the lanes.
fn functions(graph: &QGraph) -> Result<Vec<Function>> {
    let mut functions: Vec<Function> = Vec::new();
    for function in &graph.functions {
        if !functions.iter().any(|own| own.same_lane(function)) {
            functions.push(function.clone());
        }
    }
    if functions.len() > FUNCTIONS {
        return Err(limit(format!(
            "{} activation functions; {FUNCTIONS} fit the descriptor",
            functions.len()
        )));
    }
    let rom = Rom::of(&functions);
    if !rom.fits() {
        return Err(limit(format!(
            "the tables of the activation functions have {} entries; {MAX_ENTRIES} exist",
            rom.entries.len()
        )));
    }
    Ok(functions)
}

impl Design {
    /// The hardware for a schedule on a target.
    ///
    /// # Errors
    /// `PROGRAM_LIMIT` when the target's geometry or the network is beyond the hardware.
    pub fn new(graph: &QGraph, schedule: &Schedule, target: &Target) -> Result<Self> {
        let pixels = target.pixels as usize;
        let domains = target.port_domains;
        if ![1, 2, 4, 8].contains(&pixels) || domains.banks != target.pixels {
            return Err(limit(format!(
                "{pixels} pixels and {} banks; 1, 2, 4 or 8 pixels and as many banks exist",
                domains.banks
            )));
        }
        let functions = functions(graph)?;
        let blocks = target.blocks() as usize;
        if blocks > BLOCKS {
            return Err(limit(format!(
                "{blocks} blocks of shared memory; owner masks have {BLOCKS} bits"
            )));
        }
        let domain_rows = domains.bytes as usize / (WORD * pixels);
        let rows = domain_rows * domains.count as usize;
        let mut design = Self {
            pixels,
            row_bits: rows.next_power_of_two().trailing_zeros(),
            domains: domains.count as usize,
            domain_rows,
            blocks,
            block_words: target.block_bytes as usize / WORD,
            ultra_ram: target.ultra_ram(),
            ring_words: if pixels > 1 { 2048 } else { 1024 },
            pack_products: packs(graph, schedule, target),
            accumulator_bits: 32,
            plane_sum_bits: 32,
            dsp_lanes: false,
            plane_channels: 16,
            plane_reach: least_reach(),
            wide_planes: false,
            max_width: 16,
            image_row_words: 0,
            axi: target.axi,
            scatter: false,
            parity: schedule.stored.iter().any(|stored| stored.by_parity),
            channel_mul: false,
            residual: 0,
            stem: None,
            stem_shifts: 0,
            block_roms: false,
            functions,
        };
        if design.dsps() > target.dsp as usize {
            design.plane_channels = 8;
        }
        for pass in &schedule.passes {
            design.extend(graph, schedule, &pass.work)?;
        }
        design.dsp_lanes =
            100 * (design.dsps() + design.lane_dsps()) <= ROOM_PERCENT * target.dsp as usize;
        Ok(design)
    }

    /// The ROM of every output lane.
    pub fn rom(&self) -> Rom {
        Rom::of(&self.functions)
    }

    /// Makes room for what a pass needs.
    fn extend(&mut self, graph: &QGraph, schedule: &Schedule, work: &Work) -> Result<()> {
        match work {
            Work::Dense(dense) => {
                self.hold_tile(graph, dense)?;
                self.scatter |= dense.phase.is_some();
                let conv = graph.layers[dense.layer].op.conv();
                self.residual |= match conv.and_then(|conv| conv.residual()) {
                    None => 0,
                    Some(Residual::BeforeActivation) => 1,
                    Some(Residual::AfterActivation) => 2,
                };
                if let Source::Stem(image) = &dense.source {
                    let stem = self.stem(graph, dense, *image)?;
                    self.stem = Some(stem);
                }
                if let Some(width) = chained_width(graph, dense) {
                    self.max_width = self.max_width.max(width);
                }
                self.reach(graph, &dense.filters)?;
            }
            Work::Plane(plane) => {
                let widths = plane.source.planes.iter();
                let widest = widths.map(|plane| schedule.stored[plane.stored.0].width).max();
                self.max_width = self.max_width.max(widest.unwrap_or(0));
                self.channel_mul |= plane.factor.is_some();
                self.reach(graph, &plane.filters)?;
            }
            Work::Transfer(_) | Work::Processor { .. } => {}
        }
        Ok(())
    }

    /// The plane engine holds the windows of its filters.
    fn reach(&mut self, graph: &QGraph, filters: &[Filter]) -> Result<()> {
        for filter in filters {
            let walk = rows::filter_walk(graph, filter.layer)?;
            self.plane_reach = self.plane_reach.max(walk.reach);
        }
        Ok(())
    }

    /// The ring keeps a tile until its last batch, while a burst and the next descriptor arrive.
    fn hold_tile(&mut self, graph: &QGraph, dense: &Dense) -> Result<()> {
        let (taps, padded) = match graph.layers[dense.layer].op.conv() {
            Some(conv) => {
                let padded = conv.axes.iter().any(reads_padding);
                (conv.axes[0].kernel * conv.axes[1].kernel, padded)
            }
            None => (1, false),
        };
        let Source::Memory(views) = &dense.source else { return Ok(()) };
        let steps = dense.planes * views.len() * taps;
        let weights = steps * (STEP_RING_WORDS + usize::from(padded));
        let filters = dense.filters.iter().map(|filter| sizes::filter_words(graph, filter.layer));
        let tile = LANE_RING_WORDS + filters.sum::<usize>() + weights;
        let needed = (tile + BURST + DESCRIPTOR_WORDS).next_power_of_two();
        if needed > MAX_RING {
            let layer = &graph.layers[dense.layer];
            return Err(limit(format!(
                "16 output channels of weights take {tile} words of 32 bytes; the weight ring has at \
                 most {MAX_RING}"
            ))
            .at(layer.place()));
        }
        self.ring_words = self.ring_words.max(needed);
        Ok(())
    }

    fn stem(
        &mut self,
        graph: &QGraph,
        dense: &Dense,
        image: crate::model::qgraph::QValueId,
    ) -> Result<Stem> {
        let convolution = stem::Convolution::new(graph, dense.layer, image)?;
        let row = image_pitch(convolution.image[1], convolution.stem.channels) / WORD;
        // Row buffers of a single word do not exist.
        self.image_row_words = self.image_row_words.max(row).max(2);
        if self.stem.is_some_and(|stem| stem != convolution.stem) {
            return Err(limit("two passes need stem units of different shapes"));
        }
        self.stem_shifts |= convolution.shifts(self.pixels);
        Ok(convolution.stem)
    }

    /// DSP slices of the array, of the plane engine and of products of addresses.
    pub fn dsps(&self) -> usize {
        let shared = |products: usize, pixels: usize| {
            if self.pack_products && pixels > 1 { products * pixels / 2 } else { products * pixels }
        };
        let array = if self.pack_products { 128 } else { 256 } * self.pixels;
        array + shared(9 * self.plane_channels, self.plane_pixels()) + ADDRESS_DSPS
    }

    /// DSP slices of the lanes, where they shift in some.
    pub fn lane_dsps(&self) -> usize {
        let array = 2 + usize::from(self.residual != 0);
        16 * array * self.lane_pixels() + self.plane_channels * 2 * self.plane_pixels()
    }

    /// LP: pixels of the output lanes.
    pub fn lane_pixels(&self) -> usize {
        (self.pixels / 2).max(1)
    }

    /// DP: pixels of the plane engine.
    pub fn plane_pixels(&self) -> usize {
        if self.wide_planes { WIDE_PLANES } else { self.lane_pixels().min(2) }
    }

    /// Pixels of a beat of its results.
    pub fn plane_beat(&self) -> usize {
        self.plane_pixels().min(self.lane_pixels())
    }

    /// Words of the shared memory.
    pub fn memory_words(&self) -> usize {
        self.domains * self.domain_rows * self.pixels
    }

    /// Words from plane to plane of a tensor of `pixels` pixels of `words` words each.
    pub fn plane_stride(&self, pixels: usize, words: usize) -> usize {
        (pixels * words).next_multiple_of(self.pixels)
    }
}

fn chained_width(graph: &QGraph, dense: &Dense) -> Option<usize> {
    let first = dense.filters.first()?;
    let input = graph.layers.get(first.layer)?.input(0)?;
    graph.value(input).shape.get(3).copied()
}
