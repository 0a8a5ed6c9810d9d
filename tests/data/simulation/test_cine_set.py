"""A set of simulated cines: a manifest that checks, the same by its seed, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phantom_manifest import Phantom, write_manifest
from uniultra.data.loading import check_manifest
from uniultra.data.manifest import read_manifest
from uniultra.data.simulation.cine_set import CineSettings, simulate_cine_set
from uniultra.errors import DataError, OutputError
from uniultra.evaluation.tracking.clips import real_clips

SETTINGS = CineSettings("val", frames=6, events=("none", "leaves"))


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    return write_manifest(
        tmp_path / "stills", [Phantom("a", "val"), Phantom("b", "val"), Phantom("c", "train", group="1")]
    )


def test_cines_are_clips_of_a_good_manifest(stills: Path, tmp_path: Path) -> None:
    assert simulate_cine_set(stills, tmp_path / "out", SETTINGS) == (2, 0)
    manifest = tmp_path / "out" / "manifest.csv"
    assert check_manifest(manifest).problems == ()
    rows = read_manifest(manifest).rows
    assert [(row.clip.rpartition("_")[2], row.frame) for row in rows] == [
        (name, number) for name in "ab" for number in range(6)
    ]
    assert {row.split for row in rows} == {"val"}
    clips = real_clips(rows)
    assert [clip.kind for clip in clips] == ["real", "real"]
    frames, truths = clips[0].read()
    assert len(frames) == 6
    assert all(truth.any() for truth in truths)
    assert not np.array_equal(truths[0], truths[-1])
    assert not clips[1].read()[1][3].any(), "it has left"


def test_the_same_seed_gives_the_same_files(stills: Path, tmp_path: Path) -> None:
    pictures = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        simulate_cine_set(stills, tmp_path / name, replace(SETTINGS, seed=seed, cines=1))
        paths = sorted((tmp_path / name / "images").iterdir())
        pictures.append([np.array(Image.open(path)) for path in paths])
    assert len(pictures[0]) == 6
    assert all(np.array_equal(a, b) for a, b in zip(pictures[0], pictures[1], strict=True))
    assert not np.array_equal(pictures[0][-1], pictures[2][-1])


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"frames": 1}, "frames is 1; it must be 2 to 10000"),
        ({"seed": -1}, "seed is -1; it must be 0"),
        ({"split": "test"}, "has no row of split 'test'"),
        ({"events": ("none", "rain")}, "event 'rain' is unknown; use none, leaves, cut, slip, freeze, fades"),
    ],
)
def test_what_is_out_of_range_is_told_and_nothing_written(
    stills: Path, tmp_path: Path, change: dict[str, object], reported: str
) -> None:
    with pytest.raises(DataError, match=reported):
        simulate_cine_set(stills, tmp_path / "out", replace(SETTINGS, **change))  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_an_existing_folder_is_kept(stills: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="exists"):
        simulate_cine_set(stills, tmp_path / "out", SETTINGS)
