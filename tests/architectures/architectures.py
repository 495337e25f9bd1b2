"""Networks of the kinds that people bring, by their papers and public implementations, with random weights: numbers of
layers, channels and pixels are real, what they detect is not.

    architectures.py FOLDER [NAME...]    writes NAME.onnx and calibration frames, folder NAME, for all names or those given;
                                         NAME-640 is NAME for images of 640 x 640
"""
import sys
from pathlib import Path

from network import Network


def shufflenet_v2(height=320, width=320):
    """ShuffleNetV2 1.0x (Ma et al. 2018) with a head of depthwise 5x5 convolutions at two sizes, as NanoDet has it."""
    net = Network("shufflenet_v2", height, width)
    x = net.max_pool(net.conv(net.input, 24, 3, 2, "relu"), 3, 2)
    taps = []
    for channels, repeats in ((116, 4), (232, 8), (464, 4)):
        half = channels // 2
        left = net.conv(net.depthwise(x, 3, 2), half, act="relu")
        right = net.conv(net.depthwise(net.conv(x, half, act="relu"), 3, 2), half, act="relu")
        x = net.shuffle(net.concat([left, right]))
        for _ in range(repeats - 1):
            kept, moved = net.halves(x)
            moved = net.conv(net.depthwise(net.conv(moved, half, act="relu"), 3), half, act="relu")
            x = net.shuffle(net.concat([kept, moved]))
        taps.append(x)
    deep = net.conv(taps[2], 96, act="relu")
    wide = net.add(net.conv(taps[1], 96, act="relu"), net.nearest(deep))
    outputs = []
    for level in (wide, deep):
        for _ in range(2):
            level = net.conv(net.depthwise(level, 5, act="relu"), 96, act="relu")
        outputs.append(net.conv(level, 85))
    return net, outputs


def blazeface(height=128, width=128):
    """BlazeFace (Bazarevsky et al. 2019): residual sums over channels that are padded with zeros, depthwise 5x5."""
    net = Network("blazeface", height, width)
    x = net.conv(net.input, 24, 5, 2, "relu")

    def block(x, channels, stride=1, act="relu"):
        _, have, height, width = net.shape[x]
        y = net.conv(net.depthwise(x, 5, stride), channels, gain=0.5)
        if stride == 2:
            x = net.max_pool(x, 2, 2, 0)
            height, width = height // 2, width // 2
        if channels > have:
            pads = net.constant([0, 0, 0, 0, 0, channels - have, 0, 0], "int64")
            x = net.node("Pad", [x, pads], (1, channels, height, width), mode="constant")
        return net.act(net.add(x, y), act)

    for channels, stride in ((24, 1), (28, 1), (32, 2), (36, 1), (42, 1), (48, 2), (56, 1), (64, 1), (72, 1), (80, 1),
                             (88, 1)):
        x = block(x, channels, stride)
    deep = block(x, 96, 2)
    for _ in range(4):
        deep = block(deep, 96)
    outputs = []
    for level, anchors in ((x, 2), (deep, 6)):
        for numbers in (1, 16):
            y = net.transpose(net.conv(level, anchors * numbers), (0, 2, 3, 1))
            count = net.shape[y][1] * net.shape[y][2] * anchors
            outputs.append(net.reshape(y, (1, count, numbers)))
    return net, [net.concat(outputs[0::2], 1), net.concat(outputs[1::2], 1)]


