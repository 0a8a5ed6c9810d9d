"""The smallest files that public data sets consist of."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import dicoms
from uniultra.io.dicom.seg import Segment, write_seg
from uniultra.io.dicom.source import Maker, read_source

HW = (48, 64)
BOX = (20, 12, 40, 30)


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, HW).astype(np.uint8)).save(path)


def mask(path: Path, value: int = 255, outline: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("L", HW[::-1])
    ImageDraw.Draw(image).ellipse(BOX, fill=None if outline else value, outline=value)
    image.save(path)


def nifti(path: Path, values_hw: np.ndarray, kind: str = "u1", unit: int = 2) -> None:
    """A slice of pixels of 0.3 x 0.15; `unit` 2 is millimetres, 0 none; packed if its name ends with .gz."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 2, values_hw.shape[1], values_hw.shape[0], 1, 1, 1, 1, 1)
    struct.pack_into("<h", header, 70, {"u1": 2, "<i2": 4, "<f4": 16}[kind])
    struct.pack_into("<8f", header, 76, 1, 0.3, 0.15, 1, 1, 1, 1, 1)
    struct.pack_into("<f", header, 108, 352)
    header[123] = unit
    header[344:348] = b"n+1\0"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = bytes(header) + values_hw.astype(kind).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def nnunet(root: Path) -> None:
    facts = {"channel_names": {"0": "US"}, "labels": {"background": 0, "lesion": 1}, "file_ending": ".png"}
    for seed, (part, name) in enumerate((("Tr", "a"), ("Tr", "b"), ("Ts", "c"))):
        picture(root / f"Dataset001_US/images{part}/{name}_0000.png", seed)
        mask(root / f"Dataset001_US/labels{part}/{name}.png", 1)
    (root / "Dataset001_US/dataset.json").write_text(json.dumps(facts), encoding="utf-8")


def mmotu(root: Path) -> None:
    for seed in range(3):
        picture(root / f"OTU_2d/images/{seed}.JPG", seed)
        mask(root / f"OTU_2d/annotations/{seed}.PNG", 1)
    (root / "OTU_2d/train_cls.txt").write_text("0.JPG  4\n", encoding="utf-8")


def labelme(root: Path) -> None:
    for seed, name in enumerate("ab"):
        picture(root / f"{name}.png", seed)
        shapes = [{"label": "cyst", "points": [[20, 12], [40, 12], [40, 30]], "shape_type": "polygon"}]
        data = {"shapes": shapes, "imagePath": f"{name}.png", "imageHeight": HW[0], "imageWidth": HW[1]}
        (root / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")


def seg(root: Path) -> None:
    inside = np.pad(np.full((16, 16), True), ((16, 16), (24, 24)))
    for seed, name in enumerate("ab"):
        pixels = np.random.default_rng(seed).integers(0, 255, (1, *HW)).astype(np.uint8)
        path = dicoms.save(dicoms.dataset(pixels), root / f"{name}.dcm")
        found = [Segment("cyst", {0: inside})]
        write_seg(root / f"{name}.seg.dcm", read_source(path), found, Maker("m", "1", "1"))
