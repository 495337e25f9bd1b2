#!/usr/bin/env python3
"""Compares the exports of a quantized model with our own values, in ONNX Runtime.

    cargo run --release -p xtask -- dump-quantized MODEL IMAGE FOLDER [CALIBRATION]
    python3 tests/ort/quantized_export.py FOLDER

exact.onnx must give every stored integer and every output bit for bit. The QDQ models are judged
layer by layer, given identical inputs (every QuantizeLinear is cut and fed with our integers).
qdq.onnx may differ on exact ties only. qdq_operators.onnx computes functions as operators, so it may
differ by the error of our tables too (0.0066 at most). All differences are counted and printed.

Needs onnx, onnxruntime and numpy.
"""

import collections
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper

import quantized_import as common


TABLE_ERROR = 0.0066


def compare_qdq(folder, file, entries, image):
    model = onnx.load(folder / file)
    onnx.checker.check_model(model)
    tables = "operators" not in file
    ours = {e["name"]: common.load(folder, e) for e in entries if "name" in e}
    constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    del cut.graph.node[:], cut.graph.output[:]
    feeds, cuts = {image[0]: image[1]}, []
    producer = {o: n for n in model.graph.node for o in n.output}
    for node in model.graph.node:
        if node.op_type != "QuantizeLinear":
            cut.graph.node.append(node)
            continue
        number, integer = node.input[0], node.output[0]
        codes = ours[integer.removesuffix(":q")]
        scale, zero = constants[node.input[1]], constants[node.input[2]]
        feeds[integer] = codes.astype(zero.dtype)
        data_type = helper.np_dtype_to_tensor_dtype(zero.dtype)
        cut.graph.input.append(helper.make_tensor_value_info(integer, data_type, codes.shape))
        kind = producer[number].op_type if number in producer else "input"
        channels = [1, -1] + [1] * (codes.ndim - 2)
        cuts.append((number, f"{kind} ({zero.dtype})", codes, scale.reshape(channels),
                     zero.astype(np.float64).reshape(channels)))
    outputs = [o.name for o in model.graph.output]
    wanted = sorted({c[0] for c in cuts if c[0] != image[0]})
    run = common.session(common.with_outputs(cut, wanted + outputs))
    results = dict(zip(wanted + outputs, run.run(wanted + outputs, feeds)))
    results[image[0]] = image[1]
    rows = collections.defaultdict(lambda: [0, 0, 0, 0, 0])
    for number, kind, codes, scale, zero in cuts:
        limit = 127 if "int8" in kind else 32767
        steps = results[number].astype(np.float64) / scale
        other = np.clip(np.rint(steps) + zero, -limit - 1, limit)
        tie = steps - np.floor(steps) == 0.5
        distance = np.abs(other - codes)
        row = rows[kind]
        row[0] += 1
        row[1] += codes.size
        row[2] += int((distance == 1).sum())
        row[3] += int((distance > 1).sum())
        row[4] += int(((distance > 0) & ~tie).sum())
        if tables:
            common.check(not ((distance > 0) & ~tie).any(), f"{file}: {number}, not on a tie")
        else:
            common.check((distance <= 1 + TABLE_ERROR / scale).all(), f"{file}: {number}")
    print(f"{file:22} {'layers':>6} {'elements':>10} {'by 1':>8} {'by more':>8} {'no tie':>8}")
    for kind, row in sorted(rows.items()):
        print(f"{kind:22} {row[0]:6} {row[1]:10} {row[2]:8} {row[3]:8} {row[4]:8}")
    whole = common.session(model)
    results = whole.run(outputs, {image[0]: image[1]})
    for entry in entries:
        if "output" in entry:
            own = common.load(folder, entry)
            other = results[outputs.index(entry["output"])]
            error = ((own - other) ** 2).sum() / max((own ** 2).sum(), 1e-30)
            print(f"output {entry['output']}, whole model: {-10 * np.log10(max(error, 1e-30)):.1f} dB")


def main():
    folder = pathlib.Path(sys.argv[1])
    entries = json.loads((folder / "values.json").read_text())
    model = onnx.load(folder / "exact.onnx")
    entering = model.graph.input[0]
    shape = [d.dim_value for d in entering.type.tensor_type.shape.dim]
    image = np.fromfile(folder / "input", "<f4").reshape(shape)
    common.compare_exact(folder, entries, image)
    for file in ["qdq.onnx", "qdq_operators.onnx"]:
        compare_qdq(folder, file, entries, (entering.name, image))
    sys.exit(1 if common.REFUSED else 0)


if __name__ == "__main__":
    main()
