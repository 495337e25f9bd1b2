/* Registers of the accelerator. Generated from src/compile/border by `make generate`. For C11 and C++11. */
#ifndef SEIGO_REGISTERS_H
#define SEIGO_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

#ifndef SEIGO_ASSERT
#ifdef __cplusplus
#define SEIGO_ASSERT(condition, message) static_assert(condition, message)
#else
#define SEIGO_ASSERT(condition, message) _Static_assert(condition, message)
#endif
#endif

#define SEIGO_REGISTER_WINDOW 0x1000u
/* What the register Version reads. */
#define SEIGO_REGISTER_VERSION 1u

/* starts a frame and says whether it has ended; after a reset 0x4 */
#define SEIGO_REG_CONTROL 0x000u
/* starts a frame; falls when it has ended; writing 1 sets, the hardware clears */
#define SEIGO_REG_CONTROL_START_LSB 0
#define SEIGO_REG_CONTROL_START_MASK 0x1u
/* a frame has ended, with or without an error; cleared by the next one too; read, which clears */
#define SEIGO_REG_CONTROL_DONE_LSB 1
#define SEIGO_REG_CONTROL_DONE_MASK 0x2u
/* no frame runs or is asked for; read */
#define SEIGO_REG_CONTROL_IDLE_LSB 2
#define SEIGO_REG_CONTROL_IDLE_MASK 0x4u
/* as Done; read, which clears */
#define SEIGO_REG_CONTROL_READY_LSB 3
#define SEIGO_REG_CONTROL_READY_MASK 0x8u
/* the interrupt output; read */
#define SEIGO_REG_CONTROL_INTERRUPT_LSB 9
#define SEIGO_REG_CONTROL_INTERRUPT_MASK 0x200u

/* lets interrupts out; after a reset 0x0 */
#define SEIGO_REG_GLOBAL_INTERRUPT 0x004u
/* the interrupt output may rise; read, write */
#define SEIGO_REG_GLOBAL_INTERRUPT_ENABLE_LSB 0
#define SEIGO_REG_GLOBAL_INTERRUPT_ENABLE_MASK 0x1u

/* which events are kept in InterruptStatus; after a reset 0x0 */
#define SEIGO_REG_INTERRUPT_ENABLE 0x008u
/* a frame has ended; read, write */
#define SEIGO_REG_INTERRUPT_ENABLE_DONE_LSB 0
#define SEIGO_REG_INTERRUPT_ENABLE_DONE_MASK 0x1u
/* the same; read, write */
#define SEIGO_REG_INTERRUPT_ENABLE_READY_LSB 1
#define SEIGO_REG_INTERRUPT_ENABLE_READY_MASK 0x2u
/* the program waits for the processor; read, write */
#define SEIGO_REG_INTERRUPT_ENABLE_PROCESSOR_LSB 2
#define SEIGO_REG_INTERRUPT_ENABLE_PROCESSOR_MASK 0x4u
/* an error ends the frame; read, write */
#define SEIGO_REG_INTERRUPT_ENABLE_ERROR_LSB 3
#define SEIGO_REG_INTERRUPT_ENABLE_ERROR_MASK 0x8u

/* events since they were toggled away; any of them raises the interrupt; after a reset 0x0 */
#define SEIGO_REG_INTERRUPT_STATUS 0x00cu
/* a frame has ended; read, writing 1 toggles */
#define SEIGO_REG_INTERRUPT_STATUS_DONE_LSB 0
#define SEIGO_REG_INTERRUPT_STATUS_DONE_MASK 0x1u
/* the same; read, writing 1 toggles */
#define SEIGO_REG_INTERRUPT_STATUS_READY_LSB 1
#define SEIGO_REG_INTERRUPT_STATUS_READY_MASK 0x2u
/* the program waits for the processor; read, writing 1 toggles */
#define SEIGO_REG_INTERRUPT_STATUS_PROCESSOR_LSB 2
#define SEIGO_REG_INTERRUPT_STATUS_PROCESSOR_MASK 0x4u
/* an error has ended the frame; read, writing 1 toggles */
#define SEIGO_REG_INTERRUPT_STATUS_ERROR_LSB 3
#define SEIGO_REG_INTERRUPT_STATUS_ERROR_MASK 0x8u

