"""YOLOX's loss with its assignment of boxes to objects (SimOTA), for a whole batch at once."""

import torch
import torch.nn.functional as F

CENTER_RADIUS = 1.5
CANDIDATES = 10
FAR = 1e5


def decode(outputs, cells):
    """Center and size in pixels."""
    stride = cells[:, 2:]
    center = (outputs[..., :2] + cells[:, :2]) * stride
    return torch.cat((center, outputs[..., 2:4].clamp(max=8).exp() * stride), -1)


def iou(a, b):
    """Intersection over union of boxes as center and size; the shapes broadcast."""
    low = torch.maximum(a[..., :2] - a[..., 2:] / 2, b[..., :2] - b[..., 2:] / 2)
    high = torch.minimum(a[..., :2] + a[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2)
    common = (high - low).clamp(min=0).prod(-1)
    return common / (a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - common + 1e-9)


@torch.no_grad()
def assign(outputs, boxes, cells, truth, labels, present):
    """For each image and object the boxes that shall find it: N x objects x boxes, at most one
    object for a box; and the overlaps."""
    center = (cells[:, :2] + 0.5) * cells[:, 2:]
    distance = (center[None, None] - truth[:, :, None, :2]).abs()
    inside = (distance < truth[:, :, None, 2:] / 2).all(-1)
    near = (distance < CENTER_RADIUS * cells[:, 2:]).all(-1)
    usable = ((inside | near).any(1, keepdim=True)) & present[:, :, None]
    overlap = iou(boxes[:, None], truth[:, :, None]) * usable

    score = (outputs[..., 5:].sigmoid() * outputs[..., 4:5].sigmoid()).sqrt()
    right = score.gather(2, labels[:, None].expand(-1, score.shape[1], -1)).transpose(1, 2)
    wrong = -torch.log1p(-score.clamp(max=1 - 1e-6))
    class_cost = wrong.sum(-1)[:, None]
    class_cost = class_cost + torch.log1p(-right.clamp(max=1 - 1e-6)) - torch.log(right + 1e-9)
    cost = class_cost - 3 * torch.log(overlap + 1e-8) + FAR * ~(inside & near)
    cost = cost.masked_fill(~usable, float("inf"))

    count = overlap.topk(CANDIDATES, -1).values.sum(-1).int().clamp(min=1)
    rank = cost.argsort(-1).argsort(-1)
    chosen = (rank < count[:, :, None]) & usable
    best = cost.argmin(1, keepdim=True)
    only = torch.zeros_like(chosen).scatter_(1, best, True)
    several = chosen.sum(1, keepdim=True) > 1
    return torch.where(several, chosen & only, chosen), overlap


def loss(outputs, cells, truth, labels, present):
    """`outputs` as the network trains; `truth` N x objects x 4 as center and size in pixels,
    `labels` N x objects, `present` tells objects from filling."""
    boxes = decode(outputs, cells)
    chosen, overlap = assign(outputs, boxes, cells, truth, labels, present)
    positive = chosen.any(1)
    total = positive.sum().clamp(min=1)
    object_of = chosen.int().argmax(1)
    image = torch.arange(len(outputs))[:, None].expand_as(object_of)[positive]
    matched = object_of[positive]

    reached = iou(boxes[positive], truth[image, matched])
    box_loss = (1 - reached**2).sum()
    objectness = F.binary_cross_entropy_with_logits(
        outputs[..., 4], positive.float(), reduction="sum"
    )
    target = F.one_hot(labels[image, matched], outputs.shape[-1] - 5).float()
    target = target * overlap.transpose(1, 2)[positive].gather(1, matched[:, None])
    classes = F.binary_cross_entropy_with_logits(outputs[..., 5:][positive], target, reduction="sum")
    return (5 * box_loss + objectness + classes) / total
