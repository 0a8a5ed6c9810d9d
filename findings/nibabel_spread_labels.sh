#!/usr/bin/env bash
# nibabel spreads labels of dtype float64 over uint8, so that they come back as other numbers: 1 as 1.00000002, or as 0.988.
#
# Expected: an image of 0, 1 and 7 saved with set_data_dtype(np.uint8) holds 0, 1 and 7.
# Seen (2026-11-28, nibabel 5.4.2, Python 3.11): the file holds 0, 36 and 255 with a slope of 7/255, and get_fdata() gives 0, 0.988
# and 7; with 0, 1 and 3 it gives 1.00000002 for 1. The same array as uint8 is stored as it is.
# Why it matters: readers that ask whether labels are whole numbers refuse good files; those that truncate lose the structure.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nibabel==5.4.2 numpy
cat >"$folder/run.py" <<'PY'
import sys, nibabel, numpy as np
for ids in ((0, 1, 3), (0, 1, 7)):
    image = nibabel.Nifti1Image(np.array(ids, float).reshape(3, 1, 1), np.eye(4))
    image.set_data_dtype(np.uint8)
    nibabel.save(image, sys.argv[1])
    found = nibabel.load(sys.argv[1])
    print("nibabel", nibabel.__version__, ids, "->", [f"{v:.9g}" for v in found.get_fdata().ravel()], "slope", found.dataobj.slope)
    assert found.get_fdata().ravel()[1] != 1
assert int(found.get_fdata().ravel()[1]) == 0, "truncated, the label 1 is background"
PY
"$folder/venv/bin/python" "$folder/run.py" "$folder/a.nii.gz"