/* address of the program, a multiple of 4,096; taken at the start of a frame, as all addresses and the length; after a reset 0x0 */
#define SEIGO_REG_STREAM_BASE_LOW 0x010u
/* bits 31 to 0; read, write */
#define SEIGO_REG_STREAM_BASE_LOW_ADDRESS_LSB 0
#define SEIGO_REG_STREAM_BASE_LOW_ADDRESS_MASK 0xffffffffu

/* address of the program; after a reset 0x0 */
#define SEIGO_REG_STREAM_BASE_HIGH 0x014u
/* bits 63 to 32, of which 39 to 32 count; read, write */
#define SEIGO_REG_STREAM_BASE_HIGH_ADDRESS_LSB 0
#define SEIGO_REG_STREAM_BASE_HIGH_ADDRESS_MASK 0xffffffffu

/* address of the image buffer, a multiple of 4,096; after a reset 0x0 */
#define SEIGO_REG_IMAGE_BASE_LOW 0x018u
/* bits 31 to 0; read, write */
#define SEIGO_REG_IMAGE_BASE_LOW_ADDRESS_LSB 0
#define SEIGO_REG_IMAGE_BASE_LOW_ADDRESS_MASK 0xffffffffu

/* address of the image buffer; after a reset 0x0 */
#define SEIGO_REG_IMAGE_BASE_HIGH 0x01cu
/* bits 63 to 32, of which 39 to 32 count; read, write */
#define SEIGO_REG_IMAGE_BASE_HIGH_ADDRESS_LSB 0
#define SEIGO_REG_IMAGE_BASE_HIGH_ADDRESS_MASK 0xffffffffu

/* address of the output buffer, a multiple of 4,096; after a reset 0x0 */
#define SEIGO_REG_OUTPUT_BASE_LOW 0x020u
/* bits 31 to 0; read, write */
#define SEIGO_REG_OUTPUT_BASE_LOW_ADDRESS_LSB 0
#define SEIGO_REG_OUTPUT_BASE_LOW_ADDRESS_MASK 0xffffffffu

/* address of the output buffer; after a reset 0x0 */
#define SEIGO_REG_OUTPUT_BASE_HIGH 0x024u
/* bits 63 to 32, of which 39 to 32 count; read, write */
#define SEIGO_REG_OUTPUT_BASE_HIGH_ADDRESS_LSB 0
#define SEIGO_REG_OUTPUT_BASE_HIGH_ADDRESS_MASK 0xffffffffu

/* address of the scratch buffer, a multiple of 4,096; after a reset 0x0 */
#define SEIGO_REG_SCRATCH_BASE_LOW 0x028u
/* bits 31 to 0; read, write */
#define SEIGO_REG_SCRATCH_BASE_LOW_ADDRESS_LSB 0
#define SEIGO_REG_SCRATCH_BASE_LOW_ADDRESS_MASK 0xffffffffu

/* address of the scratch buffer; after a reset 0x0 */
#define SEIGO_REG_SCRATCH_BASE_HIGH 0x02cu
/* bits 63 to 32, of which 39 to 32 count; read, write */
#define SEIGO_REG_SCRATCH_BASE_HIGH_ADDRESS_LSB 0
#define SEIGO_REG_SCRATCH_BASE_HIGH_ADDRESS_MASK 0xffffffffu

/* length of the program; after a reset 0x0 */
#define SEIGO_REG_STREAM_WORDS 0x030u
/* ring words of 32 bytes, of which the low 24 bits count; read, write */
#define SEIGO_REG_STREAM_WORDS_COUNT_LSB 0
#define SEIGO_REG_STREAM_WORDS_COUNT_MASK 0xffffffffu

/* the processor's step is done; after a reset 0x0 */
#define SEIGO_REG_RESUME 0x034u
/* lets the program go on; ignored while it does not wait; writing 1 acts, reads 0 */
#define SEIGO_REG_RESUME_GO_LSB 0
#define SEIGO_REG_RESUME_GO_MASK 0x1u

