#!/usr/bin/env bash
# zarrnii 0.21.6 with ome-zarr 0.18.0 (NIfTI to OME-Zarr): as it is installed, pixels of 0.2 x 0.5 mm are written without a size and read back as 0.001 mm, at the origin; tilts and frame times are lost.
#
# Expected: ZarrNii.from_nifti(...).to_ome_zarr(...), read again by from_ome_zarr and saved as NIfTI, has the millimetres and the place of the file that went in, as its page says
# ("preserves spatial metadata"): sagittal order, a tilt and a cine's time per frame as well, or a word that they don't fit.
# What happens: its default backend, ome-zarr-py, writes scale 1, translation 0 and no unit; its own reader takes what has no unit for micrometres, so 0.2 x 0.5 x 1 mm becomes 0.001 mm in all three, and
# a structure 8 mm long 0.04 mm. backend="ngff-zarr" has the right sizes. Without any file between, from_nifti(...).to_nifti(...) keeps size and place of axial volumes, but a tilt of 30 degrees
# is taken off (the structure moves by 2.6 mm), the origin of a sagittal volume is put on other axes (5 mm off), and 40 ms per frame are 1. 8 bits become floats of 64. A flat
# NIfTI is refused (IndexError). Nothing is said of the rest.
# Why it matters: large recordings and swept volumes go to OME-Zarr to be shared; areas measured there are those of a cell.
# Seen on 1 December 2026 with zarrnii 0.21.6, ome-zarr 0.18.0, ngff-zarr 0.50.0, zarr 3.1.6, nibabel 5.4.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" zarrnii==0.21.6 ome-zarr==0.18.0 ngff-zarr==0.50.0 zarr==3.1.6 nibabel==5.4.2 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import json
import math
import warnings

warnings.simplefilter("ignore")
import nibabel as nib
import numpy as np
from zarrnii import ZarrNii

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("zarrnii", "ome-zarr", "ngff-zarr")))
voxels = np.zeros((60, 40, 8), np.uint8)
voxels[10:51, 5:9, 2] = 200
size = np.array([[0.2, 0, 0, 3], [0, 0.5, 0, 7], [0, 0, 1, 2], [0, 0, 0, 1]])
turn = math.radians(30)
tilt = np.eye(4)
tilt[:2, :2] = [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
affines = {"axial": size, "mirrored": np.diag([-1, -1, 1, 1]) @ size, "sagittal": np.array([[0, 0, 1, 2], [0.2, 0, 0, 3], [0, 0.5, 0, 7], [0, 0, 0, 1]]), "tilted": tilt @ size}


def seen(image):
    """Middle of the structure, its length, the sizes of a voxel."""
    array = np.asarray(image.dataobj)
    index = np.argwhere(array.reshape(*array.shape[:3], -1)[..., 0] > 100)
    place = nib.affines.apply_affine(image.affine, index)
    return place.mean(0), float(np.linalg.norm(place[-1] - place[0])), np.array(image.header.get_zooms()[:3])


def difference(first, second):
    return float(np.abs(seen(first)[0] - seen(second)[0]).max())


off = {}
for name, affine in affines.items():
    image = nib.Nifti1Image(voxels, affine)
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, f"{name}.nii.gz")
    opened = ZarrNii.from_nifti(f"{name}.nii.gz")
    opened.to_nifti(f"{name}.direct.nii.gz")
    direct = nib.load(f"{name}.direct.nii.gz")
    back = {}
    for backend in ("ome-zarr-py", "ngff-zarr"):
        store = f"{name}.{backend}.ome.zarr"
        opened.to_ome_zarr(store, **({} if backend == "ome-zarr-py" else {"backend": backend}))
        ZarrNii.from_ome_zarr(store).to_nifti(f"{name}.{backend}.nii.gz")
        back[backend] = nib.load(f"{name}.{backend}.nii.gz")
    off[name] = difference(direct, image)
    default, other = seen(back["ome-zarr-py"]), seen(back["ngff-zarr"])
    print(f"   {name}: {off[name]:.1f} mm off without a file between; by OME-Zarr voxels of {', '.join(f'{side:.3f}' for side in default[2])} mm, a structure of {seen(image)[1]:.1f} mm is {default[1]:.3f}; by backend=\"ngff-zarr\" {other[1]:.1f}")
    assert np.allclose(default[2], 0.001) and default[1] < 0.05 and abs(other[1] - seen(image)[1]) < 0.01
    assert direct.get_data_dtype() == np.float64
assert off["axial"] < 1e-3 and off["mirrored"] < 1e-3 and off["sagittal"] > 3 and off["tilted"] > 2, off
written = json.load(open("axial.ome-zarr-py.ome.zarr/zarr.json"))["attributes"]["ome"]["multiscales"][0]
assert written["datasets"][0]["coordinateTransformations"][0]["scale"] == [1, 1, 1, 1] and not any("unit" in axis for axis in written["axes"])

cine = nib.Nifti1Image(np.stack([voxels[:, :, 2:3]] * 3, -1), size)
cine.header.set_xyzt_units("mm", "sec")
cine.header.set_zooms((0.2, 0.5, 1, 0.04))
nib.save(cine, "cine.nii.gz")
ZarrNii.from_nifti("cine.nii.gz").to_nifti("cine.direct.nii.gz")
again = nib.load("cine.direct.nii.gz")
print("   time per frame:", round(float(cine.header.get_zooms()[3]), 3), cine.header.get_xyzt_units()[1], "- back:", float(again.header.get_zooms()[3]), again.header.get_xyzt_units()[1])
assert again.shape == cine.shape and again.header.get_zooms()[3] == 1
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>&1 | grep -v Warning
