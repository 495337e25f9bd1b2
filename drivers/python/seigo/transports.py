"""What stands between a driver and an accelerator: registers, interrupt, memory."""

import fcntl
import mmap
import os
import select
import socket
import struct
import time
from pathlib import Path

import numpy as np

from . import registers as r
from .errors import DeviceError

LOAD = "load bitstream and device tree first; docs/boards.md says how"
LINE = 64


class Simulated:
    """A simulated accelerator in another process, which `seigo device` made at this socket."""

    PATIENCE = 60.0

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.connect(str(path))
            outcome, version, self.address = self._exchange(0, 0, 0)
            if outcome == 1:
                raise DeviceError(f"another driver holds {path}", "end it first")
            if version != 1:
                raise DeviceError(f"{path} speaks another version", "build both anew")
            size = self._ask(1)[1]
            self.file = open(f"{path}.memory", "r+b")
            self.memory = np.frombuffer(mmap.mmap(self.file.fileno(), size), np.uint8)
        except OSError as error:
            advice = "start it with `seigo device BUNDLE --socket PATH`"
            raise DeviceError(f"cannot open the simulated device {path}: {error}", advice) from None

    def _exchange(self, operation, offset, value, patience=0.0):
        self.socket.settimeout(self.PATIENCE + patience)
        try:
            self.socket.sendall(struct.pack("<IIQ", operation, offset, value))
            reply = b""
            while len(reply) < 16:
                part = self.socket.recv(16 - len(reply))
                if not part:
                    raise ConnectionError("it has ended")
                reply += part
        except OSError as error:
            raise DeviceError(f"the simulated device {self.path} is lost: {error}", "start it again") from None
        return struct.unpack("<IIQ", reply)

    def _ask(self, operation, offset=0, value=0, patience=0.0):
        outcome, number, extra = self._exchange(operation, offset, value, patience)
        if outcome != 0:
            raise DeviceError("the simulated device refused a message", "build driver and simulation anew")
        return number, extra

    def read(self, offset):
        return self._ask(2, offset)[0]

    def write(self, offset, value):
        self._ask(3, offset, value)

    def wait(self, seconds):
        return self._ask(4, 0, int(seconds * 1000), seconds)[0] != 0

    def to_device(self, offset, count):
        """The memory is one file, which both see at once."""

    to_processor = to_device

    def close(self):
        self.socket.close()


class Uio:
    """An accelerator on this board: UIO and u-dma-buf. `root` is the folder with dev and sys."""

    def __init__(self, uio="seigo", memory="seigo", root="/"):
        root = Path(root)
        try:
            names = {path.parent.name: path.read_text().strip() for path in root.glob("sys/class/uio/*/name")}
            device = next((own for own, name in names.items() if name == uio), None)
            if device is None:
                raise DeviceError(f'no device in {root / "sys/class/uio"} has the name "{uio}"', LOAD)
            self.file = open(root / "dev" / device, "r+b", buffering=0)
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DeviceError(f"another driver holds {root / 'dev' / device}", "end it first") from None
            # numpy reads and writes an aligned word in one access.
            self.words = np.frombuffer(mmap.mmap(self.file.fileno(), r.WINDOW), np.uint32)
            folder = root / "sys/class/u-dma-buf" / memory
            self.address = int((folder / "phys_addr").read_text(), 0)
            size = int((folder / "size").read_text(), 0)
            self.buffer = open(root / "dev" / memory, "r+b", buffering=0)
            self.memory = np.frombuffer(mmap.mmap(self.buffer.fileno(), size), np.uint8)
            self.sync = []
            if int((folder / "dma_coherent").read_text(), 0) == 0:
                self.sync = [open(folder / name, "wb", buffering=0) for name in ("sync_for_device", "sync_for_cpu")]
        except (OSError, ValueError) as error:
            raise DeviceError(f"cannot open the accelerator: {error}", LOAD) from None

    def read(self, offset):
        return int(self.words[offset // 4])

    def write(self, offset, value):
        self.words[offset // 4] = value

    def wait(self, seconds):
        # The kernel masks the line when it comes; 1 lets it through again.
        self.file.write(struct.pack("=I", 1))
        if not select.select([self.file], [], [], seconds)[0]:
            return False
        self.file.read(4)
        return True

    def _hand_over(self, to, offset, count):
        if not self.sync:
            return
        start = offset // LINE * LINE
        size = -(-(offset + count - start) // LINE) * LINE
        # Direction 1 is to the device, 2 from it; bit 0 asks for it.
        order = start << 32 | size | (to + 1) << 2 | 1
        os.pwrite(self.sync[to].fileno(), b"0x%016x" % order, 0)

    def to_device(self, offset, count):
        self._hand_over(0, offset, count)

    def to_processor(self, offset, count):
        self._hand_over(1, offset, count)

    def close(self):
        self.file.close()


class Pynq:
    """An accelerator in an overlay that PYNQ has loaded, with `count` bytes of its memory.

    PYNQ's interrupts go through an interrupt controller that our design does not need, so this polls.
    """

    def __init__(self, overlay, name="seigo", count=64 << 20):
        from pynq import MMIO, allocate  # there on PYNQ's images only

        own = overlay.ip_dict[name]
        self.window = MMIO(own["phys_addr"], own["addr_range"])
        self.buffer = allocate((count,), dtype=np.uint8)
        self.address = self.buffer.device_address
        self.memory = self.buffer

    def read(self, offset):
        return self.window.read(offset)

    def write(self, offset, value):
        self.window.write(offset, value)

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while self.read(r.INTERRUPT_STATUS) == 0:
            if time.monotonic() > end:
                return False
            time.sleep(0.0001)
        return True

    def to_device(self, offset, count):
        self.buffer[offset:offset + count].flush()

    def to_processor(self, offset, count):
        self.buffer[offset:offset + count].invalidate()

    def close(self):
        self.buffer.freebuffer()
