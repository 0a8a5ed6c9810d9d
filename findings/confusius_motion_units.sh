#!/usr/bin/env bash
# confusius 0.8.0 (functional ultrasound): how much motion its correction finds depends on the unit of the file: of 100 µm it takes away 94, 0.07, or moves the frame by 2 mm.
#
# Expected: register_volumewise with its defaults brings frames moved by one and two pixels of 0.1 mm back to the first, or says that it couldn't; a NIfTI in micrometres or metres (xyzt_units) gives the same, in its unit.
# What happens: the coordinates keep the file's unit, and the optimiser's step is 0.01 of that, at most 100 times. A frame moved by 100 µm is moved back by 79 µm in a file in mm, by 0.07 µm in one in µm, and by 1.4 mm in one in
# metres. 200 and 300 µm: by 155 and 217 µm, 0.2 and 0.3 µm, 2.6 and 2.9 mm. In pixels of 0.5 mm, in mm, a shift of one pixel is a quarter corrected. The status is "completed" throughout, in µm and metres mostly after less than 100
# steps, as if it had converged; no warning. With learning_rate="auto" the units agree, to 0.6 pixels of the truth.
# Why it matters: signals of an fUSI recording are regressed on these parameters, and frames are taken out by the displacement between them (mean_fd, which is near 0 in µm): the recording looks still, and its motion is taken for blood flow.
# Seen on 30 November 2026 with confusius 0.8.0, SimpleITK 2.5.7, nibabel 5.4.2, numpy 2.4.6, scipy 1.17.1, Python 3.11. Without napari and the atlas, which it asks for but doesn't import here.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
get=(venv/bin/pip install --quiet --disable-pip-version-check)
"${get[@]}" SimpleITK==2.5.7 nibabel==5.4.2 numpy==2.4.6 scipy==1.17.1 xarray==2026.9.0 pandas rich joblib joblib-progress dask zarr h5py matplotlib pooch pydantic requests scikit-learn
"${get[@]}" --no-deps confusius==0.8.0
cat >run.py <<'PYTHON'
import warnings

import confusius
import nibabel
import numpy as np
from scipy import ndimage

DOWN = (0, 1, 2, 3)
speckle = ndimage.gaussian_filter(np.random.default_rng(0).random((100, 120)), 2.5)
speckle = 1000 * (speckle - speckle.min()) / np.ptp(speckle)


def corrected(unit, mm_in_unit, pixel_mm, **more):
    """By how many pixels each frame was moved back, downwards, and how displaced the frames are said to be, in mm."""
    frames = np.stack([ndimage.shift(speckle, (rows, 0), order=3, mode="nearest").T for rows in DOWN], axis=-1)
    pixel = pixel_mm * mm_in_unit
    image = nibabel.Nifti1Image(frames[:, :, None].astype(np.float32), np.diag([pixel, pixel, 10 * pixel, 1]))
    image.header.set_zooms((pixel, pixel, 10 * pixel, 0.1))
    image.header.set_xyzt_units(unit, "sec")
    nibabel.save(image, "cine.nii")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        moved = confusius.registration.register_volumewise(confusius.load("cine.nii"), reference_time=0, n_jobs=1, show_progress=False, **more)
    found = moved.attrs["motion_params"]
    about = [str(one.message) for one in said if "confusius" in str(one.filename)]
    print(f"{unit}, pixels of {pixel_mm} mm{more or ''}: moved back by {np.round(found.trans_y.to_numpy() / pixel, 3).tolist()} of {list(DOWN)} pixels; "
          f"mean_fd {np.round(found.mean_fd.to_numpy() / mm_in_unit, 4).tolist()} mm; {found.n_iterations.tolist()} steps, {set(found.status)}; warnings: {about}")
    assert set(found.status) == {"completed"} and not about
    return found.trans_y.to_numpy() / pixel


fine = {unit: corrected(unit, size, 0.1) for unit, size in (("mm", 1), ("micron", 1000), ("meter", 0.001))}
coarse = corrected("mm", 1, 0.5)
chosen = {unit: corrected(unit, size, 0.1, learning_rate="auto") for unit, size in (("mm", 1), ("micron", 1000), ("meter", 0.001))}
assert all(0.6 < found / true < 0.99 for found, true in zip(fine["mm"][1:], DOWN[1:]))
assert all(found < 0.01 for found in fine["micron"])
assert all(found > 5 for found in fine["meter"][1:])
assert all(found / true < 0.35 for found, true in zip(coarse[1:], DOWN[1:]))
assert all(abs(found - true) < 0.6 for values in chosen.values() for found, true in zip(values, DOWN))
print("as stated")
PYTHON
venv/bin/python run.py
