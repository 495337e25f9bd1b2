"""The Python driver on a simulated device: driver_test.py BUNDLE SOCKET."""

import sys
import tempfile
import types
from pathlib import Path

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[1]))

import seigo  # noqa: E402
from seigo import registers as r  # noqa: E402


def refused(kind, word, run):
    """It must fail so, with the word in its message."""
    try:
        run()
    except kind as error:
        assert word in str(error) and error.advice, error
        return
    raise AssertionError(f"no error with {word!r}")


def frames(bundle, path):
    device = seigo.Simulated(path)
    overlay = seigo.Overlay(bundle, device, timeout=60)
    assert overlay.check() is None
    vectors = overlay.bundle.vectors()
    # Pictures by their numbers, and frames in a row.
    image = overlay.allocate()
    numbers = [tensor.unpack(vectors[0].image) for tensor in overlay.bundle.inputs]
    overlay.pack(image, *numbers)
    assert np.array_equal(image, vectors[0].image)
    overlay.submit(vectors[0].image)
    for number in range(8):
        overlay.submit(vectors[(number + 1) % len(vectors)].image)
        outputs, counters = overlay.collect()
        expected = vectors[number % len(vectors)].outputs
        assert all(np.array_equal(a, b) for a, b in zip(expected, outputs, strict=True)), number
        assert counters.cycles > 0 and set(counters.stalls) == set(r.STALLS)
    refused(seigo.SeigoError, "two frames", lambda: [overlay.submit(image) for _ in range(2)])
    overlay.reset()
    refused(seigo.SeigoError, "no frame", overlay.collect)
    refused(seigo.SeigoError, "bytes", lambda: overlay.submit(image[1:]))
    device.close()
    refused(seigo.DeviceError, "none.socket", lambda: seigo.Simulated("none.socket"))


def board(bundle):
    """UIO and u-dma-buf in a folder of files."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        uio, memory = root / "sys/class/uio/uio2", root / "sys/class/u-dma-buf/seigo"
        for own in (uio, memory, root / "dev"):
            own.mkdir(parents=True)
        (uio / "name").write_text("seigo\n")
        registers = bytearray(r.WINDOW)
        registers[r.VERSION] = r.VERSION_VALUE
        registers[r.HASH_LOW:r.HASH_LOW + 8] = int(bundle.design, 16).to_bytes(8, "little")
        (root / "dev/uio2").write_bytes(registers)
        (root / "dev/seigo").write_bytes(bytes(1 << 20))
        for name, text in {"phys_addr": "0x870000000", "size": "1048576", "dma_coherent": "0", "sync_for_cpu": "",
                           "sync_for_device": ""}.items():
            (memory / name).write_text(text)
        overlay = seigo.Overlay(bundle, seigo.Uio(root=root))
        assert (root / "dev/seigo").read_bytes()[:len(bundle.program)] == bundle.program
        overlay.device.to_device(4096 + 70, 100)
        assert (memory / "sync_for_device").read_text() == "0x0000104000000085"
        refused(seigo.DeviceError, "another driver", lambda: seigo.Uio(root=root))
        overlay.device.close()
        (uio / "name").write_text("other\n")
        refused(seigo.DeviceError, "no device", lambda: seigo.Uio(root=root))


def pynq(bundle, path):
    """PYNQ's names in front of the simulated device."""
    device = seigo.Simulated(path)
    ranges = []

    class Buffer(np.ndarray):
        def flush(self):
            ranges.append(("flush", len(self)))

        def invalidate(self):
            ranges.append(("invalidate", len(self)))

        def freebuffer(self):
            device.close()

    def allocate(shape, dtype):
        assert (shape, dtype) == ((1 << 20,), np.uint8)
        buffer = device.memory[:1 << 20].view(Buffer)
        buffer.device_address = device.address
        return buffer

    class Mmio:
        def __init__(self, address, size):
            assert (address, size) == (0xA0000000, r.WINDOW)

        read, write = device.read, device.write

    sys.modules["pynq"] = types.SimpleNamespace(MMIO=Mmio, allocate=allocate)
    loaded = types.SimpleNamespace(ip_dict={"seigo": {"phys_addr": 0xA0000000, "addr_range": r.WINDOW}})
    own = seigo.Pynq(loaded, count=1 << 20)
    overlay = seigo.Overlay(bundle, own)
    assert overlay.check() is None
    sizes = {("flush", len(bundle.program)), ("flush", bundle.buffers["image"]), ("invalidate", bundle.buffers["output"])}
    assert set(ranges) == sizes, ranges
    own.close()


def main():
    bundle = seigo.Bundle(sys.argv[1])
    frames(bundle, sys.argv[2])
    pynq(bundle, sys.argv[2])
    board(bundle)


main()
