//! The instruction stream: descriptors, lane parameters, plane filters, and the values their fields take.
//!
//! The encoder, the decoder and the program's simulator use it; `rtl/seigo_descriptor.vh`,
//! `runtime/seigo_program.h` and `docs/isa.md` are made of it.

pub use super::field::Field;
use super::field::{Value, fields, values};

/// Bytes of a ring word.
pub const RING_WORD: usize = 32;
/// Ring words of a descriptor.
pub const DESCRIPTOR_WORDS: usize = 10;
/// Segments of the plane table.
pub const SEGMENTS: usize = 8;
/// 32-bit words of a descriptor.
pub const WORDS: usize = DESCRIPTOR_WORDS * RING_WORD / 4;
/// First word of the plane table.
pub const SEGMENT_WORD: usize = 32;
/// Words of a segment.
pub const SEGMENT_WORDS: usize = 2;
/// Value of the field Magic.
pub const MAGIC_VALUE: u32 = 0x5E16;
/// Value of the field Version.
pub const VERSION_VALUE: u32 = 3;
/// Ring words of the lane parameters of a tile.
pub const LANE_RING_WORDS: usize = 4;
/// Ring words of a part of a plane filter's window, but the last one: 9 taps of 16 channels.
pub const PART_RING_WORDS: usize = 5;
/// Ring words of the last part of a plane filter, with its zero points and lane parameters.
pub const FILTER_RING_WORDS: usize = 9;
/// Ring words of a step, without the zero points of a padded pass.
pub const STEP_RING_WORDS: usize = 8;
/// Bytes of the lane parameters of one channel.
pub const LANE_BYTES: usize = 8;
/// Bytes of the lane parameters of a tile: 16 channels.
pub const LANES_BYTES: usize = LANE_RING_WORDS * RING_WORD;
/// Taps of a part of a window along an axis.
pub const PART_SIDE: usize = 3;
/// Bytes of the taps of a part, 16 channels each.
pub const TAPS_BYTES: usize = PART_SIDE * PART_SIDE * 16;
/// Bytes of a part of a plane filter, but the last one.
pub const PART_BYTES: usize = PART_RING_WORDS * RING_WORD;
/// Bytes of the last part of a plane filter: 9 taps of 16 channels, 16 zero points, lane parameters.
pub const FILTER_BYTES: usize = FILTER_RING_WORDS * RING_WORD;
/// Ring words of a plane filter whose window reaches `reach` rows and columns beyond its center, and so has as many parts
/// along each axis.
pub fn filter_ring_words(reach: usize) -> usize {
    (reach * reach).saturating_sub(1) * PART_RING_WORDS + FILTER_RING_WORDS
}

/// Bytes of a step's weights: 16 x 16; the zero points of a padded pass, a ring word, follow.
pub const STEP_BYTES: usize = STEP_RING_WORDS * RING_WORD;

values! { KINDS:
    KIND_DENSE = "KindDense", 0, "a tile of the dense array, and plane filters behind it";
    KIND_PLANE = "KindPlane", 1, "the plane engine fed by fetch";
    KIND_DMA = "KindDma", 2, "a transfer between DDR and shared memory";
    KIND_PROCESSOR = "KindProcessor", 3, "a step of the processor";
    KIND_END = "KindEnd", 4, "end of the program";
}

values! { RESIDUALS:
    RESIDUAL_NONE = "ResidualNone", 0, "no residual";
    RESIDUAL_BEFORE = "ResidualBefore", 1, "added before the activation";
    RESIDUAL_AFTER = "ResidualAfter", 2, "added after the activation";
}

values! { BUFFERS:
    BUFFER_STREAM = "BufferStream", 0, "the program";
    BUFFER_IMAGE = "BufferImage", 1, "the image, or the input tensor";
    BUFFER_OUTPUT = "BufferOutput", 2, "the outputs of the network";
    BUFFER_SCRATCH = "BufferScratch", 3, "what the processor's steps read and write";
}