/* soft reset; after a reset 0x0 */
#define SEIGO_REG_RESET 0x038u
/* ends the frame without Done; writing 1 acts, reads 0 */
#define SEIGO_REG_RESET_NOW_LSB 0
#define SEIGO_REG_RESET_NOW_MASK 0x1u

/* what the accelerator does; after a reset 0x0 */
#define SEIGO_REG_STATUS 0x040u
/* a frame runs; read */
#define SEIGO_REG_STATUS_RUNNING_LSB 0
#define SEIGO_REG_STATUS_RUNNING_MASK 0x1u
/* the program waits for the processor; read */
#define SEIGO_REG_STATUS_PROCESSOR_LSB 1
#define SEIGO_REG_STATUS_PROCESSOR_MASK 0x2u
/* the last frame ended by an error, and the bus is quiet: another one may start; read */
#define SEIGO_REG_STATUS_ERROR_LSB 2
#define SEIGO_REG_STATUS_ERROR_MASK 0x4u
/* waits until the bus is quiet, before a frame and after an error or a reset; read */
#define SEIGO_REG_STATUS_CLEARING_LSB 3
#define SEIGO_REG_STATUS_CLEARING_MASK 0x8u
/* which error; 0 without one; read */
#define SEIGO_REG_STATUS_ERROR_CODE_LSB 8
#define SEIGO_REG_STATUS_ERROR_CODE_MASK 0xff00u

/* where the program is; after a reset 0x0 */
#define SEIGO_REG_PASS 0x044u
/* the pass that runs; read */
#define SEIGO_REG_PASS_RUNNING_LSB 0
#define SEIGO_REG_PASS_RUNNING_MASK 0xffffu
/* the pass that ran when the error came; read */
#define SEIGO_REG_PASS_ERROR_LSB 16
#define SEIGO_REG_PASS_ERROR_MASK 0xffff0000u

/* who caused the error, and where; after a reset 0x0 */
#define SEIGO_REG_ERROR 0x048u
/* client of the shared memory or of the bus, by the error's code; read */
#define SEIGO_REG_ERROR_CLIENT_LSB 0
#define SEIGO_REG_ERROR_CLIENT_MASK 0xffu
/* block of the shared memory; read */
#define SEIGO_REG_ERROR_BLOCK_LSB 16
#define SEIGO_REG_ERROR_BLOCK_MASK 0xffff0000u

/* what the counters count; after a reset 0x0 */
#define SEIGO_REG_COUNT 0x04cu
/* the pass, with Only; read, write */
#define SEIGO_REG_COUNT_PASS_LSB 0
#define SEIGO_REG_COUNT_PASS_MASK 0xffffu
/* one pass, else the whole frame; read, write */
#define SEIGO_REG_COUNT_ONLY_LSB 16
#define SEIGO_REG_COUNT_ONLY_MASK 0x10000u

/* of this register map and of the program's form; after a reset 0x1 */
#define SEIGO_REG_VERSION 0x050u
/* counts up with every change that a driver must know; read */
#define SEIGO_REG_VERSION_NUMBER_LSB 0
#define SEIGO_REG_VERSION_NUMBER_MASK 0xffffffffu

/* hash of the design's parameters; a bundle says which one its program needs */
#define SEIGO_REG_HASH_LOW 0x054u
/* bits 31 to 0; read */
#define SEIGO_REG_HASH_LOW_BITS_LSB 0
#define SEIGO_REG_HASH_LOW_BITS_MASK 0xffffffffu

/* hash of the design's parameters; a bundle says which one its program needs */
#define SEIGO_REG_HASH_HIGH 0x058u
/* bits 63 to 32; read */
#define SEIGO_REG_HASH_HIGH_BITS_LSB 0
#define SEIGO_REG_HASH_HIGH_BITS_MASK 0xffffffffu

