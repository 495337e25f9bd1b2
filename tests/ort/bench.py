"""One frame of YOLOX-Nano in Seigo and in ONNX Runtime, with the same number of threads.

    python tests/ort/bench.py --xtask target/release/xtask --shared ../shared [--ceras yolox_nano.ceras [--library FRAMES]]

All take turns within one run, a short burst of frames each, so that whatever else the machine does falls on all.
In float against ONNX Runtime in float; the integer engine on --ceras against the quicker of ONNX Runtime in float and on
its own static quantization (QDQ, int8 weights by channel, uint8 activations), and so does the C++ library, where its program
`frames` is given. What runs on one thread has one processor for all, since those of a shared machine are not equally quick. Printed are the medians of the bursts and
the median of the ratios of neighboring bursts; exits 1 when that is above 3. Needs numpy, onnxruntime, onnx and
opencv.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import version_converter
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAIRS = 40
# Frames of a burst: the first warm the caches up again and let the other's threads fall asleep.
WARM, TIMED = 3, 5
SIDE = 416
CALIBRATING = 8


class Images(CalibrationDataReader):
    """Images stretched to the input, as ONNX Runtime asks for them."""

    def __init__(self, name, files):
        self.name, self.left = name, iter(files)

    def get_next(self):
        file = next(self.left, None)
        if file is None:
            return None
        image = cv2.resize(cv2.imread(str(file)), (SIDE, SIDE)).astype(np.float32)
        return {self.name: image.transpose(2, 0, 1)[None]}


def quantized(model, images, folder):
    """ONNX Runtime's int8 network."""
    newer, prepared, path = (folder / name for name in ("newer.onnx", "prepared.onnx", "int8.onnx"))
    # Weights by channel came with opset 13.
    onnx.save(version_converter.convert_version(onnx.load(str(model)), 13), str(newer))
    quant_pre_process(str(newer), str(prepared), skip_symbolic_shape=True)
    name = onnxruntime.InferenceSession(str(model)).get_inputs()[0].name
    quantize_static(
        str(prepared), str(path), Images(name, images), quant_format=QuantFormat.QDQ,
        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )
    return path


class Theirs:
    def __init__(self, model, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
        self.inputs = {self.session.get_inputs()[0].name: np.full((1, 3, SIDE, SIDE), 114, np.float32)}

    def frame(self):
        """Milliseconds."""
        start = time.perf_counter()
        self.session.run(None, self.inputs)
        return 1000 * (time.perf_counter() - start)


class Ours:
    def __init__(self, command, threads):
        self.threads = threads
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def frame(self):
        """Milliseconds."""
        self.process.stdin.write(f"{self.threads}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def burst(frame):
    return statistics.median([frame() for _ in range(WARM + TIMED)][WARM:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--xtask", default=str(ROOT / "target" / "release" / "xtask"))
    parser.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each number of threads")
    parser.add_argument("--ceras", type=pathlib.Path, help="the int8 model, made by `seigo quantize`")
    parser.add_argument("--library", help="`frames` of the C++ library, made by `make -C runtime`")
    arguments = parser.parse_args()
    model = arguments.shared / "models" / "yolox_nano.onnx"
    if not model.is_file():
        print(f"SKIPPED: no {model}")
        return 0
    slow = False

    processors = os.sched_getaffinity(0)

    def measure(what, command, peers):
        """A row for every number of threads."""
        nonlocal slow
        for threads in sorted({1, len(processors)}):
            # Processes that are started inherit it.
            os.sched_setaffinity(0, {min(processors)} if threads == 1 else processors)
            ours = Ours(command, threads)
            theirs = {name: Theirs(path, threads) for name, path in peers.items()}
            rounds = [
                {"seigo": burst(ours.frame), **{name: burst(peer.frame) for name, peer in theirs.items()}} for _ in range(PAIRS)
            ]
            ours.end()
            medians = {name: statistics.median(own[name] for own in rounds) for name in rounds[0]}
            best = min(theirs, key=medians.get)
            ratio = statistics.median(own["seigo"] / own[best] for own in rounds)
            slow |= ratio > 3
            row = {"what": what, "threads": threads, "seigo": medians["seigo"], "peer": medians[best], "best": best,
                   "ratio": ratio, "all": medians}
            print(json.dumps(row) if arguments.json else
                  f"YOLOX-Nano in {what}, {threads} threads: Seigo {row['seigo']:.1f} ms, ONNX Runtime in {best} "
                  f"{row['peer']:.1f} ms, ratio {ratio:.2f} (bar: 3); {medians}", flush=True)

    measure("float", [arguments.xtask, "frames", model], {"float": model})
    if arguments.ceras:
        with tempfile.TemporaryDirectory() as folder:
            images = sorted((arguments.shared / "coco" / "calib").glob("*.jpg"))[:CALIBRATING]
            int8 = quantized(model, images, pathlib.Path(folder))
            peers = {"float": model, "int8": int8}
            measure("int8", [arguments.xtask, "frames", arguments.ceras], peers)
            if arguments.library:
                measure("int8, C++", [arguments.library, arguments.ceras], peers)
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
