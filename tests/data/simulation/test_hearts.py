"""Simulated hearts: ventricle, muscle and atrium lie to one another as in anatomy, however they are drawn."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from uniultra.data.loading import check_manifest
from uniultra.data.manifest import read_manifest
from uniultra.data.simulation.frames import simulate_frame, simulate_set
from uniultra.data.simulation.hearts import Ventricle, draw_heart, draw_sector
from uniultra.errors import DataError

UPRIGHT = Ventricle(
    base_x=100, base_y=180, tilt=0.0, length=120, width=60, wall=15, blunt=2.0, taper=0.0, bend=0.0
)


@pytest.mark.parametrize("seed", range(12))
def test_the_muscle_lies_between_cavity_and_surroundings_and_ends_at_the_valve(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tissue = draw_heart(draw_sector(rng), rng)
    assert np.isfinite(tissue.echo_db).all()
    cavity, muscle, atrium = (tissue.ids == number for number in (1, 2, 3))
    assert min(cavity.sum(), muscle.sum(), atrium.sum()) > 100
    rim = (cv2.dilate(cavity.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & ~cavity
    assert muscle[rim].mean() > 0.6  # all around but at the valve
    beyond = (cv2.dilate(atrium.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0) & ~atrium
    assert cavity[beyond].any()
    assert np.nonzero(cavity)[0].mean() < np.nonzero(atrium)[0].mean()  # the tip points at the probe


def test_a_ventricle_has_the_size_that_it_was_given() -> None:
    y, x = np.mgrid[:240, :200].astype(np.float32)
    along, across = UPRIGHT.along_and_across(x, y)
    cavity, outer = UPRIGHT.bullet(along, across), UPRIGHT.bullet(along, across, UPRIGHT.wall)
    rows, columns = np.nonzero(cavity)
    assert rows.min() == pytest.approx(60, abs=4)
    assert rows.max() == 179
    assert np.ptp(columns) == pytest.approx(60, abs=3)
    outer_rows, outer_columns = np.nonzero(outer)
    assert outer_rows.min() == pytest.approx(180 - 135, abs=4)
    assert np.ptp(outer_columns) == pytest.approx(90, abs=3)
    assert not (cavity & ~outer).any()


def test_faint_objects_keep_their_masks_in_hearts() -> None:
    counts = [int(simulate_frame(0, number, "heart").ids_hw.max()) for number in range(10)]
    assert min(counts) >= 2
    assert np.mean(counts) > 2.7


def test_a_set_of_hearts_has_a_name_of_its_own(tmp_path: Path) -> None:
    manifest = simulate_set(tmp_path / "set", 2, seed=3, scene="heart")
    assert not check_manifest(manifest, lambda done, total: None).problems
    rows = read_manifest(manifest).rows
    assert [row.dataset for row in rows] == ["simulated_heart"] * 2
    assert [row.licence for row in rows] == ["Apache-2.0"] * 2


def test_an_unknown_scene_is_named_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="scene 'liver' is unknown; use one of mixed, heart"):
        simulate_set(tmp_path / "set", 1, scene="liver")
    with pytest.raises(DataError, match="scene 'liver'"):
        simulate_frame(0, 0, "liver")
    assert not list(tmp_path.iterdir())
