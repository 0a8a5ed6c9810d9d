#!/usr/bin/env bash
# Plastimatch 1.9.4 (Debian 12): convert fills the cavity of a ring-shaped mask, also from mask to mask, cuts off corners, and of a map of small numbers in DICOM the largest are negative.
#
# Expected: a mask that is converted (--input-ss-img to --output-labelmap, --output-ss-img, or to outlines and back) is the same; a map of floats is in DICOM what it was, within
# its rescale slope.
# What happens: masks go through outlines, which the help of convert doesn't say, and those that lie in each other are united: a wall of 536 pixels around a cavity is a disc of 2,821, with --xor-contours, too.
# What lies in a corner of the frame is cut along the diagonal: a box of 64 pixels has 28. Discs and boxes elsewhere, at one edge too, come back to the pixel. The rescale slope of a map is its maximum by 32,767,
# written with six digits after the point: where they are rounded down, the stored number is beyond 16 bits and comes back as negative: of 0.2, 1.0 and 2.0 the 2.0 is -2.0, of a peak of 1.05 it is -1.05. Peaks of 1, 1.9 and 2.5
# happen to be rounded up and are right. Exit code 0, no message.
# Why it matters: walls of hearts and vessels are what ultrasound measures, and maps of strain, velocity (m/s), attenuation and confidence are small numbers. The peak is what one
# reads off.
# Seen on 30 November 2026 with plastimatch 1.9.4+dfsg.2-0+deb12u1, pydicom 3.0.2, nibabel 5.4.2, numpy 2.4.6, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder with what they need and the machine lacks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
lacking=$(apt-get install --simulate --no-install-recommends plastimatch 2>/dev/null | grep ^Inst | cut -d ' ' -f 2)
apt-get -qq -o APT::Sandbox::User=root download $lacking >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
dpkg-deb -f plastimatch_*.deb Package Version
rm *.deb
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages pydicom==3.0.2 nibabel==5.4.2 numpy==2.4.6
cat >run.py <<'PYTHON'
import glob
import os
import subprocess

import nibabel
import numpy as np
from pydicom import dcmread

libraries = {os.path.dirname(os.path.abspath(path)) for path in glob.glob("root/usr/lib/**/*.so*", recursive=True)}
os.environ["LD_LIBRARY_PATH"] = ":".join(sorted(libraries, key=len))


def saved(name, picture):
    nibabel.save(nibabel.Nifti1Image(picture.T[:, :, None], np.diag([0.5, 0.2, 1, 1])), name)


def convert(*options):
    ran = subprocess.run(["root/usr/bin/plastimatch", "convert", *options], capture_output=True, text=True)
    assert ran.returncode == 0, ran


y, x = np.mgrid[:100, :120]
away = (x - 60) ** 2 + (y - 50) ** 2
masks = {"disc": away <= 900, "edge": (x < 8) & (y >= 20) & (y < 28), "wall": (away <= 900) & (away >= 27**2), "corner": (x < 8) & (y < 8)}
seen = {}
for name, mask in masks.items():
    saved(f"{name}.nii", mask.astype(np.uint8))
    convert("--input-ss-img", f"{name}.nii", "--output-labelmap", "labels.nii")
    convert("--input-ss-img", f"{name}.nii", "--output-ss-img", "masks.nii")
    convert("--input-ss-img", f"{name}.nii", "--output-cxt", f"{name}.cxt")
    convert("--input-cxt", f"{name}.cxt", "--fixed", f"{name}.nii", "--output-prefix", f"{name}-back", "--prefix-format", "nii")
    convert("--xor-contours", "--input-ss-img", f"{name}.nii", "--output-labelmap", "xor.nii")
    found = [nibabel.load(path).get_fdata() for path in ("labels.nii", "masks.nii", glob.glob(f"{name}-back/*.nii")[0], "xor.nii")]
    counts = [int((picture.reshape(120, 100, -1) > 0).any(axis=2).sum()) for picture in found]
    print(f"{name}: {mask.sum()} pixels; labelmap, masks, cxt and back: {counts[:3]}; labelmap with --xor-contours: {counts[3]}")
    seen[name] = counts
assert seen == {"disc": [2821] * 4, "edge": [64] * 4, "wall": [2821] * 4, "corner": [28] * 4}, seen
picture = np.full((100, 120), 0.1, np.float32)
picture[20:60, 30:90], picture[5:10, 5:25] = 0.5, 1
for peak in (1.05, 2.0, 1.0, 1.9, 2.5):
    saved("map.nii", picture * np.float32(peak))
    convert("--input", "map.nii", "--output-dicom", f"map{peak}")
    data = dcmread(glob.glob(f"map{peak}/*.dcm")[0])
    values = data.pixel_array * float(data.RescaleSlope) + float(data.RescaleIntercept)
    print(f"map of {0.1 * peak:.2f}, {0.5 * peak:.2f}, {peak:.2f}: slope {data.RescaleSlope}, values {[round(float(value), 2) for value in (values[0, 0], values[40, 60], values[7, 15])]}")
    assert abs(values[40, 60] - 0.5 * peak) < 0.01 and abs(values[7, 15] - (-peak if peak in (1.05, 2.0) else peak)) < 0.02
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
