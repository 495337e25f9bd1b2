"""One frame of YOLOX-Nano in Seigo and in ONNX Runtime, with the same number of threads.

    python tests/ort/bench.py --shared ../shared

Seigo's times are those that `cargo bench --bench executor` left in target/criterion; ONNX Runtime
is timed now, so run both one after the other, as `make bench` does. Needs numpy and onnxruntime.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

import numpy as np
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def theirs(model, threads):
    """Median milliseconds per frame."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
    frame = {session.get_inputs()[0].name: np.full((1, 3, 416, 416), 114, np.float32)}
    times = []
    for _ in range(60):
        start = time.perf_counter()
        session.run(None, frame)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times[10:])


def ours(threads):
    path = (ROOT / "target" / "criterion" / "yolox-nano frame" / "threads" / str(threads) / "new"
            / "estimates.json")
    return json.loads(path.read_text())["median"]["point_estimate"] / 1e6 if path.is_file() else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared")
    arguments = parser.parse_args()
    model = arguments.shared / "models" / "yolox_nano.onnx"
    if not model.is_file():
        print(f"SKIPPED: no {model}")
        return 0
    slow = False
    for threads in sorted({1, os.cpu_count() or 1}):
        mine, other = ours(threads), theirs(model, threads)
        if mine is None:
            print(f"{threads} threads: run `cargo bench --bench executor` first")
            return 1
        slow |= mine > 3 * other
        print(f"YOLOX-Nano, {threads} threads: Seigo {mine:.1f} ms, ONNX Runtime {other:.1f} ms, "
              f"ratio {mine / other:.2f} (bar: 3)")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
