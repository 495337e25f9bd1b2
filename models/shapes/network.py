"""YOLOX-Nano's architecture (Ge et al., "YOLOX: Exceeding YOLO Series in 2021"), narrower.

Focus stem, depthwise CSP blocks with SiLU, SPP, PAFPN, decoupled heads at strides 8, 16 and 32.
"""

import math

import torch
from torch import nn

STRIDES = (8, 16, 32)


class Conv(nn.Module):
    """Convolution, batch normalization, SiLU."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1):
        super().__init__()
        pad = (kernel - 1) // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, pad, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x):
        return self.act(self.norm(self.conv(x)))


class Separable(nn.Sequential):
    """A depthwise convolution and a pointwise one."""

    def __init__(self, inputs, outputs, kernel, stride=1):
        super().__init__(
            Conv(inputs, inputs, kernel, stride, groups=inputs), Conv(inputs, outputs, 1)
        )


class Focus(nn.Module):
    """Every second pixel of every second row, four times, as channels."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = Conv(4 * inputs, outputs, 3)

    def forward(self, x):
        top_left, top_right = x[..., ::2, ::2], x[..., ::2, 1::2]
        bottom_left, bottom_right = x[..., 1::2, ::2], x[..., 1::2, 1::2]
        return self.conv(torch.cat((top_left, bottom_left, top_right, bottom_right), 1))


class Bottleneck(nn.Module):
    def __init__(self, channels, shortcut):
        super().__init__()
        self.first = Conv(channels, channels, 1)
        self.second = Separable(channels, channels, 3)
        self.shortcut = shortcut

    def forward(self, x):
        y = self.second(self.first(x))
        return x + y if self.shortcut else y


class Csp(nn.Module):
    """Cross-stage partial block: bottlenecks on one half of the channels, the other half as it is."""

    def __init__(self, inputs, outputs, count, shortcut=True):
        super().__init__()
        hidden = outputs // 2
        self.main = Conv(inputs, hidden, 1)
        self.side = Conv(inputs, hidden, 1)
        self.blocks = nn.Sequential(*(Bottleneck(hidden, shortcut) for _ in range(count)))
        self.join = Conv(2 * hidden, outputs, 1)

    def forward(self, x):
        return self.join(torch.cat((self.blocks(self.main(x)), self.side(x)), 1))


class Spp(nn.Module):
    """Spatial pyramid pooling."""

    def __init__(self, inputs, outputs):
        super().__init__()
        hidden = inputs // 2
        self.reduce = Conv(inputs, hidden, 1)
        self.pools = nn.ModuleList(nn.MaxPool2d(size, 1, size // 2) for size in (5, 9, 13))
        self.join = Conv(4 * hidden, outputs, 1)

    def forward(self, x):
        x = self.reduce(x)
        return self.join(torch.cat([x] + [pool(x) for pool in self.pools], 1))


class Backbone(nn.Module):
    def __init__(self, widths):
        super().__init__()
        stem, two, three, four, five = widths
        self.stem = Focus(3, stem)
        self.dark2 = nn.Sequential(Separable(stem, two, 3, 2), Csp(two, two, 1))
        self.dark3 = nn.Sequential(Separable(two, three, 3, 2), Csp(three, three, 3))
        self.dark4 = nn.Sequential(Separable(three, four, 3, 2), Csp(four, four, 3))
        self.dark5 = nn.Sequential(
            Separable(four, five, 3, 2), Spp(five, five), Csp(five, five, 1, shortcut=False)
        )

    def forward(self, x):
        three = self.dark3(self.dark2(self.stem(x)))
        four = self.dark4(three)
        return three, four, self.dark5(four)


class Pafpn(nn.Module):
    """Path aggregation: coarse features go down to the fine ones and back up."""

    def __init__(self, widths):
        super().__init__()
        three, four, five = widths
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        self.lateral5 = Conv(five, four, 1)
        self.down4 = Csp(2 * four, four, 1, shortcut=False)
        self.lateral4 = Conv(four, three, 1)
        self.down3 = Csp(2 * three, three, 1, shortcut=False)
        self.to4 = Separable(three, three, 3, 2)
        self.up4 = Csp(2 * three, four, 1, shortcut=False)
        self.to5 = Separable(four, four, 3, 2)
        self.up5 = Csp(2 * four, five, 1, shortcut=False)

    def forward(self, features):
        three, four, five = features
        five = self.lateral5(five)
        four = self.lateral4(self.down4(torch.cat((self.upsample(five), four), 1)))
        three = self.down3(torch.cat((self.upsample(four), three), 1))
        four = self.up4(torch.cat((self.to4(three), four), 1))
        five = self.up5(torch.cat((self.to5(four), five), 1))
        return three, four, five


class Head(nn.Module):
    """One level of the decoupled head: 4 box values, objectness, class scores, all logits."""

    def __init__(self, inputs, hidden, classes):
        super().__init__()
        self.stem = Conv(inputs, hidden, 1)
        branch = lambda: nn.Sequential(Separable(hidden, hidden, 3), Separable(hidden, hidden, 3))
        self.classes, self.boxes = branch(), branch()
        self.class_logits = nn.Conv2d(hidden, classes, 1)
        self.box_values = nn.Conv2d(hidden, 4, 1)
        self.objectness = nn.Conv2d(hidden, 1, 1)
        for layer in (self.class_logits, self.objectness):
            nn.init.constant_(layer.bias, -math.log(99))

    def forward(self, x):
        x = self.stem(x)
        classes, boxes = self.classes(x), self.boxes(x)
        return self.box_values(boxes), self.objectness(boxes), self.class_logits(classes)


class Detector(nn.Module):
    """Images of 0 to 255, BGR, to N x boxes x (4 + 1 + classes).

    Scores are logits while training and probabilities in export; boxes are offsets in cells and
    logarithms of sizes in cells, as YOLOX exports them.
    """

    def __init__(self, classes, widths=(16, 24, 48, 64, 96), hidden=32):
        super().__init__()
        self.backbone = Backbone(widths)
        self.neck = Pafpn(widths[2:])
        self.heads = nn.ModuleList(Head(width, hidden, classes) for width in widths[2:])
        self.export = False

    def forward(self, images):
        levels = []
        for head, feature in zip(self.heads, self.neck(self.backbone(images))):
            boxes, objectness, classes = head(feature)
            if self.export:
                objectness, classes = objectness.sigmoid(), classes.sigmoid()
            levels.append(torch.cat((boxes, objectness, classes), 1).flatten(2))
        return torch.cat(levels, 2).permute(0, 2, 1)


def cells(side):
    """Column, row and stride of every box, in the order of the output."""
    rows = []
    for stride in STRIDES:
        count = side // stride
        y, x = torch.meshgrid(torch.arange(count), torch.arange(count), indexing="ij")
        stride = torch.full((count * count,), stride)
        rows.append(torch.stack((x.flatten(), y.flatten(), stride), 1))
    return torch.cat(rows).float()
