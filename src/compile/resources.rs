//! What a design takes of a part, before anything is synthesized.
//!
//! DSP slices, block RAMs and UltraRAMs follow from the structure of `rtl/` and are the numbers that yosys finds.
//! Look-up tables and flip-flops are a fit to yosys's counts by module (docs/benchmarks.md, Synthesis), which stand at P = 1 for
//! a 7-series part and at P = 4 for an UltraScale+; between and beyond these two they are an estimate.

use super::boards::Target;
use super::program::{Design, ROOM_PERCENT, Stem};
use crate::base::error::{Error, Result, codes};

/// How far look-up tables and flip-flops are from the syntheses that they were fitted to, at most, in percent.
pub const FITTED_ERROR_PERCENT: usize = 5;

/// Half a block RAM: 18 Kbit, read and written by 36 bits at a depth of 512.
const HALF_RAM_BITS: usize = 18 << 10;
/// Bits of an UltraRAM.
const URAM_BITS: usize = 288 << 10;

/// Resources of a part or of a design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resources {
    /// Look-up tables, those used as memory among them.
    pub lut: usize,
    /// Flip-flops.
    pub ff: usize,
    /// DSP slices.
    pub dsp: usize,
    /// Halves of a BRAM36.
    pub half_bram: usize,
    /// UltraRAMs.
    pub uram: usize,
}

impl Resources {
    /// What the part of a target has.
    pub fn of_part(target: &Target) -> Self {
        Self {
            lut: target.lut as usize,
            ff: target.ff as usize,
            dsp: target.dsp as usize,
            half_bram: 2 * target.bram36 as usize,
            uram: target.uram as usize,
        }
    }

    /// What a design takes.
    pub fn of_design(design: &Design) -> Self {
        let (half_bram, uram) = memories(design);
        let (lut, ff) = logic(design);
        let lanes = if design.dsp_lanes { design.lane_dsps() } else { 0 };
        Self { lut, ff, dsp: design.dsps() + lanes, half_bram, uram }
    }

    /// Bits of all RAMs.
    pub fn ram_bits(&self) -> usize {
        self.half_bram * HALF_RAM_BITS + self.uram * URAM_BITS
    }

    /// Largest share of a kind of resource of the target's part, 0 to 1; more where the part has no room.
    pub fn share(&self, target: &Target) -> f64 {
        let rows = self.rows(target);
        let shares = rows.iter().filter(|row| row.needed > 0.0).map(|row| row.needed / row.present);
        shares.fold(0.0, f64::max)
    }

    /// Refuses a design that takes more than the part of its target has.
    ///
    /// # Errors
    /// [`codes::PART_TOO_SMALL`] with what is needed and what is there.
    pub fn check(&self, target: &Target) -> Result<()> {
        let over: Vec<&str> = self
            .rows(target)
            .into_iter()
            .filter(|row| row.needed > row.present)
            .map(|row| row.name)
            .collect();
        if over.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            &codes::PART_TOO_SMALL,
            format!(
                "the design for target {} needs more {} than its part {} has: {}",
                target.name,
                over.join(" and "),
                target.part,
                self.words(target)
            ),
        ))
    }

    /// Needed and present of every kind that the part has or the design needs, as words.
    pub fn words(&self, target: &Target) -> String {
        let rows = self.rows(target);
        let words = rows.iter().filter(|row| row.needed > 0.0 || row.present > 0.0).map(|row| {
            let about = if row.fitted { "about " } else { "" };
            format!("{about}{} of {} {}", row.needed, row.present, row.name)
        });
        words.collect::<Vec<_>>().join(", ")
    }

    fn rows(&self, target: &Target) -> [Row; 5] {
        let part = Self::of_part(target);
        let row = |name, fitted, needed: usize, present: usize| Row {
            name,
            fitted,
            needed: needed as f64,
            present: present as f64,
        };
        let mut rows = [
            row("LUT", true, self.lut, part.lut),
            row("flip-flops", true, self.ff, part.ff),
            row("DSP slices", false, self.dsp, part.dsp),
            row("BRAM36", false, self.half_bram, part.half_bram),
            row("UltraRAM", false, self.uram, part.uram),
        ];
        rows[3].needed /= 2.0;
        rows[3].present /= 2.0;
        rows
    }
}

struct Row {
    name: &'static str,
    /// By the fit, not by structure.
    fitted: bool,
    needed: f64,
    present: f64,
}

