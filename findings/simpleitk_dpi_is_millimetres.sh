#!/usr/bin/env bash
# One expects: a picture has dots per inch for printing, and SimpleITK gives it spacing 1; or it takes them for every kind of picture alike.
# What happens: of JPEG and TIFF the dots per inch become the spacing in mm (72 dpi: 0.3528), of PNG and BMP they don't; NIfTI written from any of
# them says "mm" with qform_code and sform_code 1, "scanner", also where nobody knew the size of a pixel and 1 stands for that.
# Why it matters: exports of ultrasound are JPEG at 72 or 96 dpi; after a conversion to NIfTI areas and diameters come out in plausible, wrong mm.
# Seen on 28 November 2026 with SimpleITK 2.5.7, nibabel 5.4.2, Pillow 13.0.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check SimpleITK==2.5.7 nibabel==5.4.2 pillow==13.0.0 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
import nibabel
import numpy as np
import SimpleITK
from PIL import Image

picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80)).astype(np.uint8))
spacings = {}
for name in ("a.jpg", "a.tif", "a.png", "a.bmp"):
    picture.save(name, dpi=(72, 72))
    image = SimpleITK.ReadImage(name)
    SimpleITK.WriteImage(image, "a.nii.gz")
    header = nibabel.load("a.nii.gz").header
    spacings[name] = round(image.GetSpacing()[0], 4)
    said = header.get_xyzt_units()[0], int(header["qform_code"]), int(header["sform_code"])
    print(name, "at 72 dpi: spacing", spacings[name], "- NIfTI: pixdim", round(float(header["pixdim"][1]), 4), *said)
    assert said == ("mm", 1, 1), said
print("SimpleITK", SimpleITK.__version__)
raise SystemExit(0 if list(spacings.values()) == [0.3528, 0.3528, 1.0, 1.0] else 1)
PY
