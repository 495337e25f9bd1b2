#!/usr/bin/env python3
"""Compares an imported QDQ model with ONNX Runtime.

    cargo run --release -p xtask -- dump-quantized MODEL IMAGE FOLDER
    python3 tests/ort/quantized_import.py MODEL FOLDER

Three comparisons:

1. exact.onnx in ONNX Runtime against our values: stored integers and outputs, bit for bit.
2. Per layer, given identical inputs: every QuantizeLinear of the model is fed from our stored
   integers (the float operators in front of it run in ONNX Runtime), and its result is compared
   with ours. ONNX Runtime rounds halves to even and ours go up, so differences are allowed on
   exact ties only; they are counted.
3. The whole model in ONNX Runtime: how far ties carry, printed only.

Needs onnx, onnxruntime and numpy.
"""

import collections
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

REFUSED = 0


def check(condition, message):
    global REFUSED
    if not condition:
        REFUSED += 1
        print("FAILED", message)


def session(model):
    options = ort.SessionOptions()
    # Without rewrites every intermediate value is computed as the model says.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def with_outputs(model, names):
    present = {output.name for output in model.graph.output}
    for name in names:
        if name not in present:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    return model


def compare_exact(folder, entries, image):
    model = onnx.load(folder / "exact.onnx")
    onnx.checker.check_model(model)
    written = {name for node in model.graph.node for name in node.output}
    values = [e for e in entries if "name" in e and e["exponents"] is not None]
    names = {e["name"]: e["name"] + ":q" if e["name"] + ":q" in written else e["name"]
             for e in values}
    names = {e: q for e, q in names.items() if q in written}
    wanted = list(names.values()) + [e["output"] for e in entries if "output" in e]
    run = session(with_outputs(model, wanted))
    results = dict(zip(wanted, run.run(wanted, {run.get_inputs()[0].name: image})))
    different = elements = 0
    for entry in entries:
        name = entry.get("output") or names.get(entry["name"])
        if name is None:
            continue
        ours = load(folder, entry)
        count = int((results[name].view(np.uint32) != ours.view(np.uint32)).sum()
                    if "output" in entry else (results[name] != ours).sum())
        elements += ours.size
        different += count
        check(count == 0, f"exact.onnx: {count} of {ours.size} differ in {name}")
    print(f"exact.onnx: {elements} elements of {len(wanted)} tensors, {different} differ")


def load(folder, entry):
    return np.fromfile(folder / entry["file"], "<f4").reshape(entry["shape"])


def compare_layers(model, folder, entries, image):
    """Cuts the model at every QuantizeLinear: its output becomes an input that we feed."""
    constants = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    ours = {e["name"]: load(folder, e) for e in entries if "name" in e}
    exponents = {e["name"]: e["exponents"] for e in entries if "name" in e}
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    del cut.graph.node[:], cut.graph.output[:]
    feeds, expected = {}, {}
    kinds, producer = {}, {o: n for n in model.graph.node for o in n.output}
    network_inputs = {i.name for i in model.graph.input}
    for node in model.graph.node:
        if node.op_type != "QuantizeLinear":
            cut.graph.node.append(node)
            continue
        number, integer = node.input[0], node.output[0]
        if number not in ours or exponents[number] is None:
            check(False, f"{number} is not among our values")
            continue
        codes = ours[number]
        cut.graph.input.append(
            helper.make_tensor_value_info(integer, onnx.TensorProto.INT8, codes.shape))
        feeds[integer] = codes.astype(np.int8)
        check((feeds[integer] == codes).all(), f"{number} is not int8")
        scale = float(constants[node.input[1]])
        check(set(exponents[number]) == {int(np.log2(scale))}, f"scale of {number}")
        expected[number] = (codes, scale)
        kinds[number] = producer[number].op_type if number in producer else "input"
    wanted = [n for n in expected if n not in network_inputs]
    outputs = [o.name for o in model.graph.output]
    run = session(with_outputs(cut, wanted + outputs))
    feeds[model.graph.input[0].name] = image
    results = dict(zip(wanted + outputs, run.run(wanted + outputs, feeds)))
    results.update({name: image for name in network_inputs})
    table = collections.defaultdict(lambda: [0, 0, 0, 0])
    for name, (codes, scale) in expected.items():
        steps = results[name].astype(np.float64) / scale
        even = np.clip(np.rint(steps), -128, 127)
        up = np.clip(np.floor(steps + 0.5), -128, 127)
        tie = np.abs(steps - np.floor(steps) - 0.5) == 0
        differs = even != codes
        row = table[kinds[name]]
        row[0] += 1
        row[1] += codes.size
        row[2] += int(differs.sum())
        row[3] += int((differs & ~tie).sum())
        check(not (differs & ~tie).any(), f"{name} differs where there is no tie")
        check((up == codes).all(), f"{name} is not the half-up integer")
    print(f"{'operator':14} {'layers':>6} {'elements':>10} {'differ':>8} {'not a tie':>9}")
    for kind, row in sorted(table.items()):
        print(f"{kind:14} {row[0]:6} {row[1]:10} {row[2]:8} {row[3]:9}")
    for entry in entries:
        if "output" in entry:
            far = np.abs(results[entry["output"]] - load(folder, entry)).max()
            print(f"output {entry['output']}: largest difference {far:.3g}")
            check(far <= 1e-5, f"output {entry['output']} differs by {far}")


def compare_whole(model, folder, entries, image):
    integers = {n.input[0]: n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear"}
    names = [e for e in entries if e.get("name") in integers]
    wanted = [integers[e["name"]] for e in names]
    run = session(with_outputs(model, wanted))
    results = run.run(wanted, {run.get_inputs()[0].name: image})
    differ = total = 0
    for entry, result in zip(names, results):
        differ += int((result.astype(np.float32) != load(folder, entry)).sum())
        total += result.size
    print(f"whole model, ties carried along: {differ} of {total} integers differ")


def main():
    model, folder = onnx.load(sys.argv[1]), pathlib.Path(sys.argv[2])
    entries = json.loads((folder / "values.json").read_text())
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    image = np.fromfile(folder / "input", "<f4").reshape(shape)
    compare_exact(folder, entries, image)
    compare_layers(model, folder, entries, image)
    compare_whole(model, folder, entries, image)
    sys.exit(1 if REFUSED else 0)


if __name__ == "__main__":
    main()