/* of the last frame, or of the counted pass in it; shown when the frame has ended, as all counters; after a reset 0x0 */
#define SEIGO_REG_CYCLES 0x060u
/* cycles; read */
#define SEIGO_REG_CYCLES_COUNT_LSB 0
#define SEIGO_REG_CYCLES_COUNT_MASK 0xffffffffu

/* cycles of them without weights; after a reset 0x0 */
#define SEIGO_REG_STALL_STREAM 0x064u
/* cycles; read */
#define SEIGO_REG_STALL_STREAM_COUNT_LSB 0
#define SEIGO_REG_STALL_STREAM_COUNT_MASK 0xffffffffu

/* cycles of them that accumulators and output lanes hold up; after a reset 0x0 */
#define SEIGO_REG_STALL_LANES 0x068u
/* cycles; read */
#define SEIGO_REG_STALL_LANES_COUNT_LSB 0
#define SEIGO_REG_STALL_LANES_COUNT_MASK 0xffffffffu

/* cycles of them that wait for a residual; after a reset 0x0 */
#define SEIGO_REG_STALL_PORT 0x06cu
/* cycles; read */
#define SEIGO_REG_STALL_PORT_COUNT_LSB 0
#define SEIGO_REG_STALL_PORT_COUNT_MASK 0xffffffffu

/* cycles of them without the image; after a reset 0x0 */
#define SEIGO_REG_STALL_IMAGE 0x070u
/* cycles; read */
#define SEIGO_REG_STALL_IMAGE_COUNT_LSB 0
#define SEIGO_REG_STALL_IMAGE_COUNT_MASK 0xffffffffu

/* cycles of them that the plane engine holds up; after a reset 0x0 */
#define SEIGO_REG_STALL_PLANE 0x074u
/* cycles; read */
#define SEIGO_REG_STALL_PLANE_COUNT_LSB 0
#define SEIGO_REG_STALL_PLANE_COUNT_MASK 0xffffffffu

/* cycles of them in which lanes want the same bank; after a reset 0x0 */
#define SEIGO_REG_STALL_BANK 0x078u
/* cycles; read */
#define SEIGO_REG_STALL_BANK_COUNT_LSB 0
#define SEIGO_REG_STALL_BANK_COUNT_MASK 0xffffffffu

