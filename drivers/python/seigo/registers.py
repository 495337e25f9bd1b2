"""Registers of the accelerator. Generated from src/compile/border by `make generate`.

Offsets, and masks of fields.
"""

WINDOW = 0x1000
VERSION_VALUE = 1

# starts a frame and says whether it has ended
CONTROL = 0x000
CONTROL_START = 0x1  # starts a frame; falls when it has ended
CONTROL_DONE = 0x2  # a frame has ended, with or without an error; cleared by the next one too
CONTROL_IDLE = 0x4  # no frame runs or is asked for
CONTROL_READY = 0x8  # as Done
CONTROL_INTERRUPT = 0x200  # the interrupt output

# lets interrupts out
GLOBAL_INTERRUPT = 0x004
GLOBAL_INTERRUPT_ENABLE = 0x1  # the interrupt output may rise

# which events are kept in InterruptStatus
INTERRUPT_ENABLE = 0x008
INTERRUPT_ENABLE_DONE = 0x1  # a frame has ended
INTERRUPT_ENABLE_READY = 0x2  # the same
INTERRUPT_ENABLE_PROCESSOR = 0x4  # the program waits for the processor
INTERRUPT_ENABLE_ERROR = 0x8  # an error ends the frame

# events since they were toggled away; any of them raises the interrupt
INTERRUPT_STATUS = 0x00c
INTERRUPT_STATUS_DONE = 0x1  # a frame has ended
INTERRUPT_STATUS_READY = 0x2  # the same
INTERRUPT_STATUS_PROCESSOR = 0x4  # the program waits for the processor
INTERRUPT_STATUS_ERROR = 0x8  # an error has ended the frame

# address of the program, a multiple of 4,096; taken at the start of a frame, as all addresses and the length
STREAM_BASE_LOW = 0x010
STREAM_BASE_LOW_ADDRESS = 0xffffffff  # bits 31 to 0

# address of the program
STREAM_BASE_HIGH = 0x014
STREAM_BASE_HIGH_ADDRESS = 0xffffffff  # bits 63 to 32, of which 39 to 32 count

# address of the image buffer, a multiple of 4,096
IMAGE_BASE_LOW = 0x018
IMAGE_BASE_LOW_ADDRESS = 0xffffffff  # bits 31 to 0

# address of the image buffer
IMAGE_BASE_HIGH = 0x01c
IMAGE_BASE_HIGH_ADDRESS = 0xffffffff  # bits 63 to 32, of which 39 to 32 count

# address of the output buffer, a multiple of 4,096
OUTPUT_BASE_LOW = 0x020
OUTPUT_BASE_LOW_ADDRESS = 0xffffffff  # bits 31 to 0

# address of the output buffer
OUTPUT_BASE_HIGH = 0x024
OUTPUT_BASE_HIGH_ADDRESS = 0xffffffff  # bits 63 to 32, of which 39 to 32 count

# address of the scratch buffer, a multiple of 4,096
SCRATCH_BASE_LOW = 0x028
SCRATCH_BASE_LOW_ADDRESS = 0xffffffff  # bits 31 to 0

# address of the scratch buffer
SCRATCH_BASE_HIGH = 0x02c
SCRATCH_BASE_HIGH_ADDRESS = 0xffffffff  # bits 63 to 32, of which 39 to 32 count

# length of the program
STREAM_WORDS = 0x030
STREAM_WORDS_COUNT = 0xffffffff  # ring words of 32 bytes, of which the low 24 bits count

# the processor's step is done
RESUME = 0x034
RESUME_GO = 0x1  # lets the program go on; ignored while it does not wait

# soft reset
RESET = 0x038
RESET_NOW = 0x1  # ends the frame without Done