fields! { DESCRIPTOR:
    KIND = "Kind", 0 0 8 u, "0 dense, 1 plane (plane engine fed by fetch), 2 DMA, 3 processor step, 4 end of program";
    VERSION = "Version", 0 8 8 u, "3";
    MAGIC = "Magic", 0 16 16 u, "0x5E16";
    INDEX = "Index", 1 0 16 u, "number of the pass";
    FROM_STEM = "FromStem", 2 0 1 u, "the stem unit feeds the array (dense)";
    STORE = "Store", 2 1 1 u, "the dense result is stored (convolution write-back)";
    CHAIN = "Chain", 2 2 2 u, "plane filters that follow: 0, 1, 2 (dense: behind the lanes; plane pass: 1 or 2)";
    RESIDUAL = "Residual", 2 4 2 u, "0 none, 1 before the activation, 2 after";
    PADDED = "Padded", 2 6 1 u, "nine ring words a step";
    WIDE = "Wide", 2 7 1 u, "dense result is int16";
    DIRECT = "Direct", 2 8 1 u, "dense output stage is rule A5, else A6";
    RELU = "Relu", 2 9 1 u, "with Direct";
    MAXIMUM = "Maximum", 2 10 1 u, "the plane engine takes maxima";
    PLANE_DIRECT = "PlaneDirect", 2 11 2 u, "per filter: rule A5 instead of A6";
    PLANE_RELU = "PlaneRelu", 2 13 2 u, "per filter, with PlaneDirect";
    WAIT_DMA = "WaitDma", 2 15 1 u, "wait until all DMA jobs are done before this pass starts";
    TO_MEMORY = "ToMemory", 2 16 1 u, "DMA: DDR to shared memory, else the other way";
    PLANE_WIDE = "PlaneWide", 2 17 2 u, "per filter: int16 result";
    PLANE_MUL = "PlaneMul", 2 19 1 u, "plane pass of one filter: the taps are masks of a factor per channel, which the residual reader reads from ResBase on, a pixel of each plane; rows above and below the center read the zero points";
    TILES = "Tiles", 3 0 16 u, "output planes (plane pass: planes)";
    STEPS = "Steps", 3 16 16 u, "steps of a tile (dense); 1 in a plane pass";
    GROUPS = "Groups", 4 0 20 u, "groups of an output plane of the convolution (plane pass: of an input plane)";
    BATCH_GROUPS = "BatchGroups", 4 20 5 u, "groups of a batch, without the extra one (1 to 16)";
    BATCHES = "Batches", 5 0 16 u, "batches of a tile";
    BATCH_EXTRA = "BatchExtra", 5 16 16 u, "leading batches that have one group more";
    PLANES = "Planes", 6 0 12 u, "input planes of a tile";
    TAPS_X = "TapsX", 6 12 4 u, "kernel width";
    TAPS_Y = "TapsY", 6 16 4 u, "kernel height";
    STRIDE = "Stride", 6 20 4 u, "input pixels from output to output";
    DILATION = "Dilation", 6 24 4 u, "input pixels from tap to tap";
    IN_HEIGHT = "InHeight", 7 0 16 u, "rows of the input (stem: of the image)";
    IN_WIDTH = "InWidth", 7 16 16 u, "columns of the input (stem: of the image)";
    OUT_HEIGHT = "OutHeight", 8 0 16 u, "rows of the convolution's result (plane pass: of the plane engine's input)";
    OUT_WIDTH = "OutWidth", 8 16 16 u, "columns of the convolution's result (plane pass: of the plane engine's input)";
    PAD_TOP = "PadTop", 9 0 8 u, "rows of padding above the input";
    PAD_LEFT = "PadLeft", 9 8 8 u, "columns of padding left of the input";
    LANE_X = "LaneX", 10 0 32 u, "eight 4-bit columns of the lanes in the first group, in output pixels";
    LANE_Y = "LaneY", 11 0 32 u, "eight 4-bit rows of the lanes in the first group, in output pixels";
    STEP_X = "StepX", 12 0 16 u, "stride * (P mod OutWidth)";
    STEP_Y = "StepY", 12 16 16 u, "stride * (P div OutWidth)";
    WRAP_X = "WrapX", 13 0 16 u, "stride * OutWidth";
    PLANE_ADVANCE = "PlaneAdvance", 14 0 12 u, "planes by which the first plane of every segment moves per tile (groups; plane pass: 1)";
    TILE_WORDS = "TileWords", 15 0 16 u, "ring words of a tile's record";
    PARAMETER_WORDS = "ParameterWords", 15 16 8 u, "of them before the weights";
    OUT_BASE = "OutBase", 16 0 20 u, "word address of the dense result";
    OUT_STRIDE = "OutStride", 17 0 20 u, "words from plane to plane";
    PLANE_BASE0 = "PlaneBase0", 18 0 20 u, "word address of the result of plane filter 0";
    PLANE_STRIDE0 = "PlaneStride0", 19 0 20 u, "words from plane to plane";
    PLANE_BASE1 = "PlaneBase1", 20 0 20 u, "word address of the result of plane filter 1";
    PLANE_STRIDE1 = "PlaneStride1", 21 0 20 u, "words from plane to plane";
    RES_BASE = "ResBase", 22 0 20 u, "word address of the residual, or of the factors";
    RES_STRIDE = "ResStride", 23 0 20 u, "words from plane to plane";
    PLANE_HEIGHT = "PlaneHeight", 24 0 16 u, "output height of the plane engine";
    PLANE_WIDTH = "PlaneWidth", 24 16 16 u, "output width of the plane engine";
    PLANE_STRIDE_XY = "PlaneStrideXy", 25 0 2 u, "stride of the plane engine, 1 or 2";
    PLANE_REACH = "PlaneReach", 25 2 2 u, "rows and columns of the plane engine's window beyond its center, 1 to 3";
    PLANE_PAD_TOP = "PlanePadTop", 25 4 2 u, "rows of padding above the plane engine's input";
    PLANE_PAD_LEFT = "PlanePadLeft", 25 6 2 u, "columns of padding left of the plane engine's input";
    TAP_MASK = "TapMask", 25 8 9 u, "taps that a maximum looks at, row by row from the low bit";
    FUNCTION = "Function", 26 0 4 u, "function of the dense output stage";
    PLANE_FUNCTION0 = "PlaneFunction0", 26 4 4 u, "function of plane filter 0";
    PLANE_FUNCTION1 = "PlaneFunction1", 26 8 4 u, "function of plane filter 1";
    STEM_PAD = "StemPad", 27 0 32 u, "four bytes, the int8 zero point of each image channel, channel 0 in the low bits";
    DMA_WORDS = "DmaWords", 28 0 24 u, "words to move (of each plane)";
    DMA_OFFSET = "DmaOffset", 29 0 32 u, "in words from the base of the buffer; with FromStem of the first image row";
    DMA_BASE = "DmaBase", 30 0 20 u, "word address in the shared memory";
    DMA_BUFFER = "DmaBuffer", 30 20 2 u, "0 stream, 1 image, 2 output, 3 scratch";
    ROW_WORDS = "RowWords", 31 0 20 u, "words from input row to input row, times stride: stride * InWidth";
    READ_STREAM = "ReadStream", 48 0 128 u, "blocks that fetch may read, block 0 in the low bit";
    READ_RESIDUAL = "ReadResidual", 52 0 128 u, "blocks that the residual reader may read";
    READ_DMA = "ReadDma", 56 0 128 u, "blocks that DMA may read";
    WRITE_CONV = "WriteConv", 60 0 128 u, "blocks that the convolution write-back may write";
    WRITE_PLANE = "WritePlane", 64 0 128 u, "blocks that the plane write-back may write";
    WRITE_DMA = "WriteDma", 68 0 128 u, "blocks that DMA may write";
    DMA_PLANES = "DmaPlanes", 72 0 12 u, "planes to move behind the first one";
    DMA_STRIDE = "DmaStride", 72 12 20 u, "words from plane to plane in the shared memory";
    DMA_PITCH = "DmaPitch", 73 0 24 u, "words from plane to plane in the buffer";
    OUT_STEP = "OutStep", 74 0 5 u, "words from pixel to pixel of a row of the dense result; 0: pixels lie one behind the other";
    OUT_SKIP = "OutSkip", 74 5 20 u, "with OutStep, words from the last pixel of a row to the first of the next one";
    OUT_PARITY = "OutParity", 74 25 1 u, "the dense result lies by parity: of 2 P pixels those of even address in a row of the banks, those of odd address in the next one, turned by P / 2 banks; without OutStep and Wide";
    CHECKSUM = "Checksum", 79 0 32 u, "wrapping sum of words 0 to 78, bitwise inverted";
}

