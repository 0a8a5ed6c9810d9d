"""A small manifest of phantoms, and a small SAM 2 in transformers' own format, as a hub checkpoint would lie
in a folder.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers.models.sam2.configuration_sam2 import Sam2Config
from transformers.models.sam2.modeling_sam2 import Sam2Model

from labs import write_manifest
from uniultra.models.build import SIZES, fit_windows, vision_config


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest with train, val and test."""
    return write_manifest(tmp_path_factory.mktemp("lab"), ["train"] * 6 + ["val"] * 2 + ["test"] * 2)


@pytest.fixture(scope="session")
def sam2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `Sam2Model.save_pretrained` writes it: Hiera-mini without adapters, 64 px, random
    weights.
    """
    folder = tmp_path_factory.mktemp("hub") / "sam2-mini"
    torch.manual_seed(5)
    vision = vision_config(fit_windows(SIZES["mini"], 64), None, 64)
    Sam2Model(
        Sam2Config(vision_config=vision.to_dict(), prompt_encoder_config={"image_size": 64})
    ).save_pretrained(folder)
    return folder
