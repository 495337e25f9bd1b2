/* Fields of the accelerator's instruction stream. Generated from src/compile/border by `make generate`. For C11 and C++11. */
#ifndef SEIGO_PROGRAM_H
#define SEIGO_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#ifndef SEIGO_ASSERT
#ifdef __cplusplus
#define SEIGO_ASSERT(condition, message) static_assert(condition, message)
#else
#define SEIGO_ASSERT(condition, message) _Static_assert(condition, message)
#endif
#endif

/* A field is WORD (of 32 bits), LSB and WIDTH; words are little-endian. */
#define SEIGO_MAGIC_VALUE 0x5e16u
#define SEIGO_VERSION_VALUE 0x3u
#define SEIGO_RING_WORD_BYTES 0x20u
#define SEIGO_DESCRIPTOR_RING_WORDS 0xau
#define SEIGO_SEGMENTS 0x8u
#define SEIGO_SEGMENT_FIRST_WORD 0x20u
#define SEIGO_SEGMENT_WORDS 0x2u
#define SEIGO_LANE_RING_WORDS 0x4u
#define SEIGO_PART_RING_WORDS 0x5u
#define SEIGO_FILTER_RING_WORDS 0x9u
#define SEIGO_STEP_RING_WORDS 0x8u

/* 0 dense, 1 plane (plane engine fed by fetch), 2 DMA, 3 processor step, 4 end of program */
#define SEIGO_KIND_WORD 0
#define SEIGO_KIND_LSB 0
#define SEIGO_KIND_WIDTH 8
/* 3 */
#define SEIGO_VERSION_WORD 0
#define SEIGO_VERSION_LSB 8
#define SEIGO_VERSION_WIDTH 8
/* 0x5E16 */
#define SEIGO_MAGIC_WORD 0
#define SEIGO_MAGIC_LSB 16
#define SEIGO_MAGIC_WIDTH 16
/* number of the pass */
#define SEIGO_INDEX_WORD 1
#define SEIGO_INDEX_LSB 0
#define SEIGO_INDEX_WIDTH 16
/* the stem unit feeds the array (dense) */
#define SEIGO_FROM_STEM_WORD 2
#define SEIGO_FROM_STEM_LSB 0
#define SEIGO_FROM_STEM_WIDTH 1
/* the dense result is stored (convolution write-back) */
#define SEIGO_STORE_WORD 2
#define SEIGO_STORE_LSB 1
#define SEIGO_STORE_WIDTH 1
/* plane filters that follow: 0, 1, 2 (dense: behind the lanes; plane pass: 1 or 2) */
#define SEIGO_CHAIN_WORD 2
#define SEIGO_CHAIN_LSB 2
#define SEIGO_CHAIN_WIDTH 2
/* 0 none, 1 before the activation, 2 after */
#define SEIGO_RESIDUAL_WORD 2
#define SEIGO_RESIDUAL_LSB 4
#define SEIGO_RESIDUAL_WIDTH 2
/* nine ring words a step */
#define SEIGO_PADDED_WORD 2
#define SEIGO_PADDED_LSB 6
#define SEIGO_PADDED_WIDTH 1
/* dense result is int16 */
#define SEIGO_WIDE_WORD 2
#define SEIGO_WIDE_LSB 7
#define SEIGO_WIDE_WIDTH 1
/* dense output stage is rule A5, else A6 */
#define SEIGO_DIRECT_WORD 2
#define SEIGO_DIRECT_LSB 8
#define SEIGO_DIRECT_WIDTH 1
/* with Direct */
#define SEIGO_RELU_WORD 2
#define SEIGO_RELU_LSB 9
#define SEIGO_RELU_WIDTH 1
/* the plane engine takes maxima */
#define SEIGO_MAXIMUM_WORD 2
#define SEIGO_MAXIMUM_LSB 10
#define SEIGO_MAXIMUM_WIDTH 1
/* per filter: rule A5 instead of A6 */
#define SEIGO_PLANE_DIRECT_WORD 2
#define SEIGO_PLANE_DIRECT_LSB 11
#define SEIGO_PLANE_DIRECT_WIDTH 2
/* per filter, with PlaneDirect */
#define SEIGO_PLANE_RELU_WORD 2
#define SEIGO_PLANE_RELU_LSB 13
#define SEIGO_PLANE_RELU_WIDTH 2
/* wait until all DMA jobs are done before this pass starts */
#define SEIGO_WAIT_DMA_WORD 2
#define SEIGO_WAIT_DMA_LSB 15
#define SEIGO_WAIT_DMA_WIDTH 1
/* DMA: DDR to shared memory, else the other way */
#define SEIGO_TO_MEMORY_WORD 2
#define SEIGO_TO_MEMORY_LSB 16
#define SEIGO_TO_MEMORY_WIDTH 1
/* per filter: int16 result */
#define SEIGO_PLANE_WIDE_WORD 2
#define SEIGO_PLANE_WIDE_LSB 17
#define SEIGO_PLANE_WIDE_WIDTH 2
/* plane pass of one filter: the taps are masks of a factor per channel, which the residual reader reads from ResBase on, a pixel of each plane; rows above and below the center read the zero points */
#define SEIGO_PLANE_MUL_WORD 2
#define SEIGO_PLANE_MUL_LSB 19
#define SEIGO_PLANE_MUL_WIDTH 1
/* output planes (plane pass: planes) */
#define SEIGO_TILES_WORD 3
#define SEIGO_TILES_LSB 0
#define SEIGO_TILES_WIDTH 16
/* steps of a tile (dense); 1 in a plane pass */
#define SEIGO_STEPS_WORD 3
#define SEIGO_STEPS_LSB 16
#define SEIGO_STEPS_WIDTH 16
/* groups of an output plane of the convolution (plane pass: of an input plane) */
#define SEIGO_GROUPS_WORD 4
#define SEIGO_GROUPS_LSB 0
#define SEIGO_GROUPS_WIDTH 20
/* groups of a batch, without the extra one (1 to 16) */
#define SEIGO_BATCH_GROUPS_WORD 4
#define SEIGO_BATCH_GROUPS_LSB 20
#define SEIGO_BATCH_GROUPS_WIDTH 5
/* batches of a tile */
#define SEIGO_BATCHES_WORD 5
#define SEIGO_BATCHES_LSB 0
#define SEIGO_BATCHES_WIDTH 16
/* leading batches that have one group more */
#define SEIGO_BATCH_EXTRA_WORD 5
#define SEIGO_BATCH_EXTRA_LSB 16
#define SEIGO_BATCH_EXTRA_WIDTH 16
/* input planes of a tile */
#define SEIGO_PLANES_WORD 6
#define SEIGO_PLANES_LSB 0
#define SEIGO_PLANES_WIDTH 12
/* kernel width */
#define SEIGO_TAPS_X_WORD 6
#define SEIGO_TAPS_X_LSB 12
#define SEIGO_TAPS_X_WIDTH 4
/* kernel height */
#define SEIGO_TAPS_Y_WORD 6
#define SEIGO_TAPS_Y_LSB 16
#define SEIGO_TAPS_Y_WIDTH 4
/* input pixels from output to output */
#define SEIGO_STRIDE_WORD 6
#define SEIGO_STRIDE_LSB 20
#define SEIGO_STRIDE_WIDTH 4
/* input pixels from tap to tap */
#define SEIGO_DILATION_WORD 6
#define SEIGO_DILATION_LSB 24
#define SEIGO_DILATION_WIDTH 4
/* rows of the input (stem: of the image) */
#define SEIGO_IN_HEIGHT_WORD 7
#define SEIGO_IN_HEIGHT_LSB 0
#define SEIGO_IN_HEIGHT_WIDTH 16
/* columns of the input (stem: of the image) */
#define SEIGO_IN_WIDTH_WORD 7
#define SEIGO_IN_WIDTH_LSB 16
#define SEIGO_IN_WIDTH_WIDTH 16
/* rows of the convolution's result (plane pass: of the plane engine's input) */
#define SEIGO_OUT_HEIGHT_WORD 8
#define SEIGO_OUT_HEIGHT_LSB 0
#define SEIGO_OUT_HEIGHT_WIDTH 16
/* columns of the convolution's result (plane pass: of the plane engine's input) */
#define SEIGO_OUT_WIDTH_WORD 8
#define SEIGO_OUT_WIDTH_LSB 16
#define SEIGO_OUT_WIDTH_WIDTH 16
/* rows of padding above the input */
#define SEIGO_PAD_TOP_WORD 9
#define SEIGO_PAD_TOP_LSB 0
#define SEIGO_PAD_TOP_WIDTH 8
/* columns of padding left of the input */
#define SEIGO_PAD_LEFT_WORD 9
#define SEIGO_PAD_LEFT_LSB 8
#define SEIGO_PAD_LEFT_WIDTH 8
/* eight 4-bit columns of the lanes in the first group, in output pixels */
#define SEIGO_LANE_X_WORD 10
#define SEIGO_LANE_X_LSB 0
#define SEIGO_LANE_X_WIDTH 32
/* eight 4-bit rows of the lanes in the first group, in output pixels */
#define SEIGO_LANE_Y_WORD 11
#define SEIGO_LANE_Y_LSB 0
#define SEIGO_LANE_Y_WIDTH 32
/* stride * (P mod OutWidth) */
#define SEIGO_STEP_X_WORD 12
#define SEIGO_STEP_X_LSB 0
#define SEIGO_STEP_X_WIDTH 16
/* stride * (P div OutWidth) */
#define SEIGO_STEP_Y_WORD 12
#define SEIGO_STEP_Y_LSB 16
#define SEIGO_STEP_Y_WIDTH 16
/* stride * OutWidth */
#define SEIGO_WRAP_X_WORD 13
#define SEIGO_WRAP_X_LSB 0
#define SEIGO_WRAP_X_WIDTH 16
/* planes by which the first plane of every segment moves per tile (groups; plane pass: 1) */
#define SEIGO_PLANE_ADVANCE_WORD 14
#define SEIGO_PLANE_ADVANCE_LSB 0
#define SEIGO_PLANE_ADVANCE_WIDTH 12
/* ring words of a tile's record */
#define SEIGO_TILE_WORDS_WORD 15
#define SEIGO_TILE_WORDS_LSB 0
#define SEIGO_TILE_WORDS_WIDTH 16
/* of them before the weights */
#define SEIGO_PARAMETER_WORDS_WORD 15
#define SEIGO_PARAMETER_WORDS_LSB 16
#define SEIGO_PARAMETER_WORDS_WIDTH 8
/* word address of the dense result */
#define SEIGO_OUT_BASE_WORD 16
#define SEIGO_OUT_BASE_LSB 0
#define SEIGO_OUT_BASE_WIDTH 20
/* words from plane to plane */
#define SEIGO_OUT_STRIDE_WORD 17
#define SEIGO_OUT_STRIDE_LSB 0
#define SEIGO_OUT_STRIDE_WIDTH 20
/* word address of the result of plane filter 0 */
#define SEIGO_PLANE_BASE0_WORD 18
#define SEIGO_PLANE_BASE0_LSB 0
#define SEIGO_PLANE_BASE0_WIDTH 20
/* words from plane to plane */
#define SEIGO_PLANE_STRIDE0_WORD 19
#define SEIGO_PLANE_STRIDE0_LSB 0
#define SEIGO_PLANE_STRIDE0_WIDTH 20
/* word address of the result of plane filter 1 */
#define SEIGO_PLANE_BASE1_WORD 20
#define SEIGO_PLANE_BASE1_LSB 0
#define SEIGO_PLANE_BASE1_WIDTH 20
/* words from plane to plane */
#define SEIGO_PLANE_STRIDE1_WORD 21
#define SEIGO_PLANE_STRIDE1_LSB 0
#define SEIGO_PLANE_STRIDE1_WIDTH 20
/* word address of the residual, or of the factors */
#define SEIGO_RES_BASE_WORD 22
#define SEIGO_RES_BASE_LSB 0
#define SEIGO_RES_BASE_WIDTH 20
/* words from plane to plane */
#define SEIGO_RES_STRIDE_WORD 23
#define SEIGO_RES_STRIDE_LSB 0
#define SEIGO_RES_STRIDE_WIDTH 20
/* output height of the plane engine */
#define SEIGO_PLANE_HEIGHT_WORD 24
#define SEIGO_PLANE_HEIGHT_LSB 0
#define SEIGO_PLANE_HEIGHT_WIDTH 16
/* output width of the plane engine */
#define SEIGO_PLANE_WIDTH_WORD 24
#define SEIGO_PLANE_WIDTH_LSB 16
#define SEIGO_PLANE_WIDTH_WIDTH 16
/* stride of the plane engine, 1 or 2 */
#define SEIGO_PLANE_STRIDE_XY_WORD 25
#define SEIGO_PLANE_STRIDE_XY_LSB 0
#define SEIGO_PLANE_STRIDE_XY_WIDTH 2
/* rows and columns of the plane engine's window beyond its center, 1 to 3 */
#define SEIGO_PLANE_REACH_WORD 25
#define SEIGO_PLANE_REACH_LSB 2
#define SEIGO_PLANE_REACH_WIDTH 2
/* rows of padding above the plane engine's input */
#define SEIGO_PLANE_PAD_TOP_WORD 25
#define SEIGO_PLANE_PAD_TOP_LSB 4
#define SEIGO_PLANE_PAD_TOP_WIDTH 2
/* columns of padding left of the plane engine's input */
#define SEIGO_PLANE_PAD_LEFT_WORD 25
#define SEIGO_PLANE_PAD_LEFT_LSB 6
#define SEIGO_PLANE_PAD_LEFT_WIDTH 2
/* taps that a maximum looks at, row by row from the low bit */
#define SEIGO_TAP_MASK_WORD 25
#define SEIGO_TAP_MASK_LSB 8
#define SEIGO_TAP_MASK_WIDTH 9
/* function of the dense output stage */
#define SEIGO_FUNCTION_WORD 26
#define SEIGO_FUNCTION_LSB 0
#define SEIGO_FUNCTION_WIDTH 4
/* function of plane filter 0 */
#define SEIGO_PLANE_FUNCTION0_WORD 26
#define SEIGO_PLANE_FUNCTION0_LSB 4
#define SEIGO_PLANE_FUNCTION0_WIDTH 4
/* function of plane filter 1 */
#define SEIGO_PLANE_FUNCTION1_WORD 26
#define SEIGO_PLANE_FUNCTION1_LSB 8
#define SEIGO_PLANE_FUNCTION1_WIDTH 4
/* four bytes, the int8 zero point of each image channel, channel 0 in the low bits */
#define SEIGO_STEM_PAD_WORD 27
#define SEIGO_STEM_PAD_LSB 0
#define SEIGO_STEM_PAD_WIDTH 32
/* words to move (of each plane) */
#define SEIGO_DMA_WORDS_WORD 28
#define SEIGO_DMA_WORDS_LSB 0
#define SEIGO_DMA_WORDS_WIDTH 24
/* in words from the base of the buffer; with FromStem of the first image row */
#define SEIGO_DMA_OFFSET_WORD 29
#define SEIGO_DMA_OFFSET_LSB 0
#define SEIGO_DMA_OFFSET_WIDTH 32
/* word address in the shared memory */
#define SEIGO_DMA_BASE_WORD 30
#define SEIGO_DMA_BASE_LSB 0
#define SEIGO_DMA_BASE_WIDTH 20
/* 0 stream, 1 image, 2 output, 3 scratch */
#define SEIGO_DMA_BUFFER_WORD 30
#define SEIGO_DMA_BUFFER_LSB 20
#define SEIGO_DMA_BUFFER_WIDTH 2
/* words from input row to input row, times stride: stride * InWidth */
#define SEIGO_ROW_WORDS_WORD 31
#define SEIGO_ROW_WORDS_LSB 0
#define SEIGO_ROW_WORDS_WIDTH 20
/* blocks that fetch may read, block 0 in the low bit */
#define SEIGO_READ_STREAM_WORD 48
#define SEIGO_READ_STREAM_LSB 0
#define SEIGO_READ_STREAM_WIDTH 128
/* blocks that the residual reader may read */
#define SEIGO_READ_RESIDUAL_WORD 52
#define SEIGO_READ_RESIDUAL_LSB 0
#define SEIGO_READ_RESIDUAL_WIDTH 128
/* blocks that DMA may read */
#define SEIGO_READ_DMA_WORD 56
#define SEIGO_READ_DMA_LSB 0
#define SEIGO_READ_DMA_WIDTH 128
/* blocks that the convolution write-back may write */
#define SEIGO_WRITE_CONV_WORD 60
#define SEIGO_WRITE_CONV_LSB 0
#define SEIGO_WRITE_CONV_WIDTH 128
/* blocks that the plane write-back may write */
#define SEIGO_WRITE_PLANE_WORD 64
#define SEIGO_WRITE_PLANE_LSB 0
#define SEIGO_WRITE_PLANE_WIDTH 128
/* blocks that DMA may write */
#define SEIGO_WRITE_DMA_WORD 68
#define SEIGO_WRITE_DMA_LSB 0
#define SEIGO_WRITE_DMA_WIDTH 128
/* planes to move behind the first one */
#define SEIGO_DMA_PLANES_WORD 72
#define SEIGO_DMA_PLANES_LSB 0
#define SEIGO_DMA_PLANES_WIDTH 12
/* words from plane to plane in the shared memory */
#define SEIGO_DMA_STRIDE_WORD 72
#define SEIGO_DMA_STRIDE_LSB 12
#define SEIGO_DMA_STRIDE_WIDTH 20
/* words from plane to plane in the buffer */
#define SEIGO_DMA_PITCH_WORD 73
#define SEIGO_DMA_PITCH_LSB 0
#define SEIGO_DMA_PITCH_WIDTH 24
/* words from pixel to pixel of a row of the dense result; 0: pixels lie one behind the other */
#define SEIGO_OUT_STEP_WORD 74
#define SEIGO_OUT_STEP_LSB 0
#define SEIGO_OUT_STEP_WIDTH 5
/* with OutStep, words from the last pixel of a row to the first of the next one */
#define SEIGO_OUT_SKIP_WORD 74
#define SEIGO_OUT_SKIP_LSB 5
#define SEIGO_OUT_SKIP_WIDTH 20
/* the dense result lies by parity: of 2 P pixels those of even address in a row of the banks, those of odd address in the next one, turned by P / 2 banks; without OutStep and Wide */
#define SEIGO_OUT_PARITY_WORD 74
#define SEIGO_OUT_PARITY_LSB 25
#define SEIGO_OUT_PARITY_WIDTH 1
/* wrapping sum of words 0 to 78, bitwise inverted */
#define SEIGO_CHECKSUM_WORD 79
#define SEIGO_CHECKSUM_LSB 0
#define SEIGO_CHECKSUM_WIDTH 32

