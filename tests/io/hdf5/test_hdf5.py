"""zea's files and USTB's UFF.

The files are written here as zea 0.1.8, pyuff_ustb 3.0.0 and USTB's MATLAB code (80ca014) write them. That
the two packages' own files read the same was a run of 28 November 2026: docs/formats.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from uniultra.cli.main import app
from uniultra.errors import FileError
from uniultra.io.cines import open_cine
from uniultra.io.hdf5 import guard
from uniultra.io.hdf5.geometry import geometry_of
from uniultra.io.images import find_images

h5py = pytest.importorskip("h5py")

ROWS, COLUMNS, COUNT = 60, 40, 3
DEPTH, ACROSS, ANGLE = np.linspace(5e-3, 64e-3, ROWS), np.linspace(-19.5e-3, 19.5e-3, COLUMNS), 0.6


def marked() -> np.ndarray:
    """(rows, columns), grey 0 to 1: near the probe's far end and to the left lies a bright mark."""
    plane = np.random.default_rng(0).uniform(0.01, 0.1, (ROWS, COLUMNS))
    plane[40:50, 5:10] = 1.0
    return plane


def grid() -> tuple[np.ndarray, np.ndarray]:
    """x and z, (rows, columns)."""
    x, z = np.meshgrid(ACROSS, DEPTH)
    return x, z


def sector(apex: tuple[float, float] = (0.0, -0.01)) -> tuple[np.ndarray, np.ndarray]:
    angles, radii = np.meshgrid(np.linspace(-ANGLE, ANGLE, COLUMNS), DEPTH)
    return apex[0] + radii * np.sin(angles), apex[1] + radii * np.cos(angles)


def zea(path: Path, values: np.ndarray, xz: Any = None, **more: Any) -> Path:
    """A file of zea's with one track; `more` are further members of the image."""
    with h5py.File(path, "w") as file:
        file.attrs["zea_version"] = "0.1.8"
        image = file.create_group("tracks/track_0/data/image")
        image.create_dataset("values", data=values, chunks=(1, *values.shape[1:]), compression="gzip")
        if xz is not None:
            x, z = xz
            image["coordinates"] = np.stack([x, np.zeros_like(x), z], axis=-1).astype(np.float32)
        for name, value in more.items():
            image[name] = value
    return path


def uff(path: Path, xz: Any, axes: tuple[str, str], by: str, data: Any = None) -> Path:
    """Beamformed data as MATLAB's or Python's writer of UFF keeps them: complex, of three frames."""
    plane = marked()
    is_matlab = by == "matlab"
    order = "F" if is_matlab or axes[1] == "x_axis" else "C"
    flat = plane.ravel(order=order)
    cine = np.stack([flat * share for share in (1.0, 0.5, 1.0)])
    values = cine[:, None, None, :] if is_matlab else cine.T[:, None, None, :]
    values = values if data is None else data
    with h5py.File(path, "w") as file:
        image = file.create_group("b_data")
        image.attrs["class"] = "uff.beamformed_data"
        image["data/real"], image["data/imag"] = 0.6 * values, 0.8 * values
        scan = image.create_group("scan")
        scan.attrs["class"] = "uff.linear_scan" if axes[1] == "x_axis" else "uff.sector_scan"
        for name, axis in zip(axes, (DEPTH, np.linspace(-ANGLE, ANGLE, COLUMNS)), strict=True):
            scan[name] = axis if axes[1] != "x_axis" or name != "x_axis" else ACROSS
        scan["x"], scan["z"] = (one.ravel(order=order) for one in xz)
        image["frame_rate"] = np.array([[25.0]])
    return path