# what the accelerator does
STATUS = 0x040
STATUS_RUNNING = 0x1  # a frame runs
STATUS_PROCESSOR = 0x2  # the program waits for the processor
STATUS_ERROR = 0x4  # the last frame ended by an error, and the bus is quiet: another one may start
STATUS_CLEARING = 0x8  # waits until the bus is quiet, before a frame and after an error or a reset
STATUS_ERROR_CODE = 0xff00  # which error; 0 without one

# where the program is
PASS = 0x044
PASS_RUNNING = 0xffff  # the pass that runs
PASS_ERROR = 0xffff0000  # the pass that ran when the error came

# who caused the error, and where
ERROR = 0x048
ERROR_CLIENT = 0xff  # client of the shared memory or of the bus, by the error's code
ERROR_BLOCK = 0xffff0000  # block of the shared memory

# what the counters count
COUNT = 0x04c
COUNT_PASS = 0xffff  # the pass, with Only
COUNT_ONLY = 0x10000  # one pass, else the whole frame

# of this register map and of the program's form
VERSION = 0x050
VERSION_NUMBER = 0xffffffff  # counts up with every change that a driver must know

# hash of the design's parameters; a bundle says which one its program needs
HASH_LOW = 0x054
HASH_LOW_BITS = 0xffffffff  # bits 31 to 0

# hash of the design's parameters; a bundle says which one its program needs
HASH_HIGH = 0x058
HASH_HIGH_BITS = 0xffffffff  # bits 63 to 32

# of the last frame, or of the counted pass in it; shown when the frame has ended, as all counters
CYCLES = 0x060
CYCLES_COUNT = 0xffffffff  # cycles

# cycles of them without weights
STALL_STREAM = 0x064
STALL_STREAM_COUNT = 0xffffffff  # cycles

# cycles of them that accumulators and output lanes hold up
STALL_LANES = 0x068
STALL_LANES_COUNT = 0xffffffff  # cycles

# cycles of them that wait for a residual
STALL_PORT = 0x06c
STALL_PORT_COUNT = 0xffffffff  # cycles

# cycles of them without the image
STALL_IMAGE = 0x070
STALL_IMAGE_COUNT = 0xffffffff  # cycles

# cycles of them that the plane engine holds up
STALL_PLANE = 0x074
STALL_PLANE_COUNT = 0xffffffff  # cycles

# cycles of them in which lanes want the same bank
STALL_BANK = 0x078
STALL_BANK_COUNT = 0xffffffff  # cycles

# Stall cycles by cause.
STALLS = {
    "weights": STALL_STREAM,
    "lanes": STALL_LANES,
    "port": STALL_PORT,
    "image": STALL_IMAGE,
    "plane engine": STALL_PLANE,
    "banks": STALL_BANK,
}

_CLIENTS = {0: "convolution write-back", 1: "plane engine write-back", 2: "residual reader", 3: "DMA", 4: "memory window", 5: "input fetch", 6: "owner table"}

_READERS = {0: "image", 1: "weight stream", 2: "DMA"}

# Errors by code: what it means, what to do, who the client is.
FAULTS = {
    1: (
        "the next descriptor has no magic number, or another version, kind or index than expected",
        "check that the program in memory is the one that was built with this design, and the stream's address and length",
        {},
    ),
    2: (
        "the checksum of the next descriptor is wrong",
        "the program in memory was damaged or cut off: load it again, and flush caches before the start",
        {},
    ),
    3: (
        "the owner table of the next pass breaks a rule, or names a block that the design does not have",
        "the program was built for another target, or damaged: build it again",
        _CLIENTS,
    ),
    4: (
        "access to a block of the shared memory that the running pass does not grant; it was not performed",
        "the program was damaged or belongs to another design: load it again; in the simulator it is a defect of Seigo",
        _CLIENTS,
    ),
    5: (
        "a read from memory was not answered with OKAY",
        "check the base addresses and that the accelerator may read there",
        _READERS,
    ),
    6: (
        "a write to memory was not answered with OKAY",
        "check the base addresses and that the accelerator may write there",
        {},
    ),
}
