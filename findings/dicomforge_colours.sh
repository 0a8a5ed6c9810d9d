#!/usr/bin/env bash
# dicomforge 0.10.0 (2026, a DICOM toolkit in Python): pictures of JPEG colour ultrasound are converted to RGB twice, tissue is magenta; each grey frame gets a brightness of its own.
#
# Expected: to_pil_image and to_jpeg_preview give what the file shows: "YBR colour spaces are converted to RGB automatically so the returned image is always display-correct".
# What happens: JPEG as scanners store it (YBR_FULL_422) is decoded by pydicom, which gives RGB, and then converted as if it were still YCbCr: tissue of 200 is (255, 123, 255), black
# is green. Grey without a window, as ultrasound has it, is stretched around each frame's own mean: the 10, 20 and 30 of three frames are shown as 73, 81 and 89, 200 as 255.
# Pictures of RGB in both layouts and of uncompressed YBR_FULL are right, so is pixel_array of the JPEG (uncompressed YBR_FULL_422 is refused).
# Why it matters: previews and pictures for models are made by these two functions. A cine flickers, and the colours of flow are others.
# Seen on 30 November 2026 with dicomforge 0.10.0, pydicom 3.0.2, pillow 13.0.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" dicomforge==0.10.0 pydicom==3.0.2 pillow==13.0.0 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import io
import warnings

import numpy as np

warnings.simplefilter("ignore")
from dicomforge import adapt
from dicomforge.io import read
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

ROWS, COLUMNS = 64, 80


def saved(photometric, frames=1, planes=0, jpeg=False):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if jpeg else ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage if frames > 1 else UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.PhotometricInterpretation = ROWS, COLUMNS, photometric
    if frames > 1:
        data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = frames, 40, 0x00181063
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    grey = np.full((frames, ROWS, COLUMNS), 30, np.uint8)
    grey[:, 32:48, 16:64] = 200
    grey[:, :16] = (10 * np.arange(1, frames + 1))[:, None, None]  # a band that counts the frames
    data.SamplesPerPixel = 1 if photometric == "MONOCHROME2" else 3
    if jpeg:
        data.PlanarConfiguration, packed = 0, io.BytesIO()
        Image.fromarray(np.stack([grey[0]] * 3, axis=-1)).save(packed, "JPEG", quality=95)
        data.PixelData, data.LossyImageCompression = encapsulate([packed.getvalue()]), "01"
        data["PixelData"].is_undefined_length = True
    else:
        pixels = grey
        if data.SamplesPerPixel == 3:
            data.PlanarConfiguration = planes
            others = grey if photometric == "RGB" else np.full_like(grey, 128)
            pixels = np.stack([grey, others, others], axis=1 if planes else -1)
        data.PixelData = np.ascontiguousarray(pixels).tobytes()
    data.save_as("a.dcm", enforce_file_format=True)
    return read("a.dcm", backend="pydicom")


def shown(dataset, frame=0):
    """Tissue of 200 and the band, as a picture and in the array."""
    picture, array = np.asarray(adapt.to_pil_image(dataset, frame=frame)), adapt.pixel_array(dataset, frame=frame)
    return [np.atleast_1d(value).tolist() for value in (picture[40, 40], picture[4, 4], array[40, 40])]


print("dicomforge", importlib.metadata.version("dicomforge"))
seen = {}
for name, case in {"RGB": ("RGB",), "RGB by planes": ("RGB", 1, 1), "YBR_FULL": ("YBR_FULL",), "JPEG": ("YBR_FULL_422", 1, 0, True)}.items():
    seen[name] = shown(saved(*case))
    print(f"{name}: tissue of 200 is {seen[name][0]}, a band of 10 {seen[name][1]}; in pixel_array {seen[name][2]}")
preview = np.asarray(Image.open(io.BytesIO(adapt.to_jpeg_preview(saved("YBR_FULL_422", 1, 0, True)))))[40, 40].tolist()
cine = saved("MONOCHROME2", 3)
bands = [shown(cine, frame)[1][0] for frame in range(3)]
print("JPEG's preview", preview, "- grey, bands of 10, 20, 30 of three frames:", bands, "tissue of 200:", [shown(cine, frame)[0][0] for frame in range(3)])
assert all(seen[name][0] == [200] * 3 and seen[name][1] == [10] * 3 for name in ("RGB", "RGB by planes", "YBR_FULL"))
assert seen["JPEG"][2] == [200] * 3 and seen["JPEG"][0] == [255, 123, 255] and seen["JPEG"][1][1] > 100 > seen["JPEG"][1][0] + seen["JPEG"][1][2] + 90
assert preview[0] > 240 and preview[2] > 240 and preview[1] < 140
assert bands == sorted(set(bands)) and bands[0] > 50 and all(shown(cine, frame)[0] == [255] for frame in range(3))
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