/* The registers as they lie in the window; access them through a pointer to volatile. */
struct seigo_registers {
  uint32_t control;
  uint32_t global_interrupt;
  uint32_t interrupt_enable;
  uint32_t interrupt_status;
  uint32_t stream_base_low;
  uint32_t stream_base_high;
  uint32_t image_base_low;
  uint32_t image_base_high;
  uint32_t output_base_low;
  uint32_t output_base_high;
  uint32_t scratch_base_low;
  uint32_t scratch_base_high;
  uint32_t stream_words;
  uint32_t resume;
  uint32_t reset;
  uint32_t reserved0[1];
  uint32_t status;
  uint32_t pass;
  uint32_t error;
  uint32_t count;
  uint32_t version;
  uint32_t hash_low;
  uint32_t hash_high;
  uint32_t reserved1[1];
  uint32_t cycles;
  uint32_t stall_stream;
  uint32_t stall_lanes;
  uint32_t stall_port;
  uint32_t stall_image;
  uint32_t stall_plane;
  uint32_t stall_bank;
};
SEIGO_ASSERT(offsetof(struct seigo_registers, control) == SEIGO_REG_CONTROL, "control");
SEIGO_ASSERT(offsetof(struct seigo_registers, global_interrupt) == SEIGO_REG_GLOBAL_INTERRUPT, "global_interrupt");
SEIGO_ASSERT(offsetof(struct seigo_registers, interrupt_enable) == SEIGO_REG_INTERRUPT_ENABLE, "interrupt_enable");
SEIGO_ASSERT(offsetof(struct seigo_registers, interrupt_status) == SEIGO_REG_INTERRUPT_STATUS, "interrupt_status");
SEIGO_ASSERT(offsetof(struct seigo_registers, stream_base_low) == SEIGO_REG_STREAM_BASE_LOW, "stream_base_low");
SEIGO_ASSERT(offsetof(struct seigo_registers, stream_base_high) == SEIGO_REG_STREAM_BASE_HIGH, "stream_base_high");
SEIGO_ASSERT(offsetof(struct seigo_registers, image_base_low) == SEIGO_REG_IMAGE_BASE_LOW, "image_base_low");
SEIGO_ASSERT(offsetof(struct seigo_registers, image_base_high) == SEIGO_REG_IMAGE_BASE_HIGH, "image_base_high");
SEIGO_ASSERT(offsetof(struct seigo_registers, output_base_low) == SEIGO_REG_OUTPUT_BASE_LOW, "output_base_low");
SEIGO_ASSERT(offsetof(struct seigo_registers, output_base_high) == SEIGO_REG_OUTPUT_BASE_HIGH, "output_base_high");
SEIGO_ASSERT(offsetof(struct seigo_registers, scratch_base_low) == SEIGO_REG_SCRATCH_BASE_LOW, "scratch_base_low");
SEIGO_ASSERT(offsetof(struct seigo_registers, scratch_base_high) == SEIGO_REG_SCRATCH_BASE_HIGH, "scratch_base_high");
SEIGO_ASSERT(offsetof(struct seigo_registers, stream_words) == SEIGO_REG_STREAM_WORDS, "stream_words");
SEIGO_ASSERT(offsetof(struct seigo_registers, resume) == SEIGO_REG_RESUME, "resume");
SEIGO_ASSERT(offsetof(struct seigo_registers, reset) == SEIGO_REG_RESET, "reset");
SEIGO_ASSERT(offsetof(struct seigo_registers, status) == SEIGO_REG_STATUS, "status");
SEIGO_ASSERT(offsetof(struct seigo_registers, pass) == SEIGO_REG_PASS, "pass");
SEIGO_ASSERT(offsetof(struct seigo_registers, error) == SEIGO_REG_ERROR, "error");
SEIGO_ASSERT(offsetof(struct seigo_registers, count) == SEIGO_REG_COUNT, "count");
SEIGO_ASSERT(offsetof(struct seigo_registers, version) == SEIGO_REG_VERSION, "version");
SEIGO_ASSERT(offsetof(struct seigo_registers, hash_low) == SEIGO_REG_HASH_LOW, "hash_low");
SEIGO_ASSERT(offsetof(struct seigo_registers, hash_high) == SEIGO_REG_HASH_HIGH, "hash_high");
SEIGO_ASSERT(offsetof(struct seigo_registers, cycles) == SEIGO_REG_CYCLES, "cycles");
SEIGO_ASSERT(offsetof(struct seigo_registers, stall_stream) == SEIGO_REG_STALL_STREAM, "stall_stream");
SEIGO_ASSERT(offsetof(struct seigo_registers, stall_lanes) == SEIGO_REG_STALL_LANES, "stall_lanes");
SEIGO_ASSERT(offsetof(struct seigo_registers, stall_port) == SEIGO_REG_STALL_PORT, "stall_port");
SEIGO_ASSERT(offsetof(struct seigo_registers, stall_image) == SEIGO_REG_STALL_IMAGE, "stall_image");
SEIGO_ASSERT(offsetof(struct seigo_registers, stall_plane) == SEIGO_REG_STALL_PLANE, "stall_plane");
SEIGO_ASSERT(offsetof(struct seigo_registers, stall_bank) == SEIGO_REG_STALL_BANK, "stall_bank");
SEIGO_ASSERT(sizeof(struct seigo_registers) == 0x7cu, "size of the registers");

/* Field ErrorCode of the register Status. */
#define SEIGO_ERROR_DESCRIPTOR 1u
#define SEIGO_ERROR_CHECKSUM 2u
#define SEIGO_ERROR_OWNER 3u
#define SEIGO_ERROR_ACCESS 4u
#define SEIGO_ERROR_READ 5u
#define SEIGO_ERROR_WRITE 6u

