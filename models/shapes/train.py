"""Trains the detector of this folder on drawn scenes and writes it as ONNX.

    python train.py SCENES -o shapes.onnx

SCENES is a folder that `xtask scenes` wrote. Everything is seeded.
"""

import copy
import json
import pathlib
import sys
import time

import numpy
import onnx
import torch
from PIL import Image

from loss import loss
from network import Detector, cells

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import training  # noqa: E402

SEED = 0
SIDE = 160
MOST_OBJECTS = 6
BATCH = 32
EPOCHS = 14
WARMUP = 150
RATE = 4e-3
DECAY = 0.02
AVERAGE = 0.998


def load(folder):
    """Images as N x 3 x side x side in BGR; objects as center and size, label, presence."""
    instances = json.loads((folder / "instances.json").read_text())
    count = len(instances["images"])
    images = numpy.empty((count, SIDE, SIDE, 3), numpy.uint8)
    for index, image in enumerate(instances["images"]):
        images[index] = numpy.asarray(Image.open(folder / "images" / image["file_name"]))
    truth = torch.zeros(count, MOST_OBJECTS, 4)
    labels = torch.zeros(count, MOST_OBJECTS, dtype=torch.long)
    present = torch.zeros(count, MOST_OBJECTS, dtype=torch.bool)
    filled = [0] * count
    for one in instances["annotations"]:
        image = one["image_id"]
        place = filled[image]
        x, y, width, height = one["bbox"]
        truth[image, place] = torch.tensor([x + width / 2, y + height / 2, width, height])
        labels[image, place] = one["category_id"] - 1
        present[image, place] = True
        filled[image] += 1
    images = torch.from_numpy(images).permute(0, 3, 1, 2).flip(1).contiguous()
    return images, truth, labels, present, len(instances["categories"])


def vary(images, truth, random):
    """Turns, mirrors and recolors a batch: no class depends on these."""
    turns, mirror, negative = (int(random.integers(n)) for n in (4, 2, 2))
    images = images[:, torch.from_numpy(random.permutation(3))]
    images = torch.rot90(images, turns, (2, 3))
    x, y, width, height = truth.unbind(-1)
    for _ in range(turns):
        x, y, width, height = y, SIDE - x, height, width
    if mirror:
        images, x = images.flip(3), SIDE - x
    images = images.float().contiguous(memory_format=torch.channels_last)
    return (255 - images if negative else images), torch.stack((x, y, width, height), -1)


def train(data, epochs):
    images, truth, labels, present, classes = data
    random = numpy.random.default_rng(SEED)
    network = Detector(classes).to(memory_format=torch.channels_last)
    average = copy.deepcopy(network)
    print(f"{sum(p.numel() for p in network.parameters())} parameters", flush=True)
    decayed = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() == 1]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    steps = epochs * (len(images) // BATCH)
    rate = lambda step: min((step + 1) / WARMUP, 0.5 * (1 + numpy.cos(numpy.pi * step / steps)) + 0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    grid = cells(SIDE)
    started, step = time.time(), 0
    for epoch in range(epochs):
        order = torch.from_numpy(random.permutation(len(images)))
        total = 0.0
        for batch in order[: len(order) // BATCH * BATCH].split(BATCH):
            varied, boxes = vary(images[batch], truth[batch], random)
            value = loss(network(varied), grid, boxes, labels[batch], present[batch])
            optimizer.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 20)
            optimizer.step()
            schedule.step()
            step += 1
            follow(average, network, min(AVERAGE, step / (step + 20)))
            total += value.item()
        mean = total / (len(images) // BATCH)
        print(f"epoch {epoch + 1} of {epochs}: loss {mean:.3f}, {time.time() - started:.0f} s", flush=True)
    return average


@torch.no_grad()
def follow(average, network, keep):
    """Moves the average towards the network."""
    new = network.state_dict()
    for name, value in average.state_dict().items():
        if value.dtype.is_floating_point:
            value.mul_(keep).add_(new[name], alpha=1 - keep)


def export(network, path):
    network.eval()
    network.export = True
    image = torch.zeros(1, 3, SIDE, SIDE)
    names = {"input_names": ["images"], "output_names": ["output"]}
    torch.onnx.export(network, image, str(path), opset_version=13, dynamo=False, **names)
    model = onnx.load(str(path))
    rename(model.graph, "shapes")
    onnx.save(model, str(path))
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)


def rename(graph, name):
    """Gives nodes and tensors the names of their modules: `/dark2/dark2.0/dark2.0.1/conv/Conv`
    becomes `dark2.0.1.conv`."""
    def short(long):
        parts = [part for part in long.split("/") if part]
        kept = [part for part, after in zip(parts, parts[1:] + [""]) if not after.startswith(part + ".")]
        if kept[-1:] == ["Conv"] and len(kept) > 1:
            kept.pop()
        return ".".join(kept)

    graph.name = name
    ports = {port.name for port in list(graph.input) + list(graph.output)}
    tensor = lambda long: long if long in ports or not long.startswith("/") else short(long)
    for node in graph.node:
        node.name = short(node.name)
        node.input[:] = [tensor(one) for one in node.input]
        node.output[:] = [tensor(one) for one in node.output]
    for value in graph.value_info:
        value.name = tensor(value.name)
    names = [one for node in graph.node for one in node.output] + [node.name for node in graph.node]
    assert len(set(names)) == len(names), "two names became one"


def main():
    arguments = training.arguments(__doc__, "scenes", EPOCHS)
    training.reproducible(SEED)
    export(train(load(arguments.scenes), arguments.epochs), arguments.output)
    print(f"wrote {arguments.output}: {arguments.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
