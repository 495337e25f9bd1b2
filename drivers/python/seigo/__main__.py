"""Runs frames of a bundle: python -m seigo BUNDLE [FRAME...] [--simulated SOCKET] [--check] [--output DIR]."""

import argparse
import sys
from pathlib import Path

import numpy as np

from . import Overlay, SeigoError, Simulated, Uio


def read(bundle, path):
    """The image buffer for a file: a PPM image (P6, without comments), or the buffer itself."""
    data = path.read_bytes()
    if data[:2] != b"P6":
        return np.frombuffer(data, np.uint8)
    width, height, most = data[:64].split(None, 4)[1:4]
    if most != b"255":
        raise SeigoError(f"{path} has no pixels of 8 bits", "write it again")
    # The pixels end the file; what stands before them may have any blanks.
    pixels = data[len(data) - 3 * int(width) * int(height):]
    return bundle.image(np.frombuffer(pixels, np.uint8).reshape(int(height), int(width), 3))


def main():
    parser = argparse.ArgumentParser(prog="python -m seigo", description="Runs frames of a bundle on the accelerator.")
    parser.add_argument("bundle", help="folder that `seigo build` wrote")
    parser.add_argument("frame", nargs="*", help="PPM image (P6) of the network's size, or file with the whole image buffer")
    parser.add_argument("--simulated", metavar="SOCKET", help="device that `seigo device` made, instead of the board's")
    parser.add_argument("--check", action="store_true", help="compare all outputs of the bundle's check vectors")
    parser.add_argument("--output", metavar="DIR", help="folder for outputs: FRAME.NAME.npy, channel, row, column")
    parser.add_argument("--timeout", type=float, default=10.0, help="longest wait for a frame, in seconds (10)")
    args = parser.parse_intermixed_args()
    device = Simulated(args.simulated) if args.simulated else Uio()
    overlay = Overlay(args.bundle, device, args.timeout)
    if args.check:
        difference = overlay.check()
        print("PASS" if difference is None else f"FAIL: {difference}")
        return 0 if difference is None else 1
    for path in map(Path, args.frame):
        outputs, counters = overlay.run(read(overlay.bundle, path))
        print(f"{path}: {counters.cycles} cycles")
        if args.output:
            for tensor, numbers in zip(overlay.bundle.outputs, outputs, strict=True):
                np.save(Path(args.output) / f"{path.name}.{tensor.name.replace('/', '_')}.npy", numbers)
    return 0


try:
    sys.exit(main())
except SeigoError as error:
    print(f"error: {error}\n  help: {error.advice}", file=sys.stderr)
    sys.exit(2)
