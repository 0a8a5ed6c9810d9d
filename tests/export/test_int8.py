"""Frames for int8: of train alone, the same for the same seed, and never the same to calibrate on and to
choose on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phantom_manifest import Phantom, write_manifest
from uniultra.backends.onnx import decoder_inputs
from uniultra.errors import DataError
from uniultra.export import int8 as views
from uniultra.export.int8 import CALIBRATION_VIEWS, HELD_VIEWS, draw_views
from uniultra.types import Features


def manifest_of(folder: Path, splits: list[str]) -> Path:
    return write_manifest(
        folder, [Phantom(f"p{index}", split, group=str(index)) for index, split in enumerate(splits)]
    )


def test_views_are_as_the_graphs_take_them_and_the_same_again(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path, ["train"] * 4)
    calibrating, held = draw_views(manifest, 64, 1.0)
    assert (len(calibrating), len(held)) == (CALIBRATION_VIEWS, HELD_VIEWS)
    view = calibrating[0]
    assert (view.image.shape, view.image.dtype) == ((1, 64, 64), np.uint8)
    assert (view.points.shape, view.labels.shape, view.mask.shape, view.has_mask.shape) == (
        (1, 3, 2),
        (1, 3),
        (1, 1, 16, 16),
        (1,),
    )
    inputs = decoder_inputs(Features(*(np.zeros(1, np.float32) for _ in range(3))), *view.prompt)
    assert list(inputs)[3:] == ["point_coords", "point_labels", "mask_input", "has_mask_input"]
    again, _ = draw_views(manifest, 64, 1.0)
    other, _ = draw_views(manifest, 64, 1.0, seed=1)
    assert all(np.array_equal(one.image, two.image) for one, two in zip(calibrating, again, strict=True))
    assert not all(np.array_equal(one.image, two.image) for one, two in zip(calibrating, other, strict=True))


def test_val_and_test_are_never_opened(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path, ["train", "train", "val", "test", "external"])
    for index in (2, 3, 4):
        (tmp_path / f"images/p{index}.png").write_bytes(b"broken")
    draw_views(manifest, 64, 1.0)


def test_other_images_choose_than_calibrate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[set[str]] = []
    keep = views._views

    def spy(split: views.TrainSplit, *rest: object) -> list[views.View]:
        requested.append({row.id for row in split})
        return keep(split, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(views, "_views", spy)
    draw_views(manifest_of(tmp_path, ["train"] * 5), 64, 1.0)
    assert len(requested[0]) == 3
    assert len(requested[1]) == 2
    assert not requested[0] & requested[1]


def test_too_few_frames(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no rows of split 'train'; add some, or choose another split"):
        draw_views(manifest_of(tmp_path, ["val", "test"]), 64, 1.0)
    with pytest.raises(DataError, match=r"has 1 image of split 'train'; int8 takes 2 or more"):
        draw_views(manifest_of(tmp_path, ["train", "val"]), 64, 1.0)
