"""What the training scripts of the models share."""

import argparse
import pathlib

import torch


def arguments(document, data, epochs):
    """The command line of a script that reads a folder, called `data`, and writes an ONNX file."""
    parser = argparse.ArgumentParser(description=document.splitlines()[0])
    parser.add_argument(data, type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    parser.add_argument("--epochs", type=int, default=epochs)
    return parser.parse_args()


def reproducible(seed):
    """One thread: sums in the same order everywhere, and no waiting for a busy machine's other cores."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
