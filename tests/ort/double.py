"""The operators of YOLOX-Nano in double precision, one NumPy line or two each: the truth that two
single-precision programs are measured against. Shares nothing with either of them."""

import numpy as np
import onnx
from onnx import numpy_helper


def windows(x, attributes, fill):
    """Padded input as [N, C, H, W, kH, kW] windows."""
    kernel = attributes["kernel_shape"]
    top, left, bottom, right = attributes.get("pads", [0] * 4)
    step = attributes.get("strides", [1, 1])
    assert attributes.get("dilations", [1, 1]) == [1, 1]
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    return view[:, :, :: step[0], :: step[1]]


def conv(attributes, x, weight, bias):
    view = windows(x, attributes, 0)
    batch, channels, height, width = view.shape[:4]
    groups, outputs = attributes.get("group", 1), len(weight)
    view = view.reshape(batch, groups, channels // groups, height, width, *weight.shape[2:])
    weight = weight.reshape(groups, outputs // groups, *weight.shape[1:])
    sums = np.einsum("ngchwij,gocij->ngohw", view, weight, optimize=True)
    return sums.reshape(batch, outputs, height, width) + bias[:, None, None]


def steps(x, starts, ends, axes, steps):
    index = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps):
        index[axis] = slice(start, end, step)
    return x[tuple(index)]


def enlarge(attributes, x, _region, scales):
    assert attributes["mode"] == b"nearest" and np.all(scales == scales.astype(int))
    return x.repeat(int(scales[2]), 2).repeat(int(scales[3]), 3)


OPERATORS = {
    "Conv": conv,
    "Sigmoid": lambda _, x: 1 / (1 + np.exp(-x)),
    "Mul": lambda _, x, y: x * y,
    "Add": lambda _, x, y: x + y,
    "Concat": lambda attributes, *parts: np.concatenate(parts, attributes["axis"]),
    "MaxPool": lambda attributes, x: windows(x, attributes, -np.inf).max((4, 5)),
    "Reshape": lambda _, x, shape: x.reshape([n or x.shape[i] for i, n in enumerate(shape)]),
    "Transpose": lambda attributes, x: x.transpose(attributes["perm"]),
    "Slice": lambda _, *inputs: steps(*inputs),
    "Resize": enlarge,
}


class Network:
    """A model whose weights and arithmetic are double precision."""

    def __init__(self, path):
        self.graph = onnx.load(str(path)).graph
        self.constants = {tensor.name: widened(numpy_helper.to_array(tensor))
                          for tensor in self.graph.initializer}

    def values(self, tensor):
        """Every computed value by name."""
        values = dict(self.constants)
        values[self.graph.input[0].name] = tensor.astype(np.float64)
        for node in self.graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                values[node.output[0]] = widened(numpy_helper.to_array(attributes["value"]))
                continue
            inputs = [values[name] if name else None for name in node.input]
            values[node.output[0]] = OPERATORS[node.op_type](attributes, *inputs)
        return values

    def run(self, tensor):
        """The first output."""
        return self.values(tensor)[self.graph.output[0].name]


def widened(values):
    return values.astype(np.float64) if values.dtype.kind == "f" else values