def mobilenet_v3(height=224, width=224):
    """MobileNetV3-small (Howard et al. 2019) with squeeze and excitation, as torchvision has it."""
    net = Network("mobilenet_v3", height, width)
    x = net.conv(net.input, 16, 3, 2, "hswish")

    def excite(x):
        channels = net.shape[x][1]
        squeezed = max(8, (channels // 4 + 4) // 8 * 8)
        y = net.conv(net.conv(net.mean(x), squeezed, act="relu"), channels)
        return net.mul(x, net.node("HardSigmoid", [y], net.shape[y], alpha=1 / 6, beta=0.5))

    for kernel, expanded, channels, excited, act, stride in (
            (3, 16, 16, True, "relu", 2), (3, 72, 24, False, "relu", 2), (3, 88, 24, False, "relu", 1),
            (5, 96, 40, True, "hswish", 2), (5, 240, 40, True, "hswish", 1), (5, 240, 40, True, "hswish", 1),
            (5, 120, 48, True, "hswish", 1), (5, 144, 48, True, "hswish", 1), (5, 288, 96, True, "hswish", 2),
            (5, 576, 96, True, "hswish", 1), (5, 576, 96, True, "hswish", 1)):
        y = net.conv(x, expanded, act=act) if expanded != net.shape[x][1] else x
        y = net.depthwise(y, kernel, stride, act)
        y = net.conv(excite(y) if excited else y, channels, gain=0.5 if channels == net.shape[x][1] else 1.0)
        x = net.add(x, y) if stride == 1 and channels == net.shape[x][1] else y
    x = net.flatten(net.mean(net.conv(x, 576, act="hswish")))
    return net, [net.linear(net.linear(x, 1024, "hswish"), 1000)]


def efficientnet_b0(height=224, width=224):
    """EfficientNet-B0 (Tan and Le 2019): squeeze and excitation in every block."""
    net = Network("efficientnet_b0", height, width)
    x = net.conv(net.input, 32, 3, 2, "silu")

    def excite(x, squeezed):
        y = net.conv(net.conv(net.mean(x), squeezed, act="silu"), net.shape[x][1])
        return net.mul(x, net.node("Sigmoid", [y], net.shape[y]))

    for expansion, channels, repeats, stride, kernel in (
            (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5),
            (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)):
        for index in range(repeats):
            before, step = net.shape[x][1], stride if index == 0 else 1
            kept = step == 1 and channels == before
            y = net.conv(x, expansion * before, act="silu") if expansion > 1 else x
            y = excite(net.depthwise(y, kernel, step, "silu"), before // 4)
            y = net.conv(y, channels, gain=0.5 if kept else 1.0)
            x = net.add(x, y) if kept else y
    x = net.flatten(net.mean(net.conv(x, 1280, act="silu")))
    return net, [net.linear(x, 1000)]


def unet(height=224, width=224, base=16):
    """U-Net (Ronneberger et al. 2015), a quarter as wide, transposed convolutions on the way up."""
    net = Network("unet", height, width)
    double = lambda x, channels: net.conv(net.conv(x, channels, 3, act="relu"), channels, 3, act="relu")
    x, kept = net.input, []
    for level in range(4):
        x = double(x, base << level)
        kept.append(x)
        x = net.max_pool(x, 2, 2, 0)
    x = double(x, base << 4)
    for level in reversed(range(4)):
        x = double(net.concat([kept[level], net.transposed(x, base << level)]), base << level)
    return net, [net.conv(x, 4)]


def espcn(height=224, width=224, scale=3):
    """ESPCN (Shi et al. 2016): super resolution of one channel, the last layer's channels become pixels."""
    net = Network("espcn", height, width, channels=1)
    x = net.conv(net.conv(net.input, 64, 5, act="relu"), 32, 3, act="relu")
    return net, [net.depth_to_space(net.conv(x, scale * scale, 3), scale)]


def bottleneck(net, x, channels, shortcut, kernels):
    hidden = net.conv(x, channels, kernels[0], act="silu")
    y = net.conv(hidden, channels, kernels[1], act="silu", gain=0.5 if shortcut else 1.0)
    return net.add(x, y) if shortcut else y


def yolov8n(height=320, width=320):
    """YOLOv8n (Ultralytics 2023) with its head in the graph: distribution of edges by softmax, classes by sigmoid."""
    net = Network("yolov8n", height, width)

    def c2f(x, channels, repeats, shortcut):
        parts = net.halves(net.conv(x, channels, act="silu"))
        for _ in range(repeats):
            parts.append(bottleneck(net, parts[-1], channels // 2, shortcut, (3, 3)))
        return net.conv(net.concat(parts), channels, act="silu")

    x = net.conv(net.conv(net.input, 16, 3, 2, "silu"), 32, 3, 2, "silu")
    x = c2f(x, 32, 1, True)
    levels = []
    for channels, repeats in ((64, 2), (128, 2), (256, 1)):
        x = c2f(net.conv(x, channels, 3, 2, "silu"), channels, repeats, True)
        levels.append(x)
    pooled = [net.conv(x, 128, act="silu")]
    for _ in range(3):
        pooled.append(net.max_pool(pooled[-1], 5))
    p5 = net.conv(net.concat(pooled), 256, act="silu")
    p4 = c2f(net.concat([net.nearest(p5), levels[1]]), 128, 1, False)
    p3 = c2f(net.concat([net.nearest(p4), levels[0]]), 64, 1, False)
    n4 = c2f(net.concat([net.conv(p3, 64, 3, 2, "silu"), p4]), 128, 1, False)
    n5 = c2f(net.concat([net.conv(n4, 128, 3, 2, "silu"), p5]), 256, 1, False)
    heads = []
    for x in (p3, n4, n5):
        boxes = net.conv(net.conv(net.conv(x, 64, 3, act="silu"), 64, 3, act="silu"), 64)
        classes = net.conv(net.conv(net.conv(x, 80, 3, act="silu"), 80, 3, act="silu"), 80)
        _, _, rows, columns = net.shape[boxes]
        heads.append(net.reshape(net.concat([boxes, classes]), (1, 144, rows * columns)))
    joined = net.concat(heads, 2)
    count = net.shape[joined][2]
    numbers = lambda *values: [net.constant([value], "int64") for value in values]
    boxes = net.node("Slice", [joined, *numbers(0, 64, 1)], (1, 64, count))
    classes = net.node("Slice", [joined, *numbers(64, 144, 1)], (1, 80, count))
    edges = net.transpose(net.reshape(boxes, (1, 4, 16, count)), (0, 2, 1, 3))
    edges = net.node("Softmax", [edges], net.shape[edges], axis=1)
    weights = net.constant([[[[float(n)]] for n in range(16)]])
    edges = net.node("Conv", [edges, weights], (1, 1, 4, count), kernel_shape=[1, 1])
    return net, [net.concat([net.reshape(edges, (1, 4, count)), net.act(classes, "sigmoid")])]


def yolox_s(height=640, width=640):
    """YOLOX-S (Ge et al. 2021)."""
    net = Network("yolox_s", height, width)

    def csp(x, channels, repeats, shortcut=True):
        y = net.conv(x, channels // 2, act="silu")
        side = net.conv(x, channels // 2, act="silu")
        for _ in range(repeats):
            y = bottleneck(net, y, channels // 2, shortcut, (1, 3))
        return net.conv(net.concat([y, side]), channels, act="silu")

    quarters = []
    for row, column in ((0, 0), (1, 0), (0, 1), (1, 1)):
        rows = net.node("Slice", [net.input, *(net.constant([n], "int64") for n in (row, 1 << 30, 2, 2))],
                        (1, 3, height // 2, width))
        # Inputs of Slice: starts, ends, axes, steps.
        quarters.append(net.node("Slice", [rows, *(net.constant([n], "int64") for n in (column, 1 << 30, 3, 2))],
                                 (1, 3, height // 2, width // 2)))
    x = net.conv(net.concat(quarters), 32, 3, act="silu")
    levels = []
    for channels, repeats in ((64, 1), (128, 3), (256, 3)):
        x = csp(net.conv(x, channels, 3, 2, "silu"), channels, repeats)
        levels.append(x)
    x = net.conv(net.conv(x, 512, 3, 2, "silu"), 256, act="silu")
    x = net.conv(net.concat([x, *(net.max_pool(x, kernel) for kernel in (5, 9, 13))]), 512, act="silu")
    x = csp(x, 512, 1, False)
    lateral = net.conv(x, 256, act="silu")
    middle = csp(net.concat([net.nearest(lateral), levels[2]]), 256, 1, False)
    reduced = net.conv(middle, 128, act="silu")
    p3 = csp(net.concat([net.nearest(reduced), levels[1]]), 128, 1, False)
    n4 = csp(net.concat([net.conv(p3, 128, 3, 2, "silu"), reduced]), 256, 1, False)
    n5 = csp(net.concat([net.conv(n4, 256, 3, 2, "silu"), lateral]), 512, 1, False)
    flat = []
    for x in (p3, n4, n5):
        x = net.conv(x, 128, act="silu")
        towers = [net.conv(net.conv(x, 128, 3, act="silu"), 128, 3, act="silu") for _ in range(2)]
        parts = [net.conv(towers[1], 4), net.conv(towers[1], 1, act="sigmoid"), net.conv(towers[0], 80, act="sigmoid")]
        y = net.concat(parts)
        flat.append(net.reshape(y, (1, 85, net.shape[y][2] * net.shape[y][3])))
    return net, [net.transpose(net.concat(flat, 2), (0, 2, 1))]


def resnet20(height=32, width=32):
    """ResNet-20 for CIFAR-10 (He et al. 2016, section 4.2), with projections where the stride is 2."""
    net = Network("resnet20", height, width)
    x = net.conv(net.input, 16, 3, act="relu")
    for channels in (16, 32, 64):
        for block in range(3):
            stride = 2 if channels > 16 and block == 0 else 1
            y = net.conv(net.conv(x, channels, 3, stride, "relu"), channels, 3, gain=0.5)
            x = net.act(net.add(y, net.conv(x, channels, 1, stride) if stride == 2 else x), "relu")
    return net, [net.linear(net.flatten(net.mean(x)), 10)]


def mnist(height=28, width=28):
    """The convolutional network for handwritten digits of the ONNX model zoo."""
    net = Network("mnist", height, width, channels=1)
    x = net.max_pool(net.conv(net.input, 8, 5, act="relu"), 2, 2, 0)
    x = net.max_pool(net.conv(x, 16, 5, act="relu"), 3, 3, 0)
    return net, [net.linear(net.flatten(x), 10)]


ALL = {build.__name__: build for build in (
    shufflenet_v2, blazeface, mobilenet_v3, efficientnet_b0, unet, espcn, yolov8n, yolox_s)}
# Written only where they are named: of the size that microcontrollers run.
SMALL = {build.__name__: build for build in (resnet20, mnist)}

# Calibration frames of each.
FRAMES = 16


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or ALL:
        architecture, _, side = name.partition("-")
        net, outputs = {**ALL, **SMALL}[architecture](*[int(side)] * 2 if side else ())
        net.save(folder / f"{name}.onnx", outputs)
        net.save_frames(folder / name, FRAMES)


if __name__ == "__main__":
    main()