def test_zea_grid_keeps_pixels_and_millimetres(tmp_path: Path) -> None:
    values = np.stack([marked() * 255] * COUNT).astype(np.uint8)
    path = zea(tmp_path / "a.hdf5", values, grid())
    cine = open_cine(path)
    assert (cine.count, cine.frame_hw) == (COUNT, (ROWS, COLUMNS))
    assert np.array_equal(cine.read(2).pixels_hw, values[2])
    assert cine.read(0).spacing_mm_yx == pytest.approx((1.0, 1.0), rel=1e-4)
    assert "written by zea" in cine.notes  # the version is text of variable length, which isn't read
    with h5py.File(path, "a") as file:
        file.attrs["zea_version"] = np.bytes_("0.1.8")
    assert "written by zea 0.1.8" in open_cine(path).notes


@pytest.mark.parametrize("kind", ["uff.channel_data", "uff.beamformed_data"])
def test_a_class_of_fixed_length_is_read_and_one_of_variable_length_isnt(tmp_path: Path, kind: str) -> None:
    path = uff(tmp_path / "a.uff", grid(), ("z_axis", "x_axis"), "matlab")
    for said in (np.bytes_(kind), kind):
        with h5py.File(path, "a") as file:
            file["b_data"].attrs["class"] = said
        if isinstance(said, bytes) and kind == "uff.channel_data":
            with pytest.raises(FileError, match=r"holds b_data; legal are"):
                open_cine(path)
        else:
            assert open_cine(path).count == COUNT
    with h5py.File(path, "a") as file:
        del file["b_data/scan"]
    with pytest.raises(FileError, match=r"holds b_data; legal are"):
        open_cine(path)


def test_zea_decibels(tmp_path: Path) -> None:
    values = np.full((1, ROWS, COLUMNS), -np.inf, np.float32)
    values[0, 10:20, :] = -30.0
    values[0, 30:40, :] = 0.0
    frame = open_cine(zea(tmp_path / "a.hdf5", values, grid())).read(0).pixels_hw
    assert (frame[0, 0], frame[15, 0], frame[35, 0]) == (0, 128, 255)
    ranged = zea(tmp_path / "b.hdf5", values, grid(), min=np.float32(-40), max=np.float32(0))
    assert open_cine(ranged).read(0).pixels_hw[15, 0] == 64


def test_zea_times(tmp_path: Path) -> None:
    values = np.zeros((COUNT, ROWS, COLUMNS), np.uint8)
    path = zea(tmp_path / "a.hdf5", values, grid(), timestamps=np.array([0, 0.02, 0.05], np.float32))
    assert open_cine(path).times_s == pytest.approx((0, 0.02, 0.05))
    plain = zea(tmp_path / "b.hdf5", values, grid())
    assert open_cine(plain).times_s is None
    with h5py.File(plain, "a") as file:
        file["tracks/track_0/scan/time_to_next_transmit"] = np.full((COUNT, 4), 0.005, np.float32)
    assert open_cine(plain).times_s == pytest.approx((0, 0.02, 0.04))


def test_zea_without_coordinates_has_no_millimetres(tmp_path: Path) -> None:
    cine = open_cine(zea(tmp_path / "a.hdf5", np.zeros((1, ROWS, COLUMNS, 1), np.uint8)))
    assert cine.calibration.whole_mm_yx is None
    assert any("--spacing" in note for note in cine.notes)
    with h5py.File(tmp_path / "old.hdf5", "w") as file:
        file["data/image"] = np.full((2, ROWS, COLUMNS), 7, np.uint8)
    assert open_cine(tmp_path / "old.hdf5").read(1).pixels_hw.max() == 7


def test_zea_colour_of_its_converter(tmp_path: Path) -> None:
    values = np.zeros((2, ROWS, COLUMNS, 3), np.uint8)
    values[..., 1] = 255
    cine = open_cine(zea(tmp_path / "a.hdf5", values))
    assert cine.read(0).pixels_hw[0, 0] == 150
    with pytest.raises(FileError, match="take out one plane"):
        open_cine(zea(tmp_path / "b.hdf5", np.zeros((2, ROWS, COLUMNS, 5), np.uint8)))