/* word address of the first plane of the segment */
#define SEIGO_SEG_BASE_WORD 0
#define SEIGO_SEG_BASE_LSB 0
#define SEIGO_SEG_BASE_WIDTH 20
/* planes of the segment that a tile reads */
#define SEIGO_SEG_PLANES_WORD 0
#define SEIGO_SEG_PLANES_LSB 20
#define SEIGO_SEG_PLANES_WIDTH 12
/* words from plane to plane */
#define SEIGO_SEG_STRIDE_WORD 1
#define SEIGO_SEG_STRIDE_LSB 0
#define SEIGO_SEG_STRIDE_WIDTH 20
/* the source has half the height and width (nearest, times 2); 1 x 1 kernel, stride 1, no padding only */
#define SEIGO_SEG_UP_WORD 1
#define SEIGO_SEG_UP_LSB 20
#define SEIGO_SEG_UP_WIDTH 1
/* the source lies by parity; dense passes only, without SegUp */
#define SEIGO_SEG_PARITY_WORD 1
#define SEIGO_SEG_PARITY_LSB 21
#define SEIGO_SEG_PARITY_WIDTH 1

/* added to the sum, in accumulator steps */
#define SEIGO_LANE_BIAS_WORD 0
#define SEIGO_LANE_BIAS_LSB 0
#define SEIGO_LANE_BIAS_WIDTH 32
/* right shift of rule A6 step 1, or of A5 when the pass is direct, plus 8 */
#define SEIGO_LANE_ARGUMENT_WORD 1
#define SEIGO_LANE_ARGUMENT_LSB 0
#define SEIGO_LANE_ARGUMENT_WIDTH 6
/* right shift of rule A6 step 5 */
#define SEIGO_LANE_OUT_WORD 1
#define SEIGO_LANE_OUT_LSB 6
#define SEIGO_LANE_OUT_WIDTH 4
/* zero point of the output */
#define SEIGO_LANE_ZERO_WORD 1
#define SEIGO_LANE_ZERO_LSB 10
#define SEIGO_LANE_ZERO_WIDTH 8
/* zero point of the residual */
#define SEIGO_LANE_RES_ZERO_WORD 1
#define SEIGO_LANE_RES_ZERO_LSB 18
#define SEIGO_LANE_RES_ZERO_WIDTH 8
/* left shift F + e of the residual (A6), -15 to 11; negative is a rounding right shift */
#define SEIGO_LANE_RES_SHIFT_WORD 1
#define SEIGO_LANE_RES_SHIFT_LSB 26
#define SEIGO_LANE_RES_SHIFT_WIDTH 6

