"""Training examples: what is no mask is refused when it is read, as everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from phantom_manifest import Phantom, phantom_manifest, true_ids
from uniultra.data.dataset import PromptDataset, SampleSpec
from uniultra.data.problems import RowError
from uniultra.data.splits import train_split


def test_objects_are_those_of_the_masks_and_soft_edges_are_refused(tmp_path: Path) -> None:
    split = train_split(phantom_manifest(tmp_path, [Phantom("a", split="train", objects=2), Phantom("b", split="train", objects=0)]))
    one = Image.fromarray(true_ids(1) * np.uint8(255))
    one.save(split.rows[1].mask)
    assert len(PromptDataset(split, SampleSpec(image_size=64))) == 3
    one.filter(ImageFilter.GaussianBlur(1)).save(split.rows[1].mask)
    with pytest.raises(RowError, match=r"^manifest row 3, mask: 'masks/b\.png': \d+ grey values up to 255 \(soft edges\?\)"):
        PromptDataset(split, SampleSpec(image_size=64))


def test_a_stretched_view_shows_the_same_band_thicker(tmp_path: Path) -> None:
    manifest = phantom_manifest(tmp_path, [Phantom("a", split="train")])
    band = np.zeros(true_ids(1).shape, np.uint8)
    band[band.shape[0] // 2 : band.shape[0] // 2 + 3, 5:-5] = 255
    Image.fromarray(band).save(train_split(manifest).rows[0].mask)
    upright = {"image_size": 64, "whole_share": 0.0, "rotation": 0.0, "box_share": 1.0, "exact_share": 1.0}
    areas = [
        float(
            np.mean(
                [
                    PromptDataset(train_split(manifest), SampleSpec(focus_stretch=stretch, **upright))[key]["target"].mean()
                    for key in range(8)
                ]
            )
        )
        for stretch in (1.0, 3.0)
    ]
    assert 2.5 < areas[1] / areas[0] < 3.5


def test_a_mask_may_come_alone(tmp_path: Path) -> None:
    split = train_split(phantom_manifest(tmp_path, [Phantom("a", split="train")]))
    alone = PromptDataset(split, SampleSpec(image_size=64, mask_share=1.0, alone_share=1.0))
    beside = PromptDataset(split, SampleSpec(image_size=64, mask_share=1.0, alone_share=0.0))
    assert all(alone[key]["has_mask"] == 1 and (alone[key]["labels"] == -1).all() for key in range(8))
    assert all((beside[key]["labels"] >= 0).any() for key in range(8))
