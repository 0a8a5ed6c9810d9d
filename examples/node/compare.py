"""Holds the Node client against Python: the same model, images and prompts through both, mask by mask.

    python examples/node/compare.py [--model NAME or FOLDER]

Prints a line an object; exit code 1 where any differs by more than MOST_PIXELS pixels with a Dice of
LEAST_DICE or less. Integer kernels round differently on different processors, so int8 has a bound of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import uniultra
from uniultra.backends.onnx import DECODER, ENCODER, FORMAT, OnnxBackend
from uniultra.io.images import read_frame
from uniultra.io.output import write_json, write_png
from uniultra.prompts.objects import prompt_of
from uniultra.registry import DEFAULT, MODELS, find, verified_folder
from uniultra.segmenter import Segmenter

CLIENT = Path(__file__).parent / "segment.mjs"
EXAMPLES = Path(uniultra.__file__).parent / "examples"
LEAST_DICE, LEAST_DICE_INT8, MOST_PIXELS = 0.999, 0.99, 10


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", default=DEFAULT, help="a published model, or a folder that `uniultra export` wrote"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        model = client_folder(arguments.model, scratch / "model")
        return max(
            compare(model, example, scratch)
            for example in json.loads((EXAMPLES / "examples.json").read_text(encoding="utf-8"))
        )


def client_folder(model: str, scratch: Path) -> Path:
    """A folder with model.json; weights published before clients needed one get it here."""
    folder = verified_folder(find(model)) if any(entry.name == model for entry in MODELS) else Path(model)
    if (folder / "model.json").is_file():
        return folder
    scratch.mkdir()
    for file in (ENCODER, DECODER):
        shutil.copy(folder / file, scratch)
    engine = OnnxBackend.open(scratch, threads=1)
    sha256 = {file: hashlib.sha256((scratch / file).read_bytes()).hexdigest() for file in (ENCODER, DECODER)}
    facts = {
        "format": FORMAT,
        "name": engine.name,
        "version": engine.version,
        "licence": "",
        "precision": "fp16",
    }
    write_json(
        scratch / "model.json",
        facts | {"input_size": engine.input_size, "focus_stretch": engine.focus_stretch, "sha256": sha256},
    )
    return scratch


def compare(model: Path, example: dict, scratch: Path) -> int:
    """0 where all masks of one example agree, else 1."""
    image = scratch / f"{example['image']}.png"
    write_png(image, read_frame(EXAMPLES / example["image"]).pixels_hw, force=True)
    frame, segmenter = read_frame(image), Segmenter.load(model)
    least = (
        LEAST_DICE_INT8
        if json.loads((model / "model.json").read_text(encoding="utf-8"))["precision"] == "int8"
        else LEAST_DICE
    )
    failed = 0
    for given in example["objects"]:
        [ours] = segmenter.segment(frame, [prompt_of(given)])
        theirs, quality = ask_node(model, image, given, scratch / "mask.png")
        apart = int(np.count_nonzero(ours.mask_hw != theirs))
        both, total = (
            np.count_nonzero(ours.mask_hw & theirs),
            np.count_nonzero(ours.mask_hw) + np.count_nonzero(theirs),
        )
        dice = 2.0 * both / max(total, 1)
        print(
            f"{example['image']:<20} {example['prompt']:<12} Dice {dice:.6f}, {apart} pixels apart, quality "
            f"{ours.quality - quality:+.6f}"
        )
        failed |= int(dice <= least and apart > MOST_PIXELS)
    return failed


def ask_node(model: Path, image: Path, given: dict, out: Path) -> tuple[np.ndarray, float]:
    """The client's mask, bool (H, W), and its quality."""
    box = ["--box", ",".join(map(str, given["box"]))] if "box" in given else []
    points = [part for point in given.get("points", []) for part in ("--point", ",".join(map(str, point)))]
    command = [
        "node",
        str(CLIENT),
        "--model",
        str(model),
        "--image",
        str(image),
        "--out",
        str(out),
        "--force",
        *box,
        *points,
    ]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return np.asarray(Image.open(out)) > 127, float(json.loads(answer)["quality"])


if __name__ == "__main__":
    sys.exit(main())
