"""Compares Seigo with ONNX Runtime, OpenCV and pycocotools; `make test-ort` runs it.

    python tests/ort/compare.py --seigo target/release/seigo --shared ../shared
        prints one line per check and exits 1 when one fails
    python tests/ort/compare.py --write SHARED
        writes tests/golden/yolox_nano.json from ONNX Runtime

Needs numpy, onnxruntime, opencv-python-headless and pycocotools.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import onnxruntime

import coco_ap
import resize_golden

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "yolox_nano.json"
IMAGES = 10


def session(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])


def letterbox(image):
    """The official YOLOX pre-processing: top left, bilinear, padded with 114, BGR."""
    ratio = min(416 / image.shape[0], 416 / image.shape[1])
    size = int(image.shape[1] * ratio), int(image.shape[0] * ratio)
    padded = np.full((416, 416, 3), 114, np.uint8)
    padded[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.float32)[None]


def relative(ours, theirs):
    """Length of the difference relative to the length of the output, and the largest difference
    relative to the largest output."""
    difference = ours - theirs
    return np.array([np.linalg.norm(difference) / np.linalg.norm(theirs),
                     np.abs(difference).max() / np.abs(theirs).max()])


def run(seigo, *arguments):
    subprocess.run([seigo, "--quiet", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def outputs(seigo, shared):
    """Raw outputs on images: from the tensor that ONNX Runtime gets, and from the image as PNG
    (decoders of JPEG differ by a few gray levels, which is no matter of the network)."""
    model = shared / "models" / "yolox_nano.onnx"
    network = session(model)
    name = network.get_inputs()[0].name
    worst = {"tensor": np.zeros(2), "image": np.zeros(2)}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for path in sorted((shared / "coco" / "eval").glob("*.jpg"))[:IMAGES]:
            image = cv2.imread(str(path))
            cv2.imwrite(str(folder / "image.png"), image)
            tensor = letterbox(image)
            theirs = network.run(None, {name: tensor})[0]
            np.save(folder / "input.npy", tensor)
            run(seigo, "run", model, "--input", folder / "input.npy", "-o", folder)
            worst["tensor"] = np.maximum(worst["tensor"], relative(np.load(folder / "output.npy"), theirs))
            run(seigo, "run", model, "--image", folder / "image.png", "--task", "yolox-coco", "-o", folder)
            worst["image"] = np.maximum(worst["image"], relative(np.load(folder / "output.npy"), theirs))
    return worst


def average_precision(seigo, shared):
    annotations = shared / "coco" / "eval_instances.json"
    with tempfile.TemporaryDirectory() as folder:
        results = pathlib.Path(folder) / "results.json"
        run(seigo, "eval", shared / "models" / "yolox_nano.onnx", "--images",
            shared / "coco" / "eval", "--coco", annotations, "--task", "yolox-coco",
            "--results", results)
        return coco_ap.largest_difference(json.loads(annotations.read_text()),
                                          json.loads(results.read_text()))


def resize():
    """Whether the committed hashes, which the ordinary tests check us against, are OpenCV's."""
    for case in json.loads(resize_golden.GOLDEN.read_text()):
        image = resize_golden.noise(*case["source"], case["seed"])
        resized = cv2.resize(image, tuple(case["target"]), interpolation=cv2.INTER_LINEAR)
        if resize_golden.fnv1a(resized.tobytes()) != case["fnv1a"]:
            return False
    return True


def write(shared):
    state, values = 1, np.empty(3 * 416 * 416, np.float32)
    for index in range(values.size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[index] = state >> 24
    network = session(shared / "models" / "yolox_nano.onnx")
    tensor = values.reshape(1, 3, 416, 416)
    output = network.run(None, {network.get_inputs()[0].name: tensor})[0].ravel()
    indices = np.linspace(0, output.size - 1, 64).astype(int)
    GOLDEN.write_text(json.dumps({
        "onnxruntime": onnxruntime.__version__,
        "largest": float(np.abs(output).max()),
        "sum_of_magnitudes": float(np.abs(output.astype(np.float64)).sum()),
        "samples": [[int(index), float(output[index])] for index in indices],
    }, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=pathlib.Path, metavar="SHARED")
    parser.add_argument("--seigo", default=str(ROOT / "target" / "release" / "seigo"))
    parser.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared")
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments.write)
        return 0
    failed = False

    def check(holds, text):
        nonlocal failed
        failed |= not holds
        print(f"{'ok    ' if holds else 'FAILED'} {text}", flush=True)

    check(resize(), "committed hashes of resized images are those of OpenCV")
    if not (arguments.shared / "models" / "yolox_nano.onnx").is_file():
        print(f"SKIPPED the checks on YOLOX-Nano: nothing in {arguments.shared}")
        return int(failed)
    for source, worst in outputs(arguments.seigo, arguments.shared).items():
        check(worst.max() <= 1e-4, f"outputs of YOLOX-Nano on {IMAGES} images, given as {source}: "
              f"relative to ONNX Runtime, the length of the difference {worst[0]:.2g}, the largest "
              f"single difference {worst[1]:.2g} of the largest output; allowed 1e-4 for both")
    difference, stats = average_precision(arguments.seigo, arguments.shared)
    check(difference <= 0.0005, f"AP {100 * stats['ap']:.2f}, AP50 {100 * stats['ap50']:.2f}: "
          f"largest difference to pycocotools {difference:.2g}, allowed 0.0005")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
