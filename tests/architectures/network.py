"""Writes networks as a framework exports them: batch norm folded into convolutions, activations as their exporters spell
them, random weights that keep the size of what goes through. Shapes are counted along, so that padding, flattening and
the number of input channels need not be said."""
import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

FLOAT = TensorProto.FLOAT
# By what weights are wider before an activation, so that what goes through keeps its size.
GAIN = {"relu": 1.41, "silu": 1.41, "hswish": 1.41, "relu6": 1.41, "leaky": 1.39, "sigmoid": 1.0, "none": 1.0, "prelu": 1.36}
# Deviation of the logarithm of a channel's size, as folding batch norm leaves it.
SPREAD = 0.35


class Network:
    """An ONNX graph under construction. Values are names; `shape` has theirs."""

    def __init__(self, name, height, width, channels=3, seed=1):
        self.name, self.rng = name, np.random.default_rng(seed)
        self.nodes, self.constants, self.shape, self.count = [], [], {}, 0
        self.input = "images"
        self.shape[self.input] = (1, channels, height, width)

    # ---- plumbing
    def constant(self, values, dtype=np.float32):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(self, kind, inputs, shape, **attributes):
        self.count += 1
        output = f"{kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=f"/{kind}_{self.count}", **attributes))
        self.shape[output] = tuple(shape)
        return output

    # ---- layers with weights
    def conv(self, x, filters, kernel=1, stride=1, act="none", groups=1, dilation=1, pad=None, gain=1.0):
        _, channels, height, width = self.shape[x]
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        pads = [(dilation * (k - 1)) // 2 for k in kernel] if pad is None else [pad, pad]
        fan = channels // groups * kernel[0] * kernel[1]
        weights = self.rng.normal(0, gain * GAIN[act] / np.sqrt(fan), (filters, channels // groups, *kernel))
        weights *= np.exp(self.rng.normal(-SPREAD * SPREAD, SPREAD, (filters, 1, 1, 1)))
        bias = self.rng.normal(0, 0.2, filters)
        size = [(n + 2 * p - dilation * (k - 1) - 1) // stride + 1 for n, p, k in zip((height, width), pads, kernel)]
        y = self.node("Conv", [x, self.constant(weights), self.constant(bias)], (1, filters, *size), group=groups,
                      kernel_shape=list(kernel), strides=[stride, stride], pads=pads + pads, dilations=[dilation, dilation])
        return self.act(y, act)

    def depthwise(self, x, kernel=3, stride=1, act="none", dilation=1):
        channels = self.shape[x][1]
        return self.conv(x, channels, kernel, stride, act, groups=channels, dilation=dilation)

    def transposed(self, x, filters, kernel=2, stride=2, pad=0, act="none"):
        _, channels, height, width = self.shape[x]
        fan = channels * kernel * kernel / stride / stride
        weights = self.rng.normal(0, GAIN[act] / np.sqrt(fan), (channels, filters, kernel, kernel))
        size = [stride * (n - 1) + kernel - 2 * pad for n in (height, width)]
        inputs = [x, self.constant(weights), self.constant(self.rng.normal(0, 0.2, filters))]
        y = self.node("ConvTranspose", inputs, (1, filters, *size), kernel_shape=[kernel, kernel],
                      strides=[stride, stride], pads=[pad] * 4)
        return self.act(y, act)

    def linear(self, x, filters, act="none"):
        """A fully connected layer on (1, features)."""
        _, features = self.shape[x]
        weights = self.rng.normal(0, GAIN[act] / np.sqrt(features), (filters, features))
        y = self.node("Gemm", [x, self.constant(weights), self.constant(self.rng.normal(0, 0.2, filters))], (1, filters),
                      transB=1)
        return self.act(y, act)

    # ---- without weights
    def act(self, x, act):
        shape = self.shape[x]
        if act == "relu":
            return self.node("Relu", [x], shape)
        if act == "relu6":
            return self.node("Clip", [x, self.constant(0.0), self.constant(6.0)], shape)
        if act == "leaky":
            return self.node("LeakyRelu", [x], shape, alpha=0.1)
        if act == "prelu":
            slopes = self.rng.uniform(0, 0.4, (shape[1], 1, 1))
            return self.node("PRelu", [x, self.constant(slopes)], shape)
        if act == "silu":
            return self.mul(x, self.node("Sigmoid", [x], shape))
        if act == "hswish":
            return self.node("HardSwish", [x], shape)
        if act == "sigmoid":
            return self.node("Sigmoid", [x], shape)
        assert act == "none", act
        return x

    def add(self, x, y):
        return self.node("Add", [x, y], self.shape[x])

    def mul(self, x, y):
        return self.node("Mul", [x, y], self.shape[x])

    def concat(self, values, axis=1):
        shape = list(self.shape[values[0]])
        shape[axis] = sum(self.shape[value][axis] for value in values)
        return self.node("Concat", values, shape, axis=axis)

    def max_pool(self, x, kernel, stride=1, pad=None):
        _, channels, height, width = self.shape[x]
        pad = kernel // 2 if pad is None else pad
        size = [(n + 2 * pad - kernel) // stride + 1 for n in (height, width)]
        return self.node("MaxPool", [x], (1, channels, *size), kernel_shape=[kernel, kernel], strides=[stride, stride],
                         pads=[pad] * 4)

    def mean(self, x):
        return self.node("GlobalAveragePool", [x], (*self.shape[x][:2], 1, 1))

    def nearest(self, x, scale=2):
        _, channels, height, width = self.shape[x]
        scales = self.constant([1, 1, scale, scale])
        return self.node("Resize", [x, "", scales], (1, channels, height * scale, width * scale), mode="nearest",
                         coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def linear_resize(self, x, scale=2):
        _, channels, height, width = self.shape[x]
        scales = self.constant([1, 1, scale, scale])
        return self.node("Resize", [x, "", scales], (1, channels, height * scale, width * scale), mode="linear",
                         coordinate_transformation_mode="half_pixel")

    def depth_to_space(self, x, block):
        _, channels, height, width = self.shape[x]
        return self.node("DepthToSpace", [x], (1, channels // block // block, height * block, width * block),
                         blocksize=block, mode="CRD")

    def reshape(self, x, shape):
        return self.node("Reshape", [x, self.constant(shape, np.int64)], shape)

    def transpose(self, x, order):
        return self.node("Transpose", [x], [self.shape[x][axis] for axis in order], perm=list(order))

    def flatten(self, x):
        return self.node("Flatten", [x], (1, int(np.prod(self.shape[x]))))

    def channels(self, x, start, stop):
        """Channels from `start` to `stop`, as a slice."""
        _, _, height, width = self.shape[x]
        numbers = [self.constant([n], np.int64) for n in (start, stop, 1)]
        return self.node("Slice", [x, *numbers], (1, stop - start, height, width))

    def halves(self, x):
        """Two values with half of the channels each."""
        _, channels, height, width = self.shape[x]
        self.count += 1
        names = [f"split_{self.count}_{part}" for part in range(2)]
        sizes = self.constant([channels // 2] * 2, np.int64)
        self.nodes.append(helper.make_node("Split", [x, sizes], names, name=f"/Split_{self.count}", axis=1))
        for name in names:
            self.shape[name] = (1, channels // 2, height, width)
        return names

    def shuffle(self, x, groups=2):
        """Channel shuffle as PyTorch exports it."""
        _, channels, height, width = self.shape[x]
        y = self.reshape(x, (1, groups, channels // groups, height, width))
        return self.reshape(self.transpose(y, (0, 2, 1, 3, 4)), (1, channels, height, width))

    # ---- the files
    def save(self, path, outputs):
        value = lambda name: helper.make_tensor_value_info(name, FLOAT, self.shape[name])
        graph = helper.make_graph(self.nodes, self.name, [value(self.input)], [value(name) for name in outputs],
                                  self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="architectures")
        model.ir_version = 8
        checker.check_model(model)
        path.write_bytes(model.SerializeToString())

    def save_frames(self, folder, count):
        """Calibration frames: noise of all sizes, as pictures have it, of mean 0 and deviation about 1."""
        folder.mkdir(parents=True, exist_ok=True)
        shape = self.shape[self.input]
        for index in range(count):
            frame = np.zeros(shape, np.float32)
            for octave in range(6):
                rows, columns = (-(-extent // (1 << octave)) for extent in shape[2:])
                noise = self.rng.normal(0, 1 / np.sqrt(6), (*shape[:2], rows, columns))
                frame += noise.repeat(1 << octave, 2).repeat(1 << octave, 3)[:, :, :shape[2], :shape[3]]
            np.save(folder / f"{index:02}.npy", frame)
