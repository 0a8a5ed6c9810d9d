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
