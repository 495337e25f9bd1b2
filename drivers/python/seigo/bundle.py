"""What a bundle says to a driver: device.json, the program, the check vectors."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import BundleError, DeviceError, Mismatch, SeigoError

AGAIN = "build the bundle again with `seigo build`"
SLOTS = 16
FIELDS = ("name", "order", "channels", "height", "width", "bits", "offset", "bytes", "pitch", "slots", "exponents",
          "zeros")


@dataclass(frozen=True)
class Tensor:
    """A tensor in a buffer; docs/driver.md describes both orders of its bytes."""

    name: str
    order: str
    channels: int
    height: int
    width: int
    bits: int
    offset: int
    bytes: int
    pitch: int
    slots: list
    exponents: list
    zeros: list

    @property
    def shape(self):
        """Channels, rows, columns."""
        return (self.channels, self.height, self.width)

    @property
    def dtype(self):
        """Type of a number."""
        return np.dtype(f"<i{self.bits // 8}")

    def _view(self, buffer):
        """The numbers where they lie, as an array that shares the buffer's memory, and how to get at the channels."""
        own = buffer[self.offset:self.offset + self.bytes]
        if self.order == "pixels":
            rows = own.reshape(self.height, self.pitch)[:, :self.width * self.channels]
            return rows.reshape(self.height, self.width, self.channels)
        planes = len(self.slots) // SLOTS
        used = self.height * self.width * SLOTS * self.dtype.itemsize
        plane = own.reshape(planes, self.pitch)[:, :used].view(self.dtype)
        return plane.reshape(planes, self.height * self.width, SLOTS)

    def pack(self, numbers, buffer):
        """Puts integers of the tensor's shape into a buffer of numpy.uint8."""
        numbers = np.asarray(numbers).reshape(self.shape)
        view = self._view(buffer)
        if self.order == "pixels":
            # A slice that skips the padding of its rows is no view that a reshape keeps.
            rows = (numbers.astype(np.int32) + 128).astype(np.uint8).transpose(1, 2, 0).reshape(self.height, -1)
            own = buffer[self.offset:self.offset + self.bytes].reshape(self.height, self.pitch)
            own[:, :rows.shape[1]] = rows
            return
        for slot, channel in enumerate(self.slots):
            if channel >= 0:
                view[slot // SLOTS, :, slot % SLOTS] = numbers[channel].reshape(-1)

    def unpack(self, buffer):
        """Integers of the tensor's shape from a buffer of numpy.uint8."""
        view = self._view(buffer)
        if self.order == "pixels":
            return (view.astype(np.int32) - 128).astype(np.int8).transpose(2, 0, 1)
        numbers = np.zeros((self.channels, self.height * self.width), self.dtype)
        for slot, channel in enumerate(self.slots):
            if channel >= 0:
                numbers[channel] = view[slot // SLOTS, :, slot % SLOTS]
        return numbers.reshape(self.shape)

    def floats(self, numbers):
        """The floats that integers stand for."""
        scale = np.ldexp(np.float32(1), np.array(self.exponents)).astype(np.float32)
        zero = np.array(self.zeros, np.int32)
        return (numbers.astype(np.int32) - zero[:, None, None]).astype(np.float32) * scale[:, None, None]


@dataclass(frozen=True)
class Step:
    """A step of the processor within a frame: it computes `layers`, from `reads` to `writes`."""

    pass_index: int
    layers: list
    reads: list
    writes: list


@dataclass(frozen=True)
class Vector:
    """One frame of the check vectors; `steps` has what each step reads and writes."""

    image: np.ndarray
    steps: list
    outputs: list


def _tensors(items):
    return [Tensor(**{name: item[name] for name in FIELDS}) for item in items]


class Bundle:
    """A bundle that `seigo build` wrote."""

    def __init__(self, folder):
        self.folder = Path(folder)
        try:
            text = (self.folder / "device.json").read_bytes()
            form = json.loads(text)
            if (form["format"], form["version"]) != ("seigo-device", 1):
                raise BundleError("device.json is of another version than this driver", AGAIN)
            self.network = form["network"]
            self.target = form["target"]
            self.register_map = form["register_map"]
            self.design = form["design"]
            self.buffers = form["buffers"]
            self.inputs = _tensors(form["inputs"])
            self.picture = form["picture"]
            self.outputs = _tensors(form["outputs"])
            self.steps = [Step(item["pass"], item["layers"], _tensors(item["reads"]), _tensors(item["writes"]))
                          for item in form["steps"]]
            self.tail = form["tail"]
            self.passes = form["passes"]
            self.predicted = form["predicted"]
            name = form["program"]["file"]
            self.program = (self.folder / name).read_bytes()
            if hashlib.sha256(self.program).hexdigest() != form["program"]["sha256"]:
                raise Mismatch(f"{name} is not the one of the bundle", AGAIN)
        except OSError as error:
            raise DeviceError(f"cannot read the bundle: {error}", "give the folder that `seigo build` wrote") from None
        except (ValueError, KeyError, TypeError) as error:
            raise BundleError(f"device.json is damaged: {error!r}", AGAIN) from None

    def image(self, rgb):
        """The image buffer for a picture of the network's size: rows, columns, red green blue, as numpy.uint8."""
        if self.picture is None:
            raise SeigoError("the bundle does not say how a picture becomes the input",
                             "give the image buffer, or build the bundle of a model with a task (docs/task.md)")
        tensor = self.inputs[0]
        if rgb.shape != (tensor.height, tensor.width, 3):
            raise SeigoError(f"the picture has shape {rgb.shape}, not {(tensor.height, tensor.width, 3)}", "scale it")
        channels = rgb[:, :, ::-1] if self.picture["color"] == "bgr" else rgb
        if self.picture["color"] == "gray":
            # ITU-R BT.601 luma in 15-bit fixed point, rounded half up.
            luma = (rgb.astype(np.uint32) @ np.array([9798, 19235, 3735], np.uint32) + (1 << 14)) >> 15
            channels = luma.astype(np.uint8)[:, :, None]
        tables = np.array(self.picture["tables"], np.int32)
        numbers = np.stack([table[channels[:, :, own]] for own, table in enumerate(tables)])
        buffer = np.zeros(self.buffers["image"], np.uint8)
        tensor.pack(numbers, buffer)
        return buffer

    def vectors(self):
        """The frames of check.bin."""
        file = np.fromfile(self.folder / "check.bin", np.uint8)
        head = file[:16].tobytes()
        if head[:12] != b"SEIGOCHK\1\0\0\0":
            raise BundleError("check.bin is no file of check vectors of this version", AGAIN)
        at = 16

        def take(count):
            nonlocal at
            if at + count > len(file):
                raise BundleError("check.bin is cut off", AGAIN)
            at += count
            return file[at - count:at]

        def numbers(tensors):
            sizes = [(own, own.channels * own.height * own.width * own.dtype.itemsize) for own in tensors]
            return [take(size).copy().view(own.dtype).reshape(own.shape) for own, size in sizes]

        frames = []
        for _ in range(int.from_bytes(head[12:], "little")):
            image = np.zeros(self.buffers["image"], np.uint8)
            for tensor in self.inputs:
                # The numbers that stand there are repeated until the tensor is full.
                count = int.from_bytes(take(4).tobytes(), "little")
                drawn = take(count * tensor.dtype.itemsize).copy().view(tensor.dtype)
                if not count:
                    raise BundleError("check.bin has an input without numbers", AGAIN)
                tensor.pack(np.resize(drawn, tensor.shape), image)
            steps = [(numbers(step.reads), numbers(step.writes)) for step in self.steps]
            frames.append(Vector(image, steps, numbers(self.outputs)))
        if at != len(file):
            raise BundleError("check.bin is longer than its frames", AGAIN)
        return frames
