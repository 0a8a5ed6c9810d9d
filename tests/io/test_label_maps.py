"""Labels lie where their source does: a `.seg.nrrd` keeps origin and directions.

That SimpleITK 2.5.7 puts source and labels at the same points was a run of 28 November 2026: docs/formats.md.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from uniultra.cli.main import app
from uniultra.io.label_maps import PLACES
from uniultra.io.nrrd import write_seg_nrrd
from uniultra.io.place import Place, place

TURNED = np.array([[0.0, 0.6, 0.8], [0.0, -0.8, 0.6], [1.0, 0.0, 0.0]])
"""A row a direction, not symmetric."""
STEPS, ORIGIN = np.array([0.2, 0.3, 1.5]), np.array([10.0, -20.0, 30.5])
SIDES = (40, 30, 4)


def mha(path: Path, more: str = "") -> Path:
    head = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
        f"TransformMatrix = {' '.join(map(str, TURNED.ravel()))}\nOffset = 10 -20 30.5\n"
        f"ElementSpacing = 0.2 0.3 1.5\nDimSize = 40 30 4\nElementType = MET_UCHAR\n{more}"
        "ElementDataFile = LOCAL\n"
    )
    pixels = np.random.default_rng(0).integers(0, 200, SIDES[::-1]).astype(np.uint8)
    path.write_bytes(head.encode() + pixels.tobytes())
    return path


def nrrd(path: Path, space: str = "left-posterior-superior", more: str = "") -> Path:
    axes = " ".join(f"({','.join(map(str, step * row))})" for step, row in zip(STEPS, TURNED, strict=True))
    head = (
        f"NRRD0004\ntype: uchar\ndimension: 3\nspace: {space}\nsizes: 40 30 4\nspace directions: {axes}\n"
        f"kinds: domain domain domain\nencoding: raw\nspace origin: (10,-20,30.5)\n{more}\n"
    )
    path.write_bytes(head.encode() + bytes(SIDES[0] * SIDES[1] * SIDES[2]))
    return path


def same(found: Place | None, axes: np.ndarray, origin: np.ndarray) -> bool:
    assert found is not None
    return bool(np.allclose(found.axes, axes) and np.allclose(found.origin, origin))


def test_slices_lie_one_behind_the_other(tmp_path: Path) -> None:
    axes = TURNED * STEPS[:, None]
    for kind, path in (("MetaImage", mha(tmp_path / "a.mha")), ("NRRD", nrrd(tmp_path / "a.nrrd"))):
        for number in (0, 3):
            assert same(PLACES[kind](path, number), axes, ORIGIN + number * axes[2])


def test_frames_turned_upright_keep_their_points(tmp_path: Path) -> None:
    path = mha(
        tmp_path / "a.mha",
        "UltrasoundImageOrientation = UN\nSeq_Frame0000_ImageStatus = OK\nSeq_Frame0001_ImageStatus = OK\n",
    )
    axes = TURNED * STEPS[:, None]
    found = PLACES["MetaImage"](path, 2)  # frames of PLUS are moments: all lie at one place
    assert found is not None
    assert np.allclose(found.origin + 39 * found.axes[0] + 29 * found.axes[1], ORIGIN)
    assert np.allclose(found.axes[0], -axes[0])


@pytest.mark.parametrize("space", ["scanner-xyz", "left-posterior-superior-time"])
def test_unknown_spaces_are_no_place(tmp_path: Path, space: str) -> None:
    assert PLACES["NRRD"](nrrd(tmp_path / "a.nrrd", space), 0) is None
    assert PLACES["NRRD"](nrrd(tmp_path / "b.nrrd", "RAS", 'space units: "m" "m" "m"\n'), 0) is None


def test_no_place_where_axes_fall_together() -> None:
    assert place("RAS", [[1, 0, 0], [1, 0, 0], [0, 0, 1]], [0, 0, 0]) is None
    assert place("RAS", [[1, 0], [0, 1]], [0, 0]) is None
    assert place("RAS", [["x"]], [0, 0, 0]) is None


def test_written_labels_say_so_themselves(tmp_path: Path) -> None:
    ids = np.ones((30, 40), np.uint8)
    source = PLACES["MetaImage"](mha(tmp_path / "a.mha"), 1)
    write_seg_nrrd(tmp_path / "a.seg.nrrd", ids, ["a"], [(1, 2, 3)], None, lies=source)
    assert source is not None
    assert same(PLACES["NRRD"](tmp_path / "a.seg.nrrd", 0), source.axes, source.origin)
    write_seg_nrrd(tmp_path / "b.seg.nrrd", ids, ["a"], [(1, 2, 3)], (0.5, 0.25))
    head = (tmp_path / "b.seg.nrrd").read_bytes().split(b"\n\n")[0]
    assert b"no place in space" in head
    assert same(PLACES["NRRD"](tmp_path / "b.seg.nrrd", 0), np.diag([0.25, 0.5, 1.0]), np.zeros(3))


def test_segment_keeps_the_place(tmp_path: Path) -> None:
    path, out = mha(tmp_path / "a.mha"), tmp_path / "out"
    words = ["segment", str(path), "--frame", "2", "--box", "5,5,30,25", "--out", str(out)]
    done = CliRunner().invoke(app, [*words, "--write", "nrrd,itksnap"])
    assert done.exit_code == 0, done.output
    axes = TURNED * STEPS[:, None]
    written = next(out.glob("*.seg.nrrd"))
    assert same(PLACES["NRRD"](written, 0), axes, ORIGIN + 2 * axes[2])
    lines = next(out.glob("*.label")).read_text().splitlines()
    assert lines[-1].split()[0] == "1"
    assert lines[-1].endswith('"structure 1"')