/// Halves of a block RAM, and UltraRAMs.
fn memories(design: &Design) -> (usize, usize) {
    let banks = design.domains * design.pixels;
    let (shared, uram) = match design.ultra_ram {
        true => (0, banks * 2 * design.domain_rows.div_ceil(4096)),
        // Two ports that read and write take a whole one, at 36 bits at most.
        false => (banks * 2 * rams(128, design.domain_rows, 2 * HALF_RAM_BITS), 0),
    };
    let pixels = design.plane_pixels();
    let width = design.max_width.next_power_of_two().max(16);
    let lines = 2 * design.plane_reach * rams(128 * pixels, width / pixels, HALF_RAM_BITS);
    let ring = rams(256, design.ring_words, HALF_RAM_BITS);
    let rows_to_memory = rams(128, 512, HALF_RAM_BITS);
    let stem = design.stem.map_or(0, |stem| stem_rams(design, stem));
    let roms = if design.block_roms { lane_roms(design) } else { 0 };
    (shared + ring + lines + rows_to_memory + stem + roms, uram)
}

/// RAMs of `bits` bits, parity among them, for words of `width` bits: 36 bits a RAM at most, and a bit of nine has no use
/// in words of less than nine.
fn rams(width: usize, depth: usize, bits: usize) -> usize {
    let depth = depth.next_power_of_two().max(512);
    let data = bits / 9 * 8;
    let each = if bits / depth >= 9 { (bits / depth).min(36) } else { (data / depth).max(1) };
    width.div_ceil(each) * depth.div_ceil(data)
}

/// Reads of image rows by the stem unit, as `rtl/seigo_stem_unit.v` does them.
struct StemRows {
    /// Memories that image rows lie in by turns, each of which gives a word in a cycle.
    memories: usize,
    /// Words that such a memory holds.
    depth: usize,
    /// Bits in which the shifts of its words differ.
    shift_bits: usize,
}

impl StemRows {
    fn new(design: &Design, stem: Stem) -> Self {
        let Stem { kernel, stride, channels, .. } = stem;
        let of_pixels = match channels {
            4 => 0x1111,
            2 => 0x5555,
            _ => u16::MAX,
        };
        let shifts = design.stem_shifts & of_pixels;
        let window = ((design.pixels - 1) * stride + kernel) * channels;
        let reads = (window + shifts.checked_ilog2().unwrap_or(0) as usize).div_ceil(16);
        let words = design.image_row_words.max(32).next_power_of_two();
        let slots = |memories: usize| {
            let least = (kernel + stride).div_ceil(memories).max(2).next_power_of_two();
            least.max(512 / words)
        };
        let memories = (1..=kernel)
            .filter(|memories| kernel.div_ceil(*memories) * reads <= stem.planes())
            .find(|memories| memories * slots(*memories) >= kernel + 2 * stride)
            .unwrap_or(kernel);
        let differ = |bit: usize| {
            let ones = (0..16).filter(|n| n >> bit & 1 == 1).fold(0, |mask, n| mask | 1u16 << n);
            shifts & ones != 0 && shifts & !ones != 0
        };
        let depth = words * slots(memories);
        Self { memories, depth, shift_bits: (0..4).filter(|bit| differ(*bit)).count() }
    }
}

/// Image rows and patches of the stem unit.
fn stem_rams(design: &Design, stem: Stem) -> usize {
    let StemRows { memories, depth, .. } = StemRows::new(design, stem);
    // A patch memory has 512 words at most.
    memories * rams(128, depth, HALF_RAM_BITS) + design.pixels * rams(128, 512, HALF_RAM_BITS)
}

/// Percent of RAMs and DSP slices of a part that a wide plane engine may fill: they hold no wires up, as look-up tables do.
const COLUMNS_PERCENT: usize = 90;

/// Makes the plane engine wider where windows of several parts would wait for it and the part keeps room.
pub fn choose_planes(design: &mut Design, target: &Target) {
    // Results leave by as many pixels as the lanes take.
    let gains = design.plane_reach > 1 && design.lane_pixels() > 1 && design.plane_channels == 16;
    let mut wide = Design { wide_planes: true, block_roms: false, ..design.clone() };
    choose_roms(&mut wide, target);
    let (needed, present) = (Resources::of_design(&wide), Resources::of_part(target));
    let keeps_logic = 100 * needed.lut <= ROOM_PERCENT * present.lut;
    let keeps_columns = 100.0 * needed.share(target) <= COLUMNS_PERCENT as f64;
    if gains && keeps_logic && keeps_columns {
        *design = wide;
    }
}

/// Puts the ROMs of the lanes into block RAM where the part then keeps some of it, or would be fuller without.
pub fn choose_roms(design: &mut Design, target: &Target) {
    let any = !design.rom().entries.is_empty();
    let roms = Design { block_roms: any, ..design.clone() };
    let blocks = Resources::of_design(&roms);
    let keeps = 100 * blocks.half_bram <= ROOM_PERCENT * Resources::of_part(target).half_bram;
    if keeps || blocks.share(target) < Resources::of_design(design).share(target) {
        *design = roms;
    }
}

