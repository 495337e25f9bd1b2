"""Compares Seigo's average precision with pycocotools.

    python tests/ort/coco_ap.py --write
        writes tests/golden/coco_ap.json, a small random problem with pycocotools' answer
    python tests/ort/coco_ap.py ANNOTATIONS RESULTS
        evaluates a COCO result file with both and prints the largest difference
    python tests/ort/coco_ap.py --random ANNOTATIONS N
        does so for N random sets of results made from the annotations

Needs numpy and pycocotools; runs `xtask coco-eval` through cargo.
"""

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

ROOT = pathlib.Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "coco_ap.json"
NAMES = ["ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large",
         "ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"]


def theirs(annotations, results):
    """The twelve numbers, and AP by category id (only categories with objects)."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = annotations
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats = [None if value < 0 else float(value) for value in evaluation.stats]
    precision = evaluation.eval["precision"][:, :, :, 0, 2]
    categories = {}
    for index, category in enumerate(evaluation.params.catIds):
        values = precision[:, :, index]
        if (values > -1).any():
            categories[int(category)] = float(values[values > -1].mean())
    return dict(zip(NAMES, stats)), categories


def ours(annotations, results):
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / name for name in ("annotations.json", "results.json")]
        for path, value in zip(paths, (annotations, results)):
            path.write_text(json.dumps(value))
        command = ["cargo", "run", "--quiet", "--release", "-p", "xtask", "--", "coco-eval"]
        output = subprocess.run(command + [str(path) for path in paths], check=True, cwd=ROOT,
                                stdout=subprocess.PIPE).stdout
    report = json.loads(output)
    return ({name: report[name] for name in NAMES},
            {category["id"]: category["ap"] for category in report["categories"]})


def largest_difference(annotations, results):
    (their_stats, their_categories), (our_stats, our_categories) = \
        theirs(annotations, results), ours(annotations, results)
    assert their_categories.keys() == our_categories.keys()
    pairs = [(their_stats[name], our_stats[name]) for name in NAMES]
    assert all((a is None) == (b is None) for a, b in pairs), pairs
    pairs += [(their_categories[id], our_categories[id]) for id in their_categories]
    return max(abs(a - b) for a, b in pairs if a is not None), our_stats


def perturbed(rng, annotations, extra):
    """Results near the objects, some doubled, some misnamed, with ties among the scores."""
    categories = [category["id"] for category in annotations["categories"]]
    images = [image["id"] for image in annotations["images"]]
    results = []

    def add(image, category, box, score):
        results.append({"image_id": int(image), "category_id": int(category),
                        "bbox": [round(float(v), 2) for v in box], "score": round(float(score), 2)})

    for truth in annotations["annotations"]:
        for _ in range(rng.integers(0, 4)):
            x, y, w, h = truth["bbox"]
            shift = rng.normal(0, 0.12, 4)
            box = [x + shift[0] * w, y + shift[1] * h, w * np.exp(shift[2]), h * np.exp(shift[3])]
            category = truth["category_id"] if rng.random() < 0.8 else rng.choice(categories)
            add(truth["image_id"], category, box, rng.random())
        if rng.random() < 0.2:
            add(truth["image_id"], truth["category_id"], truth["bbox"], rng.random())
    for _ in range(extra):
        box = [*(rng.random(2) * 300), *(rng.random(2) * 200 + 1)]
        add(rng.choice(images), rng.choice(categories), box, rng.random() * 0.5)
    rng.shuffle(results)
    return results


def small_problem(rng):
    """Objects of all sizes, crowds, an image without objects, a category without objects."""
    images = [{"id": id, "file_name": f"{id}.jpg"} for id in (7, 3, 12, 5, 9)]
    categories = [{"id": id, "name": f"category {id}"} for id in (1, 4, 6, 8)]
    annotations = []
    for image in (7, 3, 12, 5):
        for _ in range(7):
            side = float(np.exp(rng.uniform(np.log(8), np.log(250))))
            w, h = round(side * rng.uniform(0.5, 1.5), 1), round(side * rng.uniform(0.5, 1.5), 1)
            x, y = (round(float(v), 1) for v in rng.random(2) * 300)
            annotations.append({
                "id": len(annotations) + 1, "image_id": image,
                "category_id": int(rng.choice([1, 4, 6])), "bbox": [x, y, w, h],
                "area": round(w * h * 0.7, 2), "iscrowd": int(rng.random() < 0.15)})
    return {"images": images, "categories": categories, "annotations": annotations}


def write():
    rng = np.random.default_rng(5)
    annotations = small_problem(rng)
    results = perturbed(rng, annotations, 15)
    stats, categories = theirs(annotations, results)

    def lines(values):
        return "[\n" + ",\n".join("    " + json.dumps(value) for value in values) + "\n  ]"

    parts = [f'  "{key}": {lines(values)}' for key, values in annotations.items()]
    parts += [f'  "results": {lines(results)}', f'  "expected": {json.dumps(stats)}',
              f'  "category_ap": {json.dumps(categories)}']
    GOLDEN.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def main(arguments):
    if arguments[:1] == ["--write"]:
        write()
        return 0
    if arguments[:1] == ["--random"]:
        annotations = json.loads(pathlib.Path(arguments[1]).read_text())
        rng = np.random.default_rng(0)
        problems = [(annotations, perturbed(rng, annotations, 2000))
                    for _ in range(int(arguments[2]))]
    else:
        annotations, results = (json.loads(pathlib.Path(path).read_text()) for path in arguments)
        problems = [(annotations, results)]
    worst = 0.0
    for annotations, results in problems:
        difference, stats = largest_difference(annotations, results)
        print(f"{len(results)} results, AP {100 * stats['ap']:.4f}, AP50 {100 * stats['ap50']:.4f}, "
              f"largest difference {difference:.3g}")
        worst = max(worst, difference)
    return 0 if worst < 1e-9 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
