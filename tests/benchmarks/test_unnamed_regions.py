"""The data set of regions without a name: a manifest that `evaluate` reads, drawn the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from commands import script
from phantom_manifest import Phantom, write_manifest
from uniultra.data.loading import read_row
from uniultra.data.manifest import objects_in, read_manifest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "unnamed_regions.py"


def test_the_regions_are_a_data_set_of_their_own(tmp_path: Path) -> None:
    phantoms = [Phantom("a", split="val"), Phantom("b", split="val"), Phantom("c", split="train", group="1")]
    labelled = write_manifest(tmp_path / "labelled", phantoms)
    masks = []
    for name in ("once", "again"):
        done = script(SCRIPT, "--data", labelled, "--limit", "1", "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
        [row] = read_manifest(tmp_path / name / "manifest.csv")
        assert (row.id, row.split, row.dataset.startswith("unnamed_")) == ("a", "val", True)
        frame, ids = read_row(row)
        assert frame.pixels_hw.shape == ids.shape
        assert 1 <= len(objects_in(ids, row.dataset)) <= 2
        masks.append(ids)
    np.testing.assert_array_equal(*masks)
    true = read_row(next(iter(read_manifest(labelled))))[1]
    assert not np.array_equal(masks[0] > 0, true > 0)
