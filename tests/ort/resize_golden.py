"""Writes tests/golden/resize.json from OpenCV and compares OpenCV with the formula of resize.rs.

    python tests/ort/resize_golden.py            write the golden hashes
    python tests/ort/resize_golden.py --check N  compare the formula with OpenCV on N random sizes

Needs numpy and opencv-python-headless.
"""

import json
import pathlib
import sys

import cv2
import numpy as np

GOLDEN = pathlib.Path(__file__).parent.parent / "golden" / "resize.json"


def noise(width, height, seed):
    """A linear congruential generator, one step per byte; its upper eight bits are the byte."""
    values = np.empty(width * height * 3, np.uint8)
    state = seed
    for index in range(values.size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[index] = state >> 24
    return values.reshape(height, width, 3)


def fnv1a(data):
    digest = 0xCBF29CE484222325
    for byte in data:
        digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


def sizes(rng, count):
    """Pairs of (source, target) as (width, height): random, letterboxed, halved, tiny."""
    fixed = [
        ((1, 1), (7, 5)), ((2, 1), (9, 9)), ((1, 9), (1, 4)), ((64, 48), (32, 24)),
        ((64, 48), (16, 12)), ((40, 30), (80, 60)), ((33, 17), (33, 17)), ((90, 60), (30, 20)),
    ]
    yield from fixed
    for index in range(count - len(fixed)):
        source = tuple(int(v) for v in rng.integers(1, 97, 2))
        if index % 2:
            ratio = min(104 / source[0], 104 / source[1])
            target = tuple(max(1, int(v * ratio)) for v in source)
        else:
            target = tuple(int(v) for v in rng.integers(1, 97, 2))
        yield source, target


def weights(source, target, clamp):
    scale = 1.0 / (target / source)
    position = ((np.arange(target) + 0.5) * scale - 0.5).astype(np.float32)
    sample = np.floor(position).astype(np.int64)
    fraction = position - sample.astype(np.float32)
    if clamp:
        fraction[(sample < 0) | (sample >= source - 1)] = 0
    far = np.rint(fraction * np.float32(2048)).astype(np.int64)
    near = np.rint((np.float32(1) - fraction) * np.float32(2048)).astype(np.int64)
    return np.clip(sample, 0, source - 1), np.clip(sample + 1, 0, source - 1), near, far


def formula(image, width, height):
    x0, x1, ax, bx = weights(image.shape[1], width, True)
    y0, y1, ay, by = weights(image.shape[0], height, False)
    wide = image.astype(np.int64)
    sums = (wide[:, x0] * ax[:, None] + wide[:, x1] * bx[:, None]) >> 4
    top = (sums[y0] * ay[:, None, None]) >> 16
    bottom = (sums[y1] * by[:, None, None]) >> 16
    return np.clip((top + bottom + 2) >> 2, 0, 255).astype(np.uint8)


def check(count):
    rng = np.random.default_rng(7)
    values = wrong = 0
    for index in range(count):
        height, width, rows, columns = (int(v) for v in rng.integers(1, 800, 4))
        if index % 4 == 0:
            ratio = min(416 / height, 416 / width)
            rows, columns = max(1, int(height * ratio)), max(1, int(width * ratio))
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        theirs = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_LINEAR)
        wrong += int((theirs != formula(image, columns, rows)).sum())
        values += theirs.size
    print(f"{count} sizes, {values} values, {wrong} differ")
    return wrong == 0


def write():
    cases = []
    for seed, (source, target) in enumerate(sizes(np.random.default_rng(1), 72)):
        image = noise(*source, seed)
        resized = cv2.resize(image, target, interpolation=cv2.INTER_LINEAR)
        cases.append({"source": source, "target": target, "seed": seed,
                      "fnv1a": fnv1a(resized.tobytes())})
    lines = ",\n".join("  " + json.dumps(case) for case in cases)
    GOLDEN.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        sys.exit(0 if check(int(sys.argv[2])) else 1)
    write()
