"""Random networks over operators and their spellings, against ONNX Runtime.

    random_networks.py --seigo target/release/seigo [--count 300] [--first 0] [--rtl 0] [--keep FOLDER]

For each seed a network of blocks as frameworks export them: float against ONNX Runtime (within 1e-4 of the largest number of
an output), int8 on frames that did not calibrate (signal to noise in dB, against ONNX Runtime's float), a program for the kv260
and, for the first `--rtl` of them, one frame of the hardware, every stored tensor. A line for each network that falls
short of `--least` dB, with what ONNX Runtime's static quantization keeps by the same frames, or of which something fails; exit
status 1 then. `--keep` leaves such networks with their frames.
"""
import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import helper

from network import Network

sys.path.append(str(Path(__file__).parent.parent / "ort"))
from few_frames import peer

CALIBRATING, HELD_OUT = 12, 2
ACTS = ["relu", "relu6", "leaky", "prelu", "silu", "hswish", "none", "hardsigmoid", "tanh", "elu", "gelu", "mish", "one slope"]


class Random(Network):
    """A network that draws its own blocks. Each block takes a value of four axes and gives one."""

    def __init__(self, seed):
        draw = np.random.default_rng(seed)
        height, width = (int(n) for n in draw.integers(14, 49, 2))
        super().__init__(f"random{seed}", height, width, int(draw.choice([1, 3, 3, 4])), seed)
        self.draw = draw
        # A network has one or two activations besides those that blocks bring.
        self.acts, self.blocks = [self.pick(ACTS), self.pick(ACTS)], []
        x = self.conv(self.input, self.filters(), int(draw.choice([3, 5, 7])), int(draw.choice([1, 2])), act=self.some_act())
        for _ in range(int(draw.integers(3, 8))):
            block = self.pick([name for name in dir(self) if name.startswith("block_")])
            self.blocks.append(block[6:])
            x = getattr(self, block)(x)
        self.outputs = self.head(x)

    # ---- choices
    def pick(self, choices):
        return choices[int(self.draw.integers(len(choices)))]

    def chance(self, share=0.5):
        return self.draw.random() < share

    def filters(self):
        return int(self.pick([8, 10, 16, 20, 24, 32, 40, 48, 64]))

    def size(self, x):
        return self.shape[x][1:]

    def act(self, x, act):
        shape = self.shape[x]
        if act == "hardsigmoid":
            return self.node("HardSigmoid", [x], shape, alpha=1 / 6, beta=0.5)
        if act == "tanh":
            return self.node("Tanh", [x], shape)
        if act == "elu":
            return self.node("Elu", [x], shape)
        if act == "gelu":
            inner = self.node("Div", [x, self.constant(np.sqrt(2))], shape)
            inner = self.node("Add", [self.node("Erf", [inner], shape), self.constant(1.0)], shape)
            return self.node("Mul", [self.node("Mul", [x, inner], shape), self.constant(0.5)], shape)
        if act == "mish":
            return self.mul(x, self.node("Tanh", [self.node("Softplus", [x], shape)], shape))
        if act == "one slope":
            return self.node("PRelu", [x, self.constant(self.draw.uniform(0.05, 0.4, (1,)))], shape)
        return super().act(x, act)

    def conv(self, x, filters, kernel=1, stride=1, act="none", **others):
        if act not in ("relu", "silu", "hswish", "relu6", "leaky", "sigmoid", "none", "prelu"):
            return self.act(super().conv(x, filters, kernel, stride, "none", **others), act)
        return super().conv(x, filters, kernel, stride, act, **others)

    def some_act(self):
        return self.pick(self.acts)

    # ---- blocks
    def block_conv(self, x):
        channels, height, width = self.size(x)
        stride = 2 if min(height, width) >= 12 and self.chance(0.3) else 1
        dilation = self.pick([1, 1, 1, 2])
        return self.conv(x, self.filters(), self.pick([1, 3, 3, 5, (1, 3), (5, 1)]), stride, self.some_act(), dilation=dilation)

    def block_grouped(self, x):
        channels = self.size(x)[0]
        groups = self.pick([n for n in (2, 3, 4, 5, 8, 16) if channels % n == 0] or [1])
        return self.conv(x, channels * self.pick([1, 1, 2]), 3, 1, self.some_act(), groups=groups)

    def block_depthwise(self, x):
        channels, height, width = self.size(x)
        stride = 2 if min(height, width) >= 12 and self.chance(0.3) else 1
        y = self.depthwise(x, self.pick([3, 3, 5, 7, (1, 3), (3, 1)]), stride, self.some_act(), self.pick([1, 1, 2]))
        return self.conv(y, self.filters(), 1, act=self.some_act())

    def block_residual(self, x):
        channels = self.size(x)[0]
        y = self.conv(x, self.filters(), self.pick([1, 3]), act=self.some_act())
        y = self.depthwise(y, 3, act=self.some_act()) if self.chance() else y
        y = self.conv(y, channels, self.pick([1, 3]))
        y = self.add(x, y) if self.chance() else self.add(y, x)
        return self.act(y, self.pick(["none", *self.acts]))

    def block_growing(self, x):
        """A residual connection to more channels than it has."""
        channels, height, width = self.size(x)
        more = int(self.draw.integers(1, 17))
        y = self.conv(self.depthwise(x, 3), channels + more, 1)
        if self.chance():
            pads = self.constant([0, 0, 0, 0, 0, more, 0, 0], np.int64)
            x = self.node("Pad", [x, pads], (1, channels + more, height, width))
        else:
            zeros = self.constant(np.zeros((1, more, height, width)))
            self.shape[zeros] = (1, more, height, width)
            x = self.concat([x, zeros])
        return self.act(self.add(y, x), "relu")

    def block_excitation(self, x):
        channels, height, width = self.size(x)
        inner = max(4, channels // self.pick([2, 4]))
        shape = (1, channels, 1, 1)
        mean = self.mean(x) if self.chance() else self.node("ReduceMean", [x], shape, axes=[2, 3], keepdims=1)
        if self.chance(0.7):
            y = self.conv(self.conv(mean, inner, act="relu"), channels)
        else:
            y = self.reshape(self.linear(self.linear(self.flatten(mean), inner, "relu"), channels), shape)
        y = self.act(y, self.pick(["sigmoid", "hardsigmoid"]))
        return self.node("Mul", [x, y] if self.chance() else [y, x], self.shape[x])

    def block_attention(self, x):
        """A factor for each pixel, from the mean over channels or from all of them."""
        channels, height, width = self.size(x)
        mean = self.node("ReduceMean", [x], (1, 1, height, width), axes=[1], keepdims=1)
        y = self.conv(mean, 1, 3, act="sigmoid") if self.chance() else self.conv(x, 1, 1, act="sigmoid")
        return self.mul(x, y)

    def block_maximum(self, x):
        """The largest or smallest channel beside their mean, or the larger of two branches, of halves or of groups of channels."""
        channels, height, width = self.size(x)
        kind = self.pick(["channels", "branches", "halves", "groups"])
        largest = self.chance(0.7)
        reduce, compare = ("ReduceMax", "Max") if largest else ("ReduceMin", "Min")
        if kind == "channels":
            one = (1, 1, height, width)
            mean = self.node("ReduceMean", [x], one, axes=[1], keepdims=1)
            most = self.node(reduce, [x], one, axes=[1], keepdims=1)
            return self.mul(x, self.conv(self.concat([mean, most]), 1, self.pick([3, 7]), act="sigmoid"))
        if kind == "branches":
            filters = self.filters()
            a, b = self.conv(x, filters, 1), self.conv(x, filters, 3)
            return self.node(compare, [a, b], self.shape[a])
        half = self.filters()
        y = self.conv(x, 2 * half, 3)
        if kind == "halves":
            a, b = self.halves(y)
            return self.node(compare, [a, b], self.shape[a])
        y = self.reshape(y, (1, half, 2, height, width))
        return self.node(reduce, [y], (1, half, height, width), axes=[2], keepdims=0)

    def block_rare(self, x):
        """Operators that others make up."""
        channels, height, width = self.size(x)
        kind = self.pick(["Abs", "Selu", "crelu", "Mean", "Pow", "nearest"])
        y = self.conv(x, self.filters(), 3)
        if kind == "crelu":
            y = self.concat([y, self.node("Neg", [y], self.shape[y])])
            return self.node("Relu", [y], self.shape[y])
        if kind == "Mean":
            other = self.conv(x, self.size(y)[0], 1)
            return self.node("Mean", [y, other], self.shape[y])
        if kind == "Pow":
            return self.node("Pow", [y, self.constant(2.0)], self.shape[y])
        if kind == "nearest" and max(height, width) <= 20:
            shape = (1, self.size(y)[0], 3 * height, 3 * width)
            sizes = self.constant(shape, np.int64)
            return self.node("Resize", [y, "", "", sizes], shape, mode="nearest",
                             coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        return self.node(kind if kind != "nearest" else "Abs", [y], self.shape[y])

    def block_split(self, x):
        channels = self.size(x)[0]
        if channels % 2:
            return self.block_conv(x)
        a, b = self.halves(x) if self.chance() else (self.channels(x, 0, channels // 2), self.channels(x, channels // 2, channels))
        b = self.conv(b, channels // 2, 3, act=self.some_act())
        y = self.concat([a, b] if self.chance() else [b, a, x])
        return self.shuffle(y) if self.chance() and self.size(y)[0] % 2 == 0 else y

    def block_pool(self, x):
        channels, height, width = self.size(x)
        kernel = self.pick([2, 3, 3, 5])
        stride = self.pick([1, 2, 2]) if min(height, width) >= 8 else 1
        pad = self.pick([0, kernel // 2])
        ceil = self.chance(0.25)
        size = [self.pooled(n, kernel, stride, pad, ceil) for n in (height, width)]
        if min(size) < 1:
            return x
        attributes = dict(kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4, ceil_mode=int(ceil))
        if self.chance():
            return self.node("MaxPool", [x], (1, channels, *size), **attributes)
        return self.node("AveragePool", [x], (1, channels, *size), count_include_pad=int(self.chance()), **attributes)

    @staticmethod
    def pooled(extent, kernel, stride, pad, ceil):
        over = extent + 2 * pad - kernel
        count = -(-over // stride) + 1 if ceil else over // stride + 1
        return count - 1 if ceil and (count - 1) * stride >= extent + pad else count

    def block_larger(self, x):
        channels, height, width = self.size(x)
        if max(height, width) > 40:
            return self.block_pool(x)
        way = self.pick(["nearest", "linear", "transposed", "shuffle", "sizes"])
        if way == "nearest":
            return self.conv(self.nearest(x), self.filters(), 3, act=self.some_act())
        if way == "linear":
            return self.linear_resize(x)
        if way == "transposed":
            kernel, pad = self.pick([(2, 0), (4, 1)])
            return self.transposed(x, self.filters(), kernel, 2, pad, act="relu")
        if way == "shuffle":
            return self.depth_to_space(self.conv(x, 4 * self.pick([4, 8, 12, 16]), 3), 2)
        sizes = self.constant([1, channels, 2 * height, 2 * width], np.int64)
        return self.node("Resize", [x, "", "", sizes], (1, channels, 2 * height, 2 * width), mode="nearest",
                         coordinate_transformation_mode="half_pixel", nearest_mode="round_prefer_floor")

    def block_affine(self, x):
        """A scale and a shift that were not folded."""
        channels, height, width = self.size(x)
        scale, shift = self.draw.uniform(0.5, 1.5, channels), self.draw.normal(0, 0.3, channels)
        if self.chance():
            mean, variance = self.draw.normal(0, 0.2, channels), self.draw.uniform(0.5, 1.5, channels)
            y = self.node("BatchNormalization", [x, *map(self.constant, (scale, shift, mean, variance))], self.shape[x])
        else:
            y = self.node("Mul", [x, self.constant(scale.reshape(1, -1, 1, 1))], self.shape[x])
            y = self.node(self.pick(["Add", "Sub"]), [y, self.constant(shift.reshape(-1, 1, 1))], self.shape[x])
        return self.act(y, self.pick(["none", *self.acts]))

    def block_padded(self, x):
        """Asymmetric padding, as an attribute or a node of its own."""
        channels, height, width = self.size(x)
        top, left, bottom, right = (int(n) for n in self.draw.integers(0, 3, 4))
        stride = self.pick([1, 2])
        taps = (height + top + bottom, width + left + right)
        if min(taps) < 6:
            return x
        filters = self.filters()
        weights = self.constant(self.rng.normal(0, 1.3 / np.sqrt(9 * channels), (filters, channels, 3, 3)))
        shape = (1, filters, (taps[0] - 3) // stride + 1, (taps[1] - 3) // stride + 1)
        pads = [top, left, bottom, right]
        if self.chance():
            nodes = self.constant([0, 0, top, left, 0, 0, bottom, right], np.int64)
            x, pads = self.node("Pad", [x, nodes], (1, channels, *taps)), [0] * 4
        y = self.node("Conv", [x, weights], shape, kernel_shape=[3, 3], strides=[stride, stride], pads=pads)
        return self.act(y, self.some_act())

    def block_depth(self, x):
        """Pixels become channels."""
        channels, height, width = self.size(x)
        if height % 2 or width % 2 or channels > 32:
            return self.block_conv(x)
        y = self.node("SpaceToDepth", [x], (1, 4 * channels, height // 2, width // 2), blocksize=2)
        return self.conv(y, self.filters(), 1, act=self.some_act())

    def block_uneven(self, x):
        """Parts of different numbers of channels, back together in another order."""
        channels, height, width = self.size(x)
        first = int(self.draw.integers(1, channels))
        self.count += 1
        names, sizes = [f"part_{self.count}_{index}" for index in range(2)], [first, channels - first]
        self.nodes.append(helper.make_node("Split", [x, self.constant(sizes, np.int64)], names, name=f"/Split_{self.count}", axis=1))
        for name, size in zip(names, sizes):
            self.shape[name] = (1, size, height, width)
        a = self.conv(names[0], self.filters(), self.pick([1, 3]), act=self.some_act())
        return self.concat([names[1], a] if self.chance() else [a, names[1]])

    def block_last(self, x):
        """Channels last for a while, as networks of TensorFlow have it."""
        channels = self.size(x)[0]
        y = self.transpose(x, (0, 2, 3, 1))
        shift = self.constant(self.draw.normal(0, 0.3, channels))
        y = self.act(self.node("Add", [y, shift], self.shape[y]), self.pick(["relu", "relu6", "hswish"]))
        y = self.transpose(y, (0, 3, 1, 2))
        return self.conv(y, self.filters(), 3, act=self.some_act())

    def block_sum(self, x):
        """Branches of different kernels."""
        filters, act = self.filters(), self.some_act()
        a, b = self.conv(x, filters, 1), self.conv(x, filters, 3)
        kind = self.pick(["three", "difference", "activated"])
        if kind == "three":
            c = self.conv(self.depthwise(x, 3, act=act), filters, 1)
            return self.act(self.node("Sum", [a, b, c], self.shape[a]), act)
        if kind == "difference":
            return self.act(self.node("Sub", [a, b], self.shape[a]), act)
        return self.add(self.act(a, act), self.act(b, act))

    def block_pyramid(self, x):
        """Maxima of several sizes side by side."""
        channels = self.size(x)[0]
        y = self.conv(x, max(4, channels // 2), 1, act=self.some_act())
        pools = [y]
        for kernel in (5, 5, 5) if self.chance() else (3, 5, 9):
            pools.append(self.max_pool(pools[-1] if self.chance() else y, kernel))
        return self.conv(self.concat(pools), self.filters(), 1, act=self.some_act())

    def block_gate(self, x):
        """One convolution weighs another."""
        filters = self.filters()
        a = self.conv(x, filters, self.pick([1, 3]), act=self.pick(["none", *self.acts]))
        b = self.conv(x, filters, 1, act=self.pick(["sigmoid", "hardsigmoid", "tanh"]))
        return self.mul(a, b)

    def block_levels(self, x):
        """A smaller plane, made large again, beside the plane itself."""
        channels, height, width = self.size(x)
        if height % 2 or width % 2 or min(height, width) < 6:
            return self.block_conv(x)
        filters = self.filters()
        y = self.conv(x, filters, 3, 2, self.some_act())
        y = self.conv(y, filters, 3, act=self.some_act())
        y = self.nearest(y) if self.chance() else self.transposed(y, filters, 2, 2)
        if self.chance():
            return self.conv(self.concat([y, x]), self.filters(), 3, act=self.some_act())
        return self.add(y, self.conv(x, filters, 1))

    def block_transposed(self, x):
        """Transposed convolutions with other paddings and with a kernel for each channel."""
        channels, height, width = self.size(x)
        if max(height, width) > 32:
            return self.block_pool(x)
        groups = channels if self.chance(0.3) else 1
        filters = channels if groups > 1 else self.filters()
        kernel, pad, extra = self.pick([(3, 1, 1), (3, 0, 0), (4, 1, 0), (5, 2, 1)])
        weights = self.rng.normal(0, 2 / kernel / np.sqrt(channels // groups), (channels, filters // groups, kernel, kernel))
        shape = (1, filters, *(2 * (n - 1) + kernel - 2 * pad + extra for n in (height, width)))
        y = self.node("ConvTranspose", [x, self.constant(weights)], shape, kernel_shape=[kernel] * 2, strides=[2, 2],
                      pads=[pad] * 4, output_padding=[extra] * 2, group=groups)
        return self.act(y, self.some_act())

    def block_dense(self, x):
        """Each layer reads all before it."""
        values = [x]
        for _ in range(int(self.draw.integers(2, 4))):
            y = self.concat(values) if len(values) > 1 else x
            values.append(self.conv(y, self.pick([8, 12, 16]), 3, act=self.some_act()))
        return self.concat(values)

    # ---- the end
    def head(self, x):
        kind = self.pick(["classes", "classes", "maps", "two", "pixels", "shares", "boxes"])
        if kind == "shares":
            y = self.conv(x, 6, 1)
            return [self.node("Softmax", [y], self.shape[y], axis=1)]
        if kind == "boxes":
            # Two levels, whose places are joined.
            levels = [x, self.conv(x, self.filters(), 3, 2, self.some_act())]
            parts = [self.conv(level, 14, 1) for level in levels]
            places = [self.reshape(part, (1, 14, self.shape[part][2] * self.shape[part][3])) for part in parts]
            return [self.transpose(self.concat(places, 2), (0, 2, 1))]
        if kind == "classes" and self.chance():
            return [self.linear(self.flatten(self.mean(x)), 10)]
        if kind == "classes":
            features = self.size(x)[0]
            vector = self.node("ReduceMean", [x], (1, features), axes=[2, 3], keepdims=0)
            weights = self.constant(self.draw.normal(0, 1 / np.sqrt(features), (features, 10)))
            y = self.node("MatMul", [vector, weights], (1, 10))
            return [self.node("Add", [y, self.constant(self.draw.normal(0, 0.2, 10))], (1, 10))]
        if kind == "maps":
            return [self.conv(x, 18, 1)]
        if kind == "two":
            return [self.conv(x, 8, 1, act="sigmoid"), self.conv(x, 12, 3)]
        channels, height, width = self.size(x)
        y = self.conv(x, 12, 1)
        return [self.transpose(self.reshape(y, (1, 12, height * width)), (0, 2, 1))]


def run(*command):
    """The lines of standard error where a command fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[0]


def decibels(exact, got):
    return 10 * np.log10(np.square(exact).sum() / max(np.square(exact - got).sum(), 1e-30))


def numbers(folder, session):
    """What `seigo run` wrote, in the order of the outputs."""
    return [np.load(folder / f"{output.name.replace('/', '_')}.npy").astype(np.float64) for output in session.get_outputs()]


def check(args, seed, folder):
    """The least dB of int8, and why the network falls short, if it does."""
    network = Random(seed)
    model, frames = folder / "model.onnx", folder / "frames"
    network.save(model, network.outputs)
    network.save_frames(frames, CALIBRATING + HELD_OUT)
    held_out = sorted(frames.glob("*.npy"))[CALIBRATING:]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(model), options)
    exact = [session.run(None, {network.input: np.load(file)}) for file in held_out]
    for file, expected in zip(held_out, exact):
        if why := run(args.seigo, "run", model, "--input", file, "-o", folder / "float", "-q"):
            return None, f"float: {why}"
        for own, theirs in zip(numbers(folder / "float", session), expected):
            if own.shape != theirs.shape or np.abs(own - theirs).max() > 1e-4 * max(np.abs(theirs).max(), 1e-3):
                return None, f"float: shape {own.shape}, off by {np.abs(own - theirs).max():.3g}"
    ceras = folder / "model.ceras"
    if why := run(args.seigo, "quantize", model, "--calib", frames, "--frames", CALIBRATING, "-o", ceras, "-q"):
        return None, f"quantize: {why}"
    least = np.inf
    for file, expected in zip(held_out, exact):
        if why := run(args.seigo, "run", ceras, "--input", file, "-o", folder / "int8", "-q"):
            return None, f"int8: {why}"
        least = min([least, *map(decibels, expected, numbers(folder / "int8", session))])
    bundle = folder / "bundle"
    if why := run(args.seigo, "build", ceras, "--target", "kv260", "-o", bundle):
        return least, f"build: {why}"
    if why := run(args.seigo, "build", ceras, "--target", "kv260", "--no-processor", "-o", folder / "alone"):
        args.left.append((seed, why))
    if seed < args.first + args.rtl:
        if why := run(args.seigo, "cosim", bundle, "--input", held_out[0], "-q"):
            return least, f"cosim: {why}"
    if least >= args.least:
        return least, None
    theirs = peer(model, sorted(frames.glob("*.npy"))[:CALIBRATING], held_out, folder)
    return least, f"{least:.1f} dB, ONNX Runtime {theirs:.1f} dB"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seigo", required=True, type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--rtl", type=int, default=0, help="how many run in the hardware")
    parser.add_argument("--least", type=float, default=25.0, help="dB that int8 is to keep")
    parser.add_argument("--keep", type=Path, help="folder for networks that fall short")
    args = parser.parse_args()
    args.left, short, ratios = [], [], []
    for seed in range(args.first, args.first + args.count):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            least, why = check(args, seed, folder)
            if least is not None:
                ratios.append(least)
            if why:
                short.append(seed)
                print(f"{seed}: {why} [{', '.join(Random(seed).acts + Random(seed).blocks)}]", flush=True)
                if args.keep:
                    shutil.copytree(folder, args.keep / str(seed), dirs_exist_ok=True)
    for seed, why in args.left:
        print(f"{seed}: not without the processor: {why}")
    quartiles = [round(float(n), 1) for n in np.quantile(ratios, [0, 0.1, 0.5, 0.9])] if ratios else []
    print(json.dumps({"networks": args.count, "short": len(short), "with_processor": len(args.left), "decibels": quartiles}))
    sys.exit(1 if short else 0)


if __name__ == "__main__":
    main()
