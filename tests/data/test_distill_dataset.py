"""Frames without masks beside prompted examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from phantom_manifest import Phantom, phantom_manifest
from phantoms import speckled
from uniultra.data.dataset import PromptDataset
from uniultra.data.distill_dataset import (
    MOST_FRAMES,
    DistillDataset,
    RecurringViews,
    draw_view,
    empty_images,
    frames_of,
)
from uniultra.data.draws import SampleSpec
from uniultra.data.splits import TrainSplit, train_split
from uniultra.errors import FileError
from uniultra.io.video_writer import write_movie

SPEC = SampleSpec(image_size=64)


@pytest.fixture
def split(tmp_path: Path) -> TrainSplit:
    return train_split(
        phantom_manifest(
            tmp_path, [Phantom("a", split="train", objects=2), Phantom("b", split="train", objects=0)]
        )
    )


def test_images_without_an_object_are_frames_without_masks(split: TrainSplit) -> None:
    [empty] = empty_images(split)
    assert empty.dtype == np.uint8
    assert empty.ndim == 2


@pytest.mark.parametrize("names", [(), ("cyst",)])
def test_the_mix_keeps_the_share_and_says_what_is_known(split: TrainSplit, names: tuple[str, ...]) -> None:
    prompted = PromptDataset(split, replace(SPEC, structures=names))
    data = DistillDataset(prompted, empty_images(split))
    weights = data.weights(prompted.weights(), 0.25)
    assert len(data) == len(weights) == 3
    assert weights[2] == pytest.approx(0.25)
    assert weights.sum() == pytest.approx(1.0)
    assert [float(data[index]["known"]) for index in range(3)] == [1.0, 1.0, 0.0]
    assert data[0].keys() == data[2].keys()
    assert {name: value.shape for name, value in data[0].items()} == {
        name: value.shape for name, value in data[2].items()
    }
    assert not torch.equal(data[2]["image"], data[5]["image"]), "another draw, another view"
    np.testing.assert_allclose(DistillDataset(prompted).weights(prompted.weights(), 0.25), prompted.weights())


def test_a_share_of_recurring_views_has_regions_without_a_name(split: TrainSplit) -> None:
    prompted = PromptDataset(split, SPEC)
    plain, mixed = (RecurringViews(prompted, prompted.weights(), 60, share) for share in (0.0, 0.5))
    known = np.array([float(mixed[key]["known"]) for key in range(60)])
    assert all(float(plain[key]["known"]) == 1.0 for key in range(60))
    assert 15 < known.sum() < 45
    assert float(mixed[3]["known"]) == float(mixed[63]["known"]), "a view recurs as it was"
    for key in range(60):
        ours, theirs = mixed[key], plain[key]
        assert torch.equal(ours["target"], mixed[key + 60]["target"])
        assert torch.equal(ours["target"], theirs["target"]) or not known[key]
    strange = [key for key in range(60) if not known[key]]
    assert np.mean([not torch.equal(mixed[key]["target"], plain[key]["target"]) for key in strange]) > 0.8


def test_a_view_has_no_prompt_and_shows_the_frame() -> None:
    frame = speckled(np.zeros((90, 120), bool), seed=1).pixels_hw
    views = [draw_view(frame, SPEC, np.random.default_rng(seed)) for seed in range(20)]
    assert all((view["labels"] == -1).all() and view["target"].sum() == 0 for view in views)
    assert np.median([float((view["image"] > 0).float().mean()) for view in views]) > 0.5


def test_a_cine_gives_evenly_spaced_frames(tmp_path: Path) -> None:
    frames = [np.full((48, 64, 3), min(255, 2 * n), np.uint8) for n in range(100)]
    write_movie(tmp_path / "c.mp4", frames, 25.0)
    found = frames_of([tmp_path / "c.mp4"])
    assert len(found) == MOST_FRAMES
    assert float(found[0].mean()) < 10
    assert float(found[-1].mean()) > 185
    with pytest.raises(FileError, match=r"none\.mp4"):
        frames_of([tmp_path / "none.mp4"])
