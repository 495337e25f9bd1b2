"""One frame of YOLOX-Nano in Seigo and in ONNX Runtime, with the same number of threads.

    python tests/ort/bench.py --xtask target/release/xtask --shared ../shared

The two take turns within one run, a short burst of frames each, so that whatever else the machine
does falls on both. Printed are the medians of the bursts and the median of the ratios of
neighboring bursts; exits 1 when that is above 3. Needs numpy and onnxruntime.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAIRS = 40
# Frames of a burst: the first warm the caches up again and let the other's threads fall asleep.
WARM, TIMED = 3, 5


class Theirs:
    def __init__(self, model, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
        self.inputs = {self.session.get_inputs()[0].name: np.full((1, 3, 416, 416), 114, np.float32)}

    def frame(self):
        """Milliseconds."""
        start = time.perf_counter()
        self.session.run(None, self.inputs)
        return 1000 * (time.perf_counter() - start)


class Ours:
    def __init__(self, xtask, model):
        self.process = subprocess.Popen([xtask, "frames", model], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def frame(self, threads):
        """Milliseconds."""
        self.process.stdin.write(f"{threads}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def burst(frame):
    return statistics.median([frame() for _ in range(WARM + TIMED)][WARM:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--xtask", default=str(ROOT / "target" / "release" / "xtask"))
    parser.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each number of threads")
    arguments = parser.parse_args()
    model = arguments.shared / "models" / "yolox_nano.onnx"
    if not model.is_file():
        print(f"SKIPPED: no {model}")
        return 0
    slow = False
    ours = Ours(arguments.xtask, model)
    for threads in sorted({1, os.cpu_count() or 1}):
        theirs = Theirs(model, threads)
        pairs = [(burst(lambda: ours.frame(threads)), burst(theirs.frame)) for _ in range(PAIRS)]
        ratio = statistics.median(mine / other for mine, other in pairs)
        mine, other = (statistics.median(times) for times in zip(*pairs))
        slow |= ratio > 3
        row = {"threads": threads, "seigo": mine, "peer": other, "ratio": ratio}
        print(json.dumps(row) if arguments.json else
              f"YOLOX-Nano, {threads} threads: Seigo {mine:.1f} ms, ONNX Runtime {other:.1f} ms, "
              f"ratio {ratio:.2f} (bar: 3)", flush=True)
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
