"""How much an int8 network keeps when few frames calibrate it, beside ONNX Runtime's static quantization on the same.

    few_frames.py --seigo target/release/seigo [--calibrate 4,12] FOLDER NAME...

FOLDER has NAME.onnx and frames of numbers in NAME/ (tests/architectures writes both). The last four frames never
calibrate. Printed is the signal to noise ratio of the worst output on those four. ONNX Runtime rounds the same way on
every machine: QDQ, per-channel int8 weights, uint8 activations by least and largest value seen, float scales.
"""
import argparse
import json
import logging
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

HELD_OUT = 4
logging.disable(logging.WARNING)


class Frames(CalibrationDataReader):
    """Frames one after the other, as ONNX Runtime asks for them."""

    def __init__(self, name, files):
        self.left = iter([{name: np.load(file)} for file in files])

    def get_next(self):
        return next(self.left, None)


def outputs(model, files):
    """Per output, its numbers on all frames."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(model), options)
    name = session.get_inputs()[0].name
    frames = [session.run(None, {name: np.load(file)}) for file in files]
    return [np.concatenate([output.ravel() for output in each]) for each in zip(*frames)]


def worst(exact, got):
    """The least ratio of all outputs in dB."""
    ratios = [np.square(a).sum() / max(np.square(a - b).sum(), 1e-30) for a, b in zip(exact, got)]
    return 10 * np.log10(min(ratios))


def peer(model, calibrating, held_out, folder):
    """ONNX Runtime's int8 network."""
    prepared, quantized = folder / "prepared.onnx", folder / "peer.onnx"
    quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
    name = onnxruntime.InferenceSession(str(model)).get_inputs()[0].name
    quantize_static(
        str(prepared), str(quantized), Frames(name, calibrating), quant_format=QuantFormat.QDQ,
        per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )
    return worst(outputs(model, held_out), outputs(quantized, held_out))


def own(seigo, model, calibrating, held_out, folder):
    """Seigo's, by the report that `quantize` writes."""
    frames = folder / "frames"
    shutil.rmtree(frames, ignore_errors=True)
    frames.mkdir()
    for number, file in enumerate([*calibrating, *held_out]):
        shutil.copy(file, frames / f"{number:03}.npy")
    report = folder / "report.json"
    command = [seigo, "quantize", model, "--calib", frames, "--frames", str(len(calibrating)),
               "-o", folder / "own.ceras", "--report", report, "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(report.read_text())["answer_sqnr"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seigo", required=True)
    parser.add_argument("--calibrate", default="4,12", help="numbers of frames that calibrate")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="+")
    args = parser.parse_args()
    print("| network | frames | ONNX Runtime, dB | Seigo, dB |\n|---|---|---|---|")
    for name in args.names:
        files = sorted((args.folder / name).glob("*.npy"))
        for count in map(int, args.calibrate.split(",")):
            if len(files) < count + HELD_OUT:
                sys.exit(f"few_frames.py: {name} has {len(files)} frames, {count + HELD_OUT} are needed")
            calibrating, held_out = files[:count], files[-HELD_OUT:]
            model = args.folder / f"{name}.onnx"
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                theirs = peer(model, calibrating, held_out, folder)
                ours = own(args.seigo, model, calibrating, held_out, folder)
            print(f"| {name} | {count} | {theirs:.1f} | {ours:.1f} |", flush=True)


if __name__ == "__main__":
    main()
