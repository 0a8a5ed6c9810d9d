#!/usr/bin/env bash
# fw-gear-img-to-dicom 0.1.1 (Flywheel): whatever picture becomes DICOM has pixels of 1 x 1 mm; 16 bits, palettes and clips become other pictures.
#
# Expected: a screenshot without a scale has none in DICOM; 16 bits stay 16 bits, a palette its colours, a GIF of five frames five; or a refusal.
# What happens: PixelSpacing is 1\1 in each file, also where the PNG says 10 pixels a mm. A PNG of 16 bits is written as if it had 8: the bytes of
# the left half fill the frame, low and high by turns, and the rest trails. Of a palette the indices are shown as grey, of a clip there is the
# first frame, and black, as GIF has a palette. LossyImageCompression is 01 of lossless files.
# Why it matters: viewers and models measure by PixelSpacing, so an ultrasound screenshot of 800 x 600 pixels is 80 cm wide, and lengths in it are in mm.
# Nothing says that the scale was made up; what was lost isn't said either.
# Seen on 30 November 2026 with fw-gear-img-to-dicom 0.1.1 (the newest for Python 3.11), pydicom 2.4.5, pillow 10.4.0, numpy 1.26.4, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check fw-gear-img-to-dicom==0.1.1 pydicom==2.4.5 pillow==10.4.0 numpy==1.26.4
cd "$folder"
venv/bin/python -W ignore - 2>/dev/null <<'PYTHON'
import os
import zipfile
from importlib.metadata import version

import numpy as np
import pydicom
from fw_gear_img_to_dicom.convert_img_to_dcm import convert_image_to_dicom
from PIL import Image

print("fw-gear-img-to-dicom", version("fw-gear-img-to-dicom"))
grey = np.tile((np.arange(36) * 7).astype(np.uint8), (24, 1))
deep = np.tile((np.arange(36) * 500 + 3).astype(np.uint16), (24, 1))
os.mkdir("in")
Image.fromarray(grey).save("in/grey.png", dpi=(254, 254))
Image.fromarray(deep).save("in/deep.png")
paletted = Image.fromarray(grey).convert("P")
paletted.putpalette([value for index in range(256) for value in (255 - index, index // 2, index)])
paletted.save("in/palette.png")
frames = [Image.fromarray(np.full((24, 36), 40 * number, np.uint8)) for number in range(1, 6)]
frames[0].save("in/clip.gif", save_all=True, append_images=frames[1:], duration=50)
made = {}
for name in sorted(os.listdir("in")):
    os.mkdir(name)
    archive = zipfile.ZipFile(convert_image_to_dicom(os.path.abspath(f"in/{name}"), os.path.abspath(name), "study"))
    slices = [one for one in archive.namelist() if one.endswith(".dcm")]
    data = pydicom.dcmread(archive.open(slices[0]))
    made[name] = data.pixel_array
    print(f"{name}: {len(slices)} frame of {made[name].shape}, {data.BitsAllocated} bits, {data.PhotometricInterpretation}, "
          f"PixelSpacing {list(map(float, data.PixelSpacing))}, largest {made[name].max()}, {len(data.PixelData)} bytes")  # fmt: skip
    assert len(slices) == 1 and data.PixelSpacing == [1, 1] and data.BitsAllocated == 8 and data.PhotometricInterpretation == "MONOCHROME2"
print("the first row of 16 bits:", deep[0, :4], "became", made["deep.png"][0, :8])
assert Image.open("in/grey.png").info["dpi"][0] > 253 and (made["grey.png"] == grey).all()
assert (made["deep.png"].ravel() == np.frombuffer(deep.tobytes(), np.uint8)[:864]).all()
assert (made["palette.png"] == grey).all() and Image.open("in/palette.png").convert("RGB").getpixel((0, 0)) == (255, 0, 0)
assert not made["clip.gif"].any() and Image.open("in/clip.gif").convert("L").getpixel((0, 0)) == 40 and Image.open("in/clip.gif").n_frames == 5
print("as stated")
PYTHON
