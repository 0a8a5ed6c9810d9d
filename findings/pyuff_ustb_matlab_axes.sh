#!/usr/bin/env bash
# One expects: pyuff_ustb, the Python implementation of USTB's UFF, says of a file of MATLAB's USTB how many pixels, frames and lines it has, and
# makes the same positions of a scan's axes as MATLAB does.
# What happens: MATLAB's h5create keeps the axes of [pixel x channel x wave x frame] in reverse, as in all its HDF5 files; pyuff_ustb reads them as
# they come, so N_pixels is the number of frames and N_frames that of pixels, and a sector of 50 samples x 30 lines has N_depth_axis 1. From the axes
# of a sector it lays out pixels with azimuth running fastest, MATLAB's ndgrid with depth; of a linear scan both let depth run fastest. Nothing is raised.
# Why it matters: public UFF sets are written by MATLAB. Whoever reshapes by these numbers gets a scrambled sector that still looks like speckle.
# The file here is laid out as +uff/write_object.m and sector_scan.m of unioslo/USTB at 80ca014 do it.
# Seen on 28 November 2026 with pyuff_ustb 3.0.0 (h5py 3.16.0, numpy 2.4.6), Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyuff_ustb==3.0.0 h5py==3.16.0 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
import h5py
import numpy as np
import pyuff_ustb

FRAMES, DEPTH, AZIMUTH = 4, np.linspace(0.01, 0.08, 50), np.linspace(-0.5, 0.5, 30)
depth, azimuth = np.meshgrid(DEPTH, AZIMUTH, indexing="ij")
by_matlab = {"x": depth * np.sin(azimuth), "y": 0 * depth, "z": depth * np.cos(azimuth)}


def put(group, name, values):
    found = group.create_dataset(name, data=np.asarray(values, np.float32).T)  # MATLAB's axes, reversed in the file
    found.attrs.update({"class": "single", "name": name, "complex": [0.0], "imaginary": [0.0]})


def made(group, name, kind):
    found = group.create_group(name)
    found.attrs.update({"class": kind, "name": name, "size": [1.0, 1.0], "array": 0.0})
    return found


with h5py.File("a.uff", "w") as file:
    image = made(file, "b_data", "uff.beamformed_data")
    put(image, "data", np.ones((depth.size, 1, 1, FRAMES)))
    scan = made(image, "scan", "uff.sector_scan")
    for name, values in by_matlab.items():
        put(scan, name, values.ravel(order="F")[:, None])
    put(scan, "depth_axis", DEPTH[:, None])
    put(scan, "azimuth_axis", AZIMUTH[:, None])
    origin = made(scan, "origin", "uff.point")
    for name in ("distance", "azimuth", "elevation"):
        put(origin, name, np.zeros((1, 1)))

image = pyuff_ustb.Uff("a.uff").read("b_data")
counts = image.N_pixels, image.N_frames, image.scan.N_depth_axis
print("1500 pixels, 4 frames, 50 samples a line: pyuff_ustb says", *counts)
point = pyuff_ustb.Point(distance=0.0, azimuth=0.0, elevation=0.0)
sector = pyuff_ustb.SectorScan(azimuth_axis=AZIMUTH, depth_axis=DEPTH, origin=point)
linear = pyuff_ustb.LinearScan(x_axis=AZIMUTH, z_axis=DEPTH)
as_matlab = np.allclose(sector.x, by_matlab["x"].ravel(order="F"), atol=1e-6)
by_azimuth = np.allclose(sector.x, by_matlab["x"].ravel(order="C"), atol=1e-6)
linear_by_depth = np.allclose(linear.z[:50], DEPTH)
print("a sector's pixels in MATLAB's order:", as_matlab, "- azimuth fastest:", by_azimuth)
print("a linear scan's pixels with depth fastest:", linear_by_depth)
print("pyuff_ustb", pyuff_ustb.__version__)
raise SystemExit(0 if counts == (4, 1500, 1) and by_azimuth and linear_by_depth and not as_matlab else 1)
PY