@pytest.mark.parametrize("apex", [(0.0, 0.0), (0.004, -0.04)])
def test_sector_lands_where_its_positions_say(tmp_path: Path, apex: tuple[float, float]) -> None:
    x, z = sector(apex)
    path = zea(tmp_path / "a.hdf5", (255 * marked()[None]).astype(np.uint8), (x, z))
    frame = open_cine(path).read(0)
    mm, _ = frame.calibration.whole_mm_yx or (0, 0)
    rows, columns = np.nonzero(frame.pixels_hw > 200)
    centre = x.min() + columns.mean() * mm / 1000, z.min() + rows.mean() * mm / 1000
    assert centre[0] == pytest.approx(x[44:46, 7].mean(), abs=1e-3)
    assert centre[1] == pytest.approx(z[44:46, 7].mean(), abs=1e-3)
    assert frame.pixels_hw[-1, 0] == 0
    assert mm == pytest.approx(1.0)


@pytest.mark.parametrize("by", ["matlab", "python"])
@pytest.mark.parametrize("axes", [("z_axis", "x_axis"), ("depth_axis", "azimuth_axis")])
def test_uff_of_both_writers_is_the_same_picture(tmp_path: Path, by: str, axes: tuple[str, str]) -> None:
    xz = grid() if axes[1] == "x_axis" else sector()
    cine = open_cine(uff(tmp_path / "a.uff", xz, axes, by))
    expected = 20 * np.log10(np.clip(marked(), 1e-3, None)) / 60 + 1
    if axes[1] == "x_axis":
        assert np.abs(cine.read(0).pixels_hw - 255 * expected).max() <= 0.51
    else:
        mask = cine.read(0).pixels_hw > 250
        assert mask.any()
        assert not mask[:, mask.shape[1] // 2 :].any()
    assert cine.count == COUNT
    assert cine.rate_hz == pytest.approx(25)
    bright = [int(frame.pixels_hw.max()) for frame in cine]
    assert bright[0] == bright[2] == 255
    assert bright[1] == round(255 * (1 + 20 * np.log10(0.5) / 60))


def test_uneven_grid_is_resampled() -> None:
    x, z = np.meshgrid(ACROSS, 5e-3 + (np.arange(ROWS) / ROWS) ** 2 * 0.05)
    geometry = geometry_of(x, z, "a")
    depth = (geometry.picture(z.astype(np.float32) * 1000)[:, 3] - 5) / geometry.spacing_mm_yx[0]
    assert np.abs(depth - np.arange(len(depth))).max() * geometry.spacing_mm_yx[0] <= 0.51
    flipped = geometry_of(-grid()[0], grid()[1], "a")
    assert flipped.picture(grid()[0].astype(np.float32) * 1000 + 100)[0, 0] > 100


def rays(tangle: float) -> tuple[np.ndarray, np.ndarray]:
    x, z = grid()
    return x + tangle * z, z


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "steered": (
        lambda path: zea(path, np.zeros((1, ROWS, COLUMNS), np.uint8), rays(0.3)),
        "neither on a grid",
    ),
    "millimetres": (
        lambda path: zea(path, np.zeros((1, ROWS, COLUMNS), np.uint8), [1000 * a for a in grid()]),
        "positions are in metres",
    ),
    "shape": (lambda path: zea(path, np.zeros((1, 30, 20), np.uint8), grid()), "coordinates are 60 x 40 x 3"),
    "nan": (lambda path: zea(path, np.full((1, ROWS, COLUMNS), np.nan, np.float32)), "NaN"),
    "small": (lambda path: zea(path, np.zeros((1, 4, 4), np.uint8)), "the smallest legal side"),
    "channels": (
        lambda path: uff(path, grid(), ("z_axis", "x_axis"), "python", np.ones((ROWS * COLUMNS, 2, 1, 1))),
        "sum channels and waves first",
    ),
    "other length": (
        lambda path: uff(path, grid(), ("z_axis", "x_axis"), "python", np.ones((77, 1))),
        "legal are 2400 pixels",
    ),
    "no plane": (lambda path: uff(path, [grid()[0][:-1]] * 2, ("z_axis", "x_axis"), "matlab"), "one plane"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(tmp_path: Path, name: str) -> None:
    make, message = REFUSED[name]
    path = make(tmp_path / "a.hdf5")
    with pytest.raises(FileError, match=message) as caught:
        open_cine(path).read(0)
    assert "\n" not in str(caught.value)


def raw_only(file: Any) -> None:
    file["tracks/track_0/data/raw_data"] = np.zeros((1, 2, 3, 4, 1), np.float32)


def outside(file: Any) -> None:
    file["data/image"] = h5py.ExternalLink("other.hdf5", "/data/image")


def stored_outside(file: Any) -> None:
    kept = [("other.bin", 0, h5py.h5f.UNLIMITED)]
    file.create_dataset("data/image", (1, 30, 40), "u1", external=kept)


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((1, 30, 40), "u1")
    layout[:] = h5py.VirtualSource("other.hdf5", "x", (1, 30, 40))
    file.create_virtual_dataset("data/image", layout)


def huge(file: Any) -> None:
    file.create_dataset("data/image", (1, 60_000, 60_000), "u1", chunks=(1, 100, 100))


def one_chunk(file: Any) -> None:
    file.create_dataset("data/image", (500, 2000, 2000), "u1", chunks=(100, 2000, 2000))


def many(file: Any) -> None:
    file.create_dataset("data/image", (2_000_000, 30, 40), "u1", chunks=(1, 30, 40))


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (raw_only, "holds raw_data; legal are zea's data/image"),
        (outside, "is a link to somewhere else"),
        (stored_outside, "in another file"),
        (virtual, "in another file"),
        (huge, "the limit is 16384"),
        (one_chunk, "write smaller chunks"),
        (many, "2000000 frames"),
        (lambda file: file.create_dataset("data/image", data=np.array([b"x"])), "not an array of numbers"),
    ],
)
def test_hostile_files(tmp_path: Path, fill: Callable[[Any], None], message: str) -> None:
    np.zeros(1200, np.uint8).tofile(tmp_path / "other.bin")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        fill(file)
    with pytest.raises(FileError, match=message):
        open_cine(tmp_path / "a.h5")