/* Field Client of the register Error: of the shared memory, or a reader of the bus. */
#define SEIGO_CLIENT_CONVOLUTION 0u /* convolution write-back */
#define SEIGO_CLIENT_PLANE 1u /* plane engine write-back */
#define SEIGO_CLIENT_RESIDUAL 2u /* residual reader */
#define SEIGO_CLIENT_DMA 3u /* DMA */
#define SEIGO_CLIENT_WINDOW 4u /* memory window */
#define SEIGO_CLIENT_FETCH 5u /* input fetch */
#define SEIGO_CLIENT_TABLE 6u /* owner table */

#define SEIGO_READER_IMAGE 0u /* image */
#define SEIGO_READER_STREAM 1u /* weight stream */
#define SEIGO_READER_DMA 2u /* DMA */

/* Causes of stalls, counted in registers from SEIGO_REG_STALL_STREAM on. */
#define SEIGO_STALLS 6u

/* The name of a cause, by its place; a null pointer for a number that is none. */
static inline const char *seigo_stall_name(uint32_t cause) {
  switch (cause) {
    case 0u:
      return "weights";
    case 1u:
      return "lanes";
    case 2u:
      return "port";
    case 3u:
      return "image";
    case 4u:
      return "plane engine";
    case 5u:
      return "banks";
    default:
      return NULL;
  }
}

/* What an error code means; a null pointer for a code that is none. */
static inline const char *seigo_error_meaning(uint32_t code) {
  switch (code) {
    case SEIGO_ERROR_DESCRIPTOR:
      return "the next descriptor has no magic number, or another version, kind or index than expected";
    case SEIGO_ERROR_CHECKSUM:
      return "the checksum of the next descriptor is wrong";
    case SEIGO_ERROR_OWNER:
      return "the owner table of the next pass breaks a rule, or names a block that the design does not have";
    case SEIGO_ERROR_ACCESS:
      return "access to a block of the shared memory that the running pass does not grant; it was not performed";
    case SEIGO_ERROR_READ:
      return "a read from memory was not answered with OKAY";
    case SEIGO_ERROR_WRITE:
      return "a write to memory was not answered with OKAY";
    default:
      return NULL;
  }
}

/* What to do about an error; a null pointer for a code that is none. */
static inline const char *seigo_error_advice(uint32_t code) {
  switch (code) {
    case SEIGO_ERROR_DESCRIPTOR:
      return "check that the program in memory is the one that was built with this design, and the stream's address and length";
    case SEIGO_ERROR_CHECKSUM:
      return "the program in memory was damaged or cut off: load it again, and flush caches before the start";
    case SEIGO_ERROR_OWNER:
      return "the program was built for another target, or damaged: build it again";
    case SEIGO_ERROR_ACCESS:
      return "the program was damaged or belongs to another design: load it again; in the simulator it is a defect of Seigo";
    case SEIGO_ERROR_READ:
      return "check the base addresses and that the accelerator may read there";
    case SEIGO_ERROR_WRITE:
      return "check the base addresses and that the accelerator may write there";
    default:
      return NULL;
  }
}

/* Who caused an error, by its code and the field Client; a null pointer where nobody did. */
static inline const char *seigo_error_client(uint32_t code, uint32_t client) {
  switch (code) {
    case SEIGO_ERROR_OWNER:
    case SEIGO_ERROR_ACCESS:
      switch (client) {
        case SEIGO_CLIENT_CONVOLUTION:
          return "convolution write-back";
        case SEIGO_CLIENT_PLANE:
          return "plane engine write-back";
        case SEIGO_CLIENT_RESIDUAL:
          return "residual reader";
        case SEIGO_CLIENT_DMA:
          return "DMA";
        case SEIGO_CLIENT_WINDOW:
          return "memory window";
        case SEIGO_CLIENT_FETCH:
          return "input fetch";
        case SEIGO_CLIENT_TABLE:
          return "owner table";
        default:
          return NULL;
      }
    case SEIGO_ERROR_READ:
      switch (client) {
        case SEIGO_READER_IMAGE:
          return "image";
        case SEIGO_READER_STREAM:
          return "weight stream";
        case SEIGO_READER_DMA:
          return "DMA";
        default:
          return NULL;
      }
    default:
      return NULL;
  }
}

#endif
