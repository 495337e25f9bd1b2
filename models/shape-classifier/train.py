"""Trains the classifier of this folder on crops of single shapes and writes it as ONNX.

    python train.py CROPS -o shape_classifier.onnx

CROPS is a folder that `xtask scenes --crops` wrote. Everything is seeded.
"""

import json
import pathlib
import sys
import time

import numpy
import onnx
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import training  # noqa: E402

SEED = 0
SIDE = 32
BATCH = 64
EPOCHS = 12
RATE = 4e-3
WIDTHS = (16, 24, 48)


def conv(inputs, outputs, stride):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
    )


class Residual(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, channels):
        super().__init__()
        self.first, self.second = conv(channels, channels, 1), conv(channels, channels, 1)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + x)


class Classifier(nn.Module):
    """RGB of 0 to 255, 32 x 32, to a logit per class."""

    def __init__(self, classes):
        super().__init__()
        one, two, three = WIDTHS
        self.features = nn.Sequential(
            conv(3, one, 2), nn.ReLU(), Residual(one),
            conv(one, two, 2), nn.ReLU(), Residual(two),
            conv(two, three, 2), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        )
        self.logits = nn.Linear(three, classes)

    def forward(self, x):
        return self.logits(self.features(x))


def load(folder, classes):
    """Images as N x 3 x side x side in RGB, and labels."""
    lines = [line.split(",") for line in (folder / "labels.csv").read_text().splitlines()]
    images = numpy.stack([numpy.asarray(Image.open(folder / "images" / name)) for name, _ in lines])
    labels = torch.tensor([classes.index(label) for _, label in lines])
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), labels


def train(images, labels, classes, epochs):
    random = numpy.random.default_rng(SEED)
    network = Classifier(classes)
    print(f"{sum(p.numel() for p in network.parameters())} parameters", flush=True)
    steps = epochs * (len(images) // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    started = time.time()
    for epoch in range(epochs):
        order = torch.from_numpy(random.permutation(len(images)))
        right = 0
        for batch in order[: len(order) // BATCH * BATCH].split(BATCH):
            x = images[batch][:, torch.from_numpy(random.permutation(3))].float()
            x = torch.rot90(x, int(random.integers(4)), (2, 3))
            y = network(x)
            value = F.cross_entropy(y, labels[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()
            right += int((y.argmax(1) == labels[batch]).sum())
        share = right / (len(images) // BATCH * BATCH)
        print(f"epoch {epoch + 1} of {epochs}: {share:.4f} right, {time.time() - started:.0f} s", flush=True)
    return network.eval()


def main():
    arguments = training.arguments(__doc__, "crops", EPOCHS)
    task = pathlib.Path(__file__).with_name("shape_classifier.task.json")
    classes = json.loads(task.read_text())["classes"]
    training.reproducible(SEED)
    images, labels = load(arguments.crops, classes)
    network = train(images, labels, len(classes), arguments.epochs)
    image = torch.zeros(1, 3, SIDE, SIDE)
    names = {"input_names": ["image"], "output_names": ["logits"]}
    torch.onnx.export(network, image, str(arguments.output), opset_version=13, dynamo=False, **names)
    model = onnx.load(str(arguments.output))
    model.graph.name = "shape_classifier"
    onnx.save(model, str(arguments.output))
    onnx.checker.check_model(model, full_check=True)
    print(f"wrote {arguments.output}: {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