fields! { SEGMENT:
    SEG_BASE = "SegBase", 0 0 20 u, "word address of the first plane of the segment";
    SEG_PLANES = "SegPlanes", 0 20 12 u, "planes of the segment that a tile reads";
    SEG_STRIDE = "SegStride", 1 0 20 u, "words from plane to plane";
    SEG_UP = "SegUp", 1 20 1 u, "the source has half the height and width (nearest, times 2); 1 x 1 kernel, stride 1, no padding only";
    SEG_PARITY = "SegParity", 1 21 1 u, "the source lies by parity; dense passes only, without SegUp";
}

fields! { LANE:
    LANE_BIAS = "Bias", 0 0 32 s, "added to the sum, in accumulator steps";
    LANE_ARGUMENT = "Argument", 1 0 6 u, "right shift of rule A6 step 1, or of A5 when the pass is direct, plus 8";
    LANE_OUT = "Out", 1 6 4 u, "right shift of rule A6 step 5";
    LANE_ZERO = "Zero", 1 10 8 s, "zero point of the output";
    LANE_RES_ZERO = "ResZero", 1 18 8 s, "zero point of the residual";
    LANE_RES_SHIFT = "ResShift", 1 26 6 s, "left shift F + e of the residual (A6), -15 to 11; negative is a rounding right shift";
}

#[cfg(test)]
mod tests {
    use super::super::field::tests::apart;
    use super::*;

    #[test]
    fn fields_do_not_overlap_and_stay_inside() {
        let segment = |k| SEGMENT.iter().map(move |f| f.after(SEGMENT_WORD + k * SEGMENT_WORDS));
        let descriptor = DESCRIPTOR.iter().copied();
        apart(descriptor.chain((0..SEGMENTS).flat_map(segment)), WORDS * 32);
        apart(LANE.iter().copied(), 8 * LANE_BYTES);
        assert_eq!(CHECKSUM.word, WORDS - 1);
        assert_eq!(TAPS_BYTES + 16 + LANES_BYTES, FILTER_BYTES);
        assert_eq!(TAPS_BYTES.next_multiple_of(RING_WORD), PART_BYTES);
        assert_eq!([1, 2, 3].map(filter_ring_words), [9, 24, 49]);
    }
}
