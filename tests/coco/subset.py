"""Writes the part of a COCO instances file that belongs to a list of images.

python3 subset.py instances_val2017.json eval.txt > eval_instances.json
"""

import json
import sys


def subset(instances, names):
    """The images with these file names, their annotations, all categories. Raises KeyError for a name that is missing."""
    by_name = {image["file_name"]: image for image in instances["images"]}
    images = [by_name[name] for name in names]
    ids = {image["id"] for image in images}
    return {
        "images": images,
        "annotations": [box for box in instances["annotations"] if box["image_id"] in ids],
        "categories": instances["categories"],
    }


def main():
    instances, names = sys.argv[1:]
    with open(instances, encoding="utf-8") as file:
        everything = json.load(file)
    with open(names, encoding="utf-8") as file:
        json.dump(subset(everything, file.read().split()), sys.stdout)


if __name__ == "__main__":
    main()