def test_truncated(tmp_path: Path) -> None:
    path = zea(tmp_path / "a.hdf5", np.zeros((COUNT, ROWS, COLUMNS), np.uint8), grid())
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(FileError, match="damaged"):
        open_cine(path)
    path.write_bytes(b"")
    with pytest.raises(FileError, match="0 bytes"):
        open_cine(path)


def test_without_h5py_the_fix_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zea(tmp_path / "a.hdf5", np.zeros((1, ROWS, COLUMNS), np.uint8))
    monkeypatch.setattr(guard.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileError, match=r"pip install 'uniultra\[hdf5\]'"):
        open_cine(path)


def test_zea_packed_by_blosc(tmp_path: Path) -> None:
    plugin = pytest.importorskip("hdf5plugin")
    values = (255 * np.stack([marked()] * 2)).astype(np.uint8)
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        packed = plugin.Blosc(cname="zstd")
        file.create_dataset("data/image", data=values, chunks=(1, ROWS, COLUMNS), **packed)
    assert np.array_equal(open_cine(tmp_path / "a.hdf5").read(1).pixels_hw, values[1])


def test_commands(tmp_path: Path) -> None:
    path = zea(tmp_path / "a.hdf5", (255 * np.stack([marked()] * 2)).astype(np.uint8), sector())
    assert find_images([tmp_path]) == [path]
    ran = CliRunner().invoke(app, ["info", str(path)])
    assert ran.exit_code == 0, ran.output
    assert "coordinates: 1 x 1 mm per pixel" in ran.output
    out = tmp_path / "out"
    ran = CliRunner().invoke(
        app, ["segment", str(path), "--frame", "1", "--box", "10,30,24,50", "--out", str(out), "--json"]
    )
    assert ran.exit_code == 0, ran.output
    assert (out / "a.f1.mask.png").exists() or list(out.glob("a*.mask.png"))
