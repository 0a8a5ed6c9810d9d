"""Simulated frames: repeatable, with whole, visible objects, and a manifest that training takes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from uniultra.data.dataset import PromptDataset
from uniultra.data.draws import SampleSpec
from uniultra.data.loading import check_manifest
from uniultra.data.manifest import objects_in, read_manifest
from uniultra.data.simulation.background import draw_background
from uniultra.data.simulation.beams import draw_beams
from uniultra.data.simulation.frames import LEAST_PIXELS, contrast, simulate_frame, simulate_set
from uniultra.data.simulation.shapes import Place
from uniultra.data.simulation.structures import KINDS, add_structure
from uniultra.data.splits import permissive, train_split
from uniultra.errors import DataError, OutputError


def test_a_frame_follows_from_seed_and_number() -> None:
    first, again, other = simulate_frame(5, 2), simulate_frame(5, 2), simulate_frame(6, 2)
    np.testing.assert_array_equal(first.pixels_hw, again.pixels_hw)
    np.testing.assert_array_equal(first.ids_hw, again.ids_hw)
    assert first.pixels_hw.shape != other.pixels_hw.shape or (first.pixels_hw != other.pixels_hw).any()


def test_objects_are_whole_large_enough_and_mostly_seen() -> None:
    contrasts = []
    for number in range(12):
        frame = simulate_frame(0, number)
        assert frame.pixels_hw.shape == frame.ids_hw.shape
        assert frame.pixels_hw.std() > 10
        assert sorted(np.unique(frame.ids_hw)) == list(range(int(frame.ids_hw.max()) + 1))
        for mask_hw in objects_in(frame.ids_hw, "simulated"):
            assert cv2.connectedComponents(mask_hw.astype(np.uint8))[0] == 2
            assert mask_hw.sum() >= LEAST_PIXELS
            contrasts.append(contrast(frame.pixels_hw, mask_hw))
    assert np.median(contrasts) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_adds_its_objects(kind: str) -> None:
    add, _ = KINDS[kind]
    counts = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        beams = draw_beams(rng)
        height, width = beams.frame_hw
        plain = draw_background(beams, rng)
        added = add(plain, Place(width / 2, height / 2, 0.25 * height, 0.18 * height, 0.3), beams, rng)
        counts.add(added.objects)
        assert np.isfinite(added.echo_db).all()
        assert (added.echo_db != plain.echo_db).any()
    expected = {"bone": {0}, "chamber": {1, 2}, "nested": {2}, "touching": {2}}
    assert counts == expected.get(kind, {1})


def test_no_structure_is_laid_over_another_ones_mask() -> None:
    rng = np.random.default_rng(1)
    beams = draw_beams(rng)
    tissue = draw_background(beams, rng)
    for _ in range(40):
        more = add_structure(tissue, beams, rng)
        np.testing.assert_array_equal(more.ids[tissue.ids > 0], tissue.ids[tissue.ids > 0])
        tissue = more
    assert tissue.objects > 3


def test_a_set_is_sound_and_can_be_learned_from(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    manifest = simulate_set(
        tmp_path / "set", 3, seed=1, progress=lambda done, total: seen.append((done, total))
    )
    assert not check_manifest(manifest, lambda done, total: None).problems
    rows = read_manifest(manifest).rows
    assert [(row.organ, row.split, row.licence) for row in rows] == [("simulated", "train", "Apache-2.0")] * 3
    assert len({row.cluster for row in rows}) == 3
    assert seen == [(1, 3), (2, 3), (3, 3)]
    split = permissive(train_split(read_manifest(manifest)))
    assert float(PromptDataset(split, SampleSpec(image_size=64))[0]["target"].max()) > 0.9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": 0}, "images is 0; it must be 1 to 1000000"),
        ({"seed": -1}, "seed is -1; it must be 0 to 2147483647"),
        ({"split": "all"}, "split 'all' is unknown; use one of train, val, test, external"),
    ],
)
def test_what_cannot_be_is_named_and_nothing_written(
    tmp_path: Path, change: dict[str, int], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        simulate_set(tmp_path / "set", **{"images": 1, **change})  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_not_touched(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="exists; give the name of a new folder"):
        simulate_set(tmp_path, 1)
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="can't be written"):
        simulate_set(tmp_path / "file" / "set", 1)


def test_a_stopped_run_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt("stopped")

    with pytest.raises(KeyboardInterrupt, match="stopped"):
        simulate_set(tmp_path / "set", 2, progress=stop)
    assert not list(tmp_path.iterdir())
