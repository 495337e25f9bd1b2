"""Frames on an accelerator, whatever the way to it."""

import time
from collections import deque
from dataclasses import dataclass

import numpy as np

from . import registers as r
from .bundle import Bundle
from .errors import DeviceError, Fault, Mismatch, SeigoError, Timeout
from .transports import Uio

PAGE = 4096
SLOTS = 2  # one image comes in while another one is computed
QUIET = 2.0  # longest wait for a quiet bus


@dataclass(frozen=True)
class Counters:
    """What the counters say of a frame: cycles, and stall cycles among them by cause."""

    cycles: int
    stalls: dict


def _pages(count):
    return max(-(-count // PAGE), 1) * PAGE


class Overlay:
    """A bundle on an accelerator: `device` is Uio(), Pynq(...) or Simulated(...).

    `timeout` is the longest wait, in seconds, for the end of a frame or for the processor's turn in it.
    """

    def __init__(self, bundle, device=None, timeout=10.0):
        self.bundle = bundle if isinstance(bundle, Bundle) else Bundle(bundle)
        self.device = Uio() if device is None else device
        self.timeout = timeout
        self._identify()
        self._place()
        self.reset()
        self._put(0, np.frombuffer(self.bundle.program, np.uint8))

    def _identify(self):
        version = self.device.read(r.VERSION)
        if not version == self.bundle.register_map == r.VERSION_VALUE:
            message = (f"the registers have version {version}, the bundle wants {self.bundle.register_map}, this "
                       f"driver knows {r.VERSION_VALUE}")
            raise Mismatch(message, "load the bitstream of this bundle, and the driver of the same release")
        found = f"{self.device.read(r.HASH_HIGH):08x}{self.device.read(r.HASH_LOW):08x}"
        if found != self.bundle.design:
            message = f"the bitstream was made for design {found}, the bundle is of design {self.bundle.design}"
            raise Mismatch(message, "load the bitstream that was made of this bundle")

    def _place(self):
        """Program, scratch buffer, then image and output buffer of every slot."""
        end = _pages(len(self.bundle.program))

        def take(count):
            nonlocal end
            end += _pages(count)
            return end - _pages(count)

        sizes = self.bundle.buffers
        self._scratch = take(sizes["scratch"])
        self._slots = [(take(sizes["image"]), take(sizes["output"])) for _ in range(SLOTS)]
        if end > len(self.device.memory):
            message = f"{end} bytes of shared memory are needed, {len(self.device.memory)} are there"
            raise DeviceError(message, "make the shared memory larger")

    def _put(self, offset, data):
        self.device.memory[offset:offset + len(data)] = data
        self.device.to_device(offset, len(data))

    def _acknowledge(self):
        self.device.write(r.INTERRUPT_STATUS, self.device.read(r.INTERRUPT_STATUS))

    def reset(self):
        """Ends what runs and forgets submitted frames; the next one may be submitted."""
        self._waiting = deque()
        self._next = 0
        self._runs = False
        self.device.write(r.GLOBAL_INTERRUPT, 0)
        self.device.write(r.RESET, r.RESET_NOW)
        end = time.monotonic() + QUIET
        while self.device.read(r.STATUS) & r.STATUS_CLEARING:
            if time.monotonic() > end:
                raise Timeout("the accelerator's bus does not become quiet after a reset",
                              "the memory port does not answer: load the bitstream again")
        wanted = r.INTERRUPT_ENABLE_DONE | r.INTERRUPT_ENABLE_PROCESSOR | r.INTERRUPT_ENABLE_ERROR
        self.device.write(r.INTERRUPT_ENABLE, wanted)
        self._acknowledge()
        self.device.write(r.GLOBAL_INTERRUPT, r.GLOBAL_INTERRUPT_ENABLE)
        self.device.read(r.CONTROL)  # clears Done of the frame before

    def allocate(self):
        """An image buffer, as numpy.uint8."""
        return np.zeros(self.bundle.buffers["image"], np.uint8)

    def pack(self, image, *numbers):
        """Puts the integers of every input into an image buffer."""
        for tensor, own in zip(self.bundle.inputs, numbers, strict=True):
            tensor.pack(own, image)

    def run(self, image, processor=None):
        """One frame: its outputs as integers (channel, row, column), and the counters.

        `processor(step, reads)` computes the layers of the processor within the frame: a list of `step.writes`.
        """
        self.submit(image)
        return self.collect(processor)

    def submit(self, image):
        """Puts an image into memory, and starts its frame where none runs. Two frames may wait."""
        if len(image) != self.bundle.buffers["image"]:
            message = f"an image buffer of {len(image)} bytes is given, it has {self.bundle.buffers['image']}"
            raise SeigoError(message, "fill one that allocate() gave")
        if len(self._waiting) == SLOTS:
            raise SeigoError("two frames are submitted and not collected", "collect one first")
        self._put(self._slots[self._next][0], image)
        self._waiting.append(self._next)
        self._next = (self._next + 1) % SLOTS
        self._start()

    def collect(self, processor=None):
        """Waits for the oldest frame, starts the next one, and gives the outputs and counters of the former.

        After an error all submitted frames are forgotten; the next one may be submitted.
        """
        if not self._waiting:
            raise SeigoError("no frame was submitted", "submit one first")
        try:
            self._finish(processor)
        except BaseException:
            try:
                self.reset()
            except SeigoError:
                pass  # what went wrong first is told
            raise
        stalls = {name: self.device.read(offset) for name, offset in r.STALLS.items()}
        counters = Counters(self.device.read(r.CYCLES), stalls)
        at = self._slots[self._waiting.popleft()][1]
        self._runs = False
        self._start()
        # The next frame runs while the outputs of this one are read.
        size = self.bundle.buffers["output"]
        self.device.to_processor(at, size)
        buffer = self.device.memory[at:at + size]
        return [tensor.unpack(buffer) for tensor in self.bundle.outputs], counters

    def _start(self):
        if not self._waiting or self._runs:
            return
        image, output = self._slots[self._waiting[0]]
        for low, offset in ((r.STREAM_BASE_LOW, 0), (r.IMAGE_BASE_LOW, image), (r.OUTPUT_BASE_LOW, output),
                            (r.SCRATCH_BASE_LOW, self._scratch)):
            address = self.device.address + offset
            self.device.write(low, address & 0xFFFFFFFF)
            self.device.write(low + 4, address >> 32)
        self.device.write(r.STREAM_WORDS, len(self.bundle.program) // 32)
        self._runs = True
        self.device.write(r.CONTROL, r.CONTROL_START)

    def _finish(self, processor):
        while True:
            came = self.device.wait(self.timeout)
            self._acknowledge()
            control, status = self.device.read(r.CONTROL), self.device.read(r.STATUS)
            if status & r.STATUS_ERROR:
                raise self._fault(status)
            done, turn = control & r.CONTROL_DONE, status & r.STATUS_PROCESSOR
            if not came and (done or turn):
                raise Timeout(f"no interrupt came within {self.timeout} s, though the frame went on",
                              "check the number of the interrupt in the device tree")
            if not came:
                raise Timeout(f"the frame has not ended after {self.timeout} s",
                              "check the clock of the programmable logic; the next frame may be tried")
            if done:
                return
            if turn:
                self._step(processor)
                self.device.write(r.RESUME, r.RESUME_GO)

    def _step(self, processor):
        index = self.device.read(r.PASS) & 0xFFFF
        step = next((own for own in self.bundle.steps if own.pass_index == index), None)
        if step is None:
            raise Mismatch(f"the accelerator waits in pass {index}, where the bundle has no step",
                           "load the bundle as it was built")
        if processor is None:
            raise SeigoError("the bundle has layers of the processor within the frame", "give a processor")
        size = self.bundle.buffers["scratch"]
        self.device.to_processor(self._scratch, size)
        scratch = self.device.memory[self._scratch:self._scratch + size]
        made = processor(step, [tensor.unpack(scratch) for tensor in step.reads])
        for tensor, numbers in zip(step.writes, made, strict=True):
            tensor.pack(numbers, scratch)
            self.device.to_device(self._scratch + tensor.offset, tensor.bytes)

    def _fault(self, status):
        code = status >> 8 & 0xFF
        error, index = self.device.read(r.ERROR), self.device.read(r.PASS) >> 16
        meaning, advice, clients = r.FAULTS.get(code, ("an error that this driver does not know",
                                                       "load bitstream and bundle again", {}))
        text = f"{meaning} (code {code}"
        if error & 0xFF in clients:
            text += f", client {clients[error & 0xFF]}"
        name = f' "{self.bundle.passes[index]}"' if index < len(self.bundle.passes) else ""
        return Fault(code, f"{text}, pass {index}{name})", advice)

    def check(self):
        """Runs the bundle's check vectors; the first difference in words, None where all is equal."""
        for number, vector in enumerate(self.bundle.vectors()):
            wrong = []
            steps = iter(vector.steps)

            def processor(step, reads):
                expected, writes = next(steps)
                wrong.extend(own.name for own, a, b in zip(step.reads, expected, reads) if not np.array_equal(a, b))
                return writes

            outputs, _ = self.run(vector.image, processor)
            wrong.extend(own.name for own, a, b in zip(self.bundle.outputs, vector.outputs, outputs, strict=True)
                         if not np.array_equal(a, b))
            if wrong:
                return f'frame {number}: "{wrong[0]}" differs'
        return None
