"""Compares Seigo with ONNX Runtime, OpenCV and pycocotools; `make test-ort` runs it.

    python tests/ort/compare.py --seigo target/release/seigo --shared ../shared
        prints one line per check and exits 1 when one fails
    python tests/ort/compare.py --write SHARED
        writes tests/golden/yolox_nano.json from ONNX Runtime

Needs numpy, onnx, onnxruntime, opencv-python-headless and pycocotools.
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
import double
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
    difference = ours - theirs.astype(np.float64)
    return np.array([np.linalg.norm(difference) / np.linalg.norm(theirs),
                     np.abs(difference).max() / np.abs(theirs).max()])


def run(seigo, *arguments):
    subprocess.run([seigo, "--quiet", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def outputs(seigo, shared):
    """Worst differences over the images, by what is compared with what. The images enter as the
    tensor that ONNX Runtime gets, and as PNG (decoders of JPEG differ by a few gray levels, which is
    no matter of the network)."""
    model = shared / "models" / "yolox_nano.onnx"
    network, exact = session(model), double.Network(model)
    name = network.get_inputs()[0].name
    worst = {}

    def note(what, values, reference):
        worst[what] = np.maximum(worst.get(what, 0), relative(values, reference))

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for path in sorted((shared / "coco" / "eval").glob("*.jpg"))[:IMAGES]:
            image = cv2.imread(str(path))
            cv2.imwrite(str(folder / "image.png"), image)
            tensor = letterbox(image)
            theirs = network.run(None, {name: tensor})[0]
            truth = exact.run(tensor)
            np.save(folder / "input.npy", tensor)
            run(seigo, "run", model, "--input", folder / "input.npy", "-o", folder)
            ours = np.load(folder / "output.npy")
            note("Seigo (tensor) to ONNX Runtime", ours, theirs)
            note("Seigo (tensor) to double precision", ours, truth)
            note("ONNX Runtime to double precision", theirs, truth)
            run(seigo, "run", model, "--image", folder / "image.png", "--task", "yolox-coco", "-o", folder)
            note("Seigo (image) to ONNX Runtime", np.load(folder / "output.npy"), theirs)
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
    for what, worst in outputs(arguments.seigo, arguments.shared).items():
        # Half of what the two may differ by is ours.
        allowed = 5e-5 if "Seigo" in what and "double" in what else 1e-4
        check(worst.max() <= allowed, f"outputs of YOLOX-Nano on {IMAGES} images, {what}: length of "
              f"the difference {worst[0]:.2g} of the length of the output, largest single difference "
              f"{worst[1]:.2g} of the largest output; allowed {allowed:g} for both")
    difference, stats = average_precision(arguments.seigo, arguments.shared)
    check(difference <= 0.0005, f"AP {100 * stats['ap']:.2f}, AP50 {100 * stats['ap50']:.2f}: "
          f"largest difference to pycocotools {difference:.2g}, allowed 0.0005")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
