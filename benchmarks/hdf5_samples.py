"""Writes four small HDF5 files as zea and USTB's UFF lay them out, for `fuzz_files.py`.

python benchmarks/hdf5_samples.py FOLDER
python benchmarks/fuzz_files.py FOLDER/*.hdf5 FOLDER/*.uff --variants 5000 --seed 16
"""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np

ROWS, COLUMNS, COUNT = 60, 40, 3
DEPTH, ACROSS = np.linspace(5e-3, 64e-3, ROWS), np.linspace(-19.5e-3, 19.5e-3, COLUMNS)


def zea(path: Path, values: np.ndarray, x: np.ndarray, z: np.ndarray) -> None:
    """One track with coordinates and times; gzip, a chunk a frame."""
    with h5py.File(path, "w") as file:
        file.attrs["zea_version"] = "0.1.8"
        image = file.create_group("tracks/track_0/data/image")
        image.create_dataset("values", data=values, chunks=(1, ROWS, COLUMNS), compression="gzip")
        image["coordinates"] = np.stack([x, np.zeros_like(x), z], axis=-1).astype(np.float32)
        image["timestamps"] = np.arange(COUNT, dtype=np.float32) / 20


def uff(path: Path, planes: np.ndarray, is_matlab: bool) -> None:
    """Complex beamformed data on a linear scan, as MATLAB's or Python's writer keeps its axes."""
    x, z = np.meshgrid(ACROSS, DEPTH)
    flat = np.stack([plane.ravel(order="F") for plane in planes])
    values = flat[:, None, None, :] if is_matlab else flat.T[:, None, None, :]
    with h5py.File(path, "w") as file:
        image = file.create_group("b_data")
        image.attrs["class"] = "uff.beamformed_data"
        image["data/real"], image["data/imag"] = 0.6 * values, 0.8 * values
        scan = image.create_group("scan")
        scan.attrs["class"] = "uff.linear_scan"
        scan["x_axis"], scan["z_axis"] = ACROSS, DEPTH
        scan["x"], scan["z"] = x.ravel(order="F"), z.ravel(order="F")
        image["frame_rate"] = np.array([[25.0]])


def main(folder: Path) -> None:
    """Writes them all."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    planes = random.uniform(0.01, 1, (COUNT, ROWS, COLUMNS))
    x, z = np.meshgrid(ACROSS, DEPTH)
    zea(folder / "grid.hdf5", (255 * planes).astype(np.uint8), x, z)
    angles, radii = np.meshgrid(np.linspace(-0.6, 0.6, COLUMNS), DEPTH)
    decibels = (20 * np.log10(planes)).astype(np.float32)
    zea(folder / "sector.hdf5", decibels, radii * np.sin(angles), radii * np.cos(angles) - 0.01)
    uff(folder / "matlab.uff", planes, is_matlab=True)
    uff(folder / "python.uff", planes, is_matlab=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