/// ROMs of lanes: those of two pixels of a channel share the ports of one.
fn lane_roms(design: &Design) -> usize {
    let entries = design.rom().entries.len();
    let lanes = 16 * design.lane_pixels().div_ceil(2)
        + design.plane_channels * design.plane_pixels().div_ceil(2);
    lanes * rams(16, entries, HALF_RAM_BITS)
}

/// Look-up tables and flip-flops of lanes of the array for a pixel's channel, with and without shifts in DSP slices, and
/// of the same of the plane engine with everything around it.
const LANE: [(usize, usize); 2] = [(320, 294), (605, 558)];
const PLANE: [(usize, usize); 2] = [(615, 433), (948, 781)];
/// A lane's ROM in logic of a SiLU's 240 entries, which [`LANE`] and [`PLANE`] have in them, four more of whose entries take a
/// look-up table (4,096 of a sigmoid and two squares: 1,071), and the sum with a residual before a function, which [`LANE`] has.
const LANE_ROM: (usize, usize) = (40, 10);
const LANE_ROM_ENTRIES: usize = 240;
const LANE_BEFORE: (usize, usize) = (40, 0);
/// What every design has, and for each pixel of the array.
const BASE: (usize, usize) = (6_580, 15_120);
const PIXEL: (usize, usize) = (3_630, 2_610);
/// The stem unit: once, for each pixel, and for each byte of a memory of image rows, with the bits of a byte's shifter by
/// those in which shifts differ.
const STEM: (usize, usize) = (310, 1_790);
const STEM_PIXEL: (usize, usize) = (510, 806);
const STEM_BYTE: (usize, usize) = (8, 24);
const STEM_SHIFTER: [usize; 5] = [0, 0, 12, 36, 40];
/// The shared memory and its arbiter: once, and for each bank of a domain.
const MEMORY: (usize, usize) = (1_500, 2_490);
const MEMORY_PIXEL: (usize, usize) = (460, 1_200);

/// Results stored between others: once, for each pixel of the lanes, and for each bank. What `seigo_store` takes more with
/// `Scatter` than without, by yosys at P = 1, 2, 4 and 8, to 3 % of the look-up tables.
const SCATTER: (usize, usize) = (250, 463);
const SCATTER_PIXEL: (usize, usize) = (218, 257);
const SCATTER_BANK: (usize, usize) = (128, 0);

/// Results by parity: once and for each bank. What `seigo_store` takes more with `Parity` than without, by yosys at P = 2, 4
/// and 8, to 1 %.
const PARITY: (usize, usize) = (8, 3);
const PARITY_BANK: (usize, usize) = (128, 128);

/// Numbers per channel as weights: what `seigo_plane_parameters` takes more with `ChannelMul` than without, by yosys, and
/// the registers of the factors.
const CHANNEL_MUL: (usize, usize) = (384, 129);

/// Windows of a plane engine that reach 1 to 3 rows and columns beyond their center: for each channel of a pixel, what
/// `seigo_plane_engine` takes more than with 1, by yosys at two pixels and 16 channels.
const REACH: [(usize, usize); 3] = [(0, 0), (179, 47), (433, 167)];