#define SEIGO_KIND_DENSE 0u /* a tile of the dense array, and plane filters behind it */
#define SEIGO_KIND_PLANE 1u /* the plane engine fed by fetch */
#define SEIGO_KIND_DMA 2u /* a transfer between DDR and shared memory */
#define SEIGO_KIND_PROCESSOR 3u /* a step of the processor */
#define SEIGO_KIND_END 4u /* end of the program */

#define SEIGO_RESIDUAL_NONE 0u /* no residual */
#define SEIGO_RESIDUAL_BEFORE 1u /* added before the activation */
#define SEIGO_RESIDUAL_AFTER 2u /* added after the activation */

#define SEIGO_BUFFER_STREAM 0u /* the program */
#define SEIGO_BUFFER_IMAGE 1u /* the image, or the input tensor */
#define SEIGO_BUFFER_OUTPUT 2u /* the outputs of the network */
#define SEIGO_BUFFER_SCRATCH 3u /* what the processor's steps read and write */

/* The descriptor of a pass. */
struct seigo_descriptor {
  uint32_t words[80];
};
SEIGO_ASSERT(sizeof(struct seigo_descriptor) == SEIGO_DESCRIPTOR_RING_WORDS * SEIGO_RING_WORD_BYTES,
             "a descriptor is 320 bytes");
SEIGO_ASSERT(SEIGO_CHECKSUM_WORD == 79, "the checksum is the last word");

#endif