/// Look-up tables and flip-flops.
fn logic(design: &Design) -> (usize, usize) {
    let plain = usize::from(!design.dsp_lanes);
    let pixels = design.pixels;
    let lanes = 16 * design.lane_pixels();
    let channels = design.plane_channels * design.plane_pixels();
    let before = if design.residual & 1 == 0 { LANE_BEFORE } else { (0, 0) };
    let more_entries = design.rom().entries.len().saturating_sub(LANE_ROM_ENTRIES);
    let reach = REACH[design.plane_reach.clamp(1, REACH.len()) - 1];
    let larger_rom = (more_entries.div_ceil(4), 0);
    let stem_rows = design.stem.map(|stem| StemRows::new(design, stem));
    let sum = |take: fn((usize, usize)) -> usize| {
        let roms = lanes + channels;
        let (rom, gone) = match design.block_roms {
            true => (0, roms * take(LANE_ROM)),
            false => (roms * take(larger_rom), 0),
        };
        let stem = take(STEM) + pixels * take(STEM_PIXEL);
        let rows = stem_rows.as_ref().map_or(0, |rows| {
            let bytes = 16 * rows.memories;
            // Rows are put in order by a choice among all memories.
            let logic = STEM_SHIFTER[rows.shift_bits] + 8 * (rows.memories + 1).div_ceil(4);
            bytes * (take(STEM_BYTE) + take((logic, 0)))
        });
        let scatter = take(SCATTER)
            + design.lane_pixels() * take(SCATTER_PIXEL)
            + pixels * take(SCATTER_BANK);
        take(BASE)
            + take(MEMORY)
            + pixels * (take(PIXEL) + take(MEMORY_PIXEL))
            + lanes * (take(LANE[plain]) - take(before))
            + channels * (take(PLANE[plain]) + take(reach))
            + rom
            - gone
            + if design.stem.is_some() { stem + rows } else { 0 }
            + if design.scatter { scatter } else { 0 }
            + if design.channel_mul { take(CHANNEL_MUL) } else { 0 }
            + if design.parity { take(PARITY) + pixels * take(PARITY_BANK) } else { 0 }
    };
    // Both ports choose among the domains, a look-up table for every three more; UltraRAMs above one another too.
    let choice = 2 * 128 * pixels * (design.domains - 1).div_ceil(3);
    let tall = match design.ultra_ram {
        true => design.domain_rows.div_ceil(4096) - 1,
        false => 0,
    };
    (sum(|pair| pair.0) + choice + 2 * 128 * pixels * design.domains * tall, sum(|pair| pair.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{CompileOptions, Compiled};
    use crate::model::ceras::Model;

    /// Of YOLOX-Nano's design: target, LUT, FF, DSP, halves of BRAM36, UltraRAM. LUT and FF of the zynq7020 are
    /// from before the stem unit, the write-back and the lanes became smaller.
    const MEASURED: [(&str, usize, usize, usize, usize, usize); 2] =
        [("zynq7020", 33_938, 40_643, 201, 223, 0), ("kv260", 54_452, 62_452, 817, 109, 32)];

    fn design(target: &Target) -> Design {
        let model = Model::load("tests/fixtures/colors.ceras".as_ref()).unwrap();
        Compiled::new(model, target, CompileOptions::default()).unwrap().design
    }

    /// The design for YOLOX-Nano, as far as resources go.
    fn yolox(target: &str) -> Design {
        let mut design = design(&Target::load(target).unwrap());
        design.residual = 2;
        design.stem_shifts = if design.pixels == 1 { 0x5555 } else { 0x0404 };
        design.stem = Some(Stem { kernel: 6, stride: 2, channels: 3 });
        design.image_row_words = 78;
        design.max_width = 208;
        design
    }

    /// yosys's counts of docs/benchmarks.md: structure is equal, the fit is near.
    #[test]
    fn counts_are_those_of_synthesis() {
        for (target, lut, ff, dsp, half_bram, uram) in MEASURED {
            let found = Resources::of_design(&yolox(target));
            assert_eq!(
                (found.dsp, found.half_bram, found.uram),
                (dsp, half_bram, uram),
                "{target}"
            );
            let near = |found: usize, measured: usize| {
                found.abs_diff(measured) * 100 <= measured * FITTED_ERROR_PERCENT
            };
            assert!(near(found.lut, lut) && near(found.ff, ff), "{target}: {found:?}");
        }
    }

    #[test]
    fn a_part_that_is_too_small_is_refused_with_all_numbers() {
        let mut target = Target::load("kv260").unwrap();
        let design = design(&target);
        let needed = Resources::of_design(&design);
        needed.check(&target).unwrap();
        target.dsp = needed.dsp as u64 - 1;
        target.lut = 20_000;
        let error = needed.check(&target).unwrap_err();
        assert_eq!(error.code().id, codes::PART_TOO_SMALL.id);
        let words = error.to_string();
        assert!(words.contains("needs more LUT and DSP slices than its part"), "{words}");
        assert!(
            words.contains(&format!("{} of {} DSP slices", needed.dsp, needed.dsp - 1)),
            "{words}"
        );
    }

    /// Without two products in a slice, as a weight of -128 demands, the array at P = 1 alone has more slices than the part.
    #[test]
    fn a_weight_that_does_not_pack_is_too_much_for_a_zynq_7020() {
        let target = Target::load("zynq7020").unwrap();
        let mut design = yolox("zynq7020");
        design.pack_products = false;
        let needed = Resources::of_design(&design);
        assert_eq!(needed.dsp, 256 + 72 + 1);
        assert_eq!(needed.check(&target).unwrap_err().code().id, codes::PART_TOO_SMALL.id);
    }

    /// Widths and depths of block RAMs as the vendors' guides have them (UG473, UG573).
    #[test]
    fn block_rams_have_their_shapes() {
        for (width, depth, halves) in [
            (36, 512, 1),
            (72, 512, 2),
            (256, 2048, 29),
            (256, 1024, 15),
            (8, 4096, 2),
            (1, 16_384, 1),
            (1, 32_768, 2),
        ] {
            assert_eq!(rams(width, depth, HALF_RAM_BITS), halves, "{width} x {depth}");
        }
        assert_eq!(rams(128, 4096, 2 * HALF_RAM_BITS), 15);
        assert_eq!(rams(128, 1024, 2 * HALF_RAM_BITS), 4);
    }
}
