#!/usr/bin/env bash
# itk-pocus 0.3.2 (point-of-care ultrasound for ITK): of a SonoQue DICOM the centimetres of its region become millimetres, a tenth of what the same picture as a PNG has.
#
# Expected: load_and_preprocess_image returns an ITK image "with correct physical spacing", in mm, as the package documents it for the ruler of pictures and videos.
# What happens: PhysicalDeltaX and Y of the first region are taken as they are, and ultrasound regions are in cm (PhysicalUnitsXDirection 3): 0.02 for 0.2 mm. The same picture as a PNG, whose ruler is read, has
# 0.2. A structure of 40 x 20 mm measures 4 x 2 by ITK, its area is 1/100. The units aren't looked at, so a region in seconds gives a spacing, too. No message.
# Why it matters: stills come as DICOM and clips as movies from the same probe; put together, their sizes differ by ten.
# Seen on 29 November 2026 with itk-pocus 0.3.2, itk 5.4.0, sk-video 1.1.10, scikit-image 0.22.0, pydicom 3.0.2, numpy 1.26.4, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" numpy==1.26.4 itk==5.4.0 scikit-image==0.22.0 pydicom==3.0.2 sk-video==1.1.10
"${get[@]}" --no-deps itk-pocus==0.3.2
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import warnings

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

warnings.simplefilter("ignore")
np.float, np.int = float, int  # sk-video's
import itk
from itkpocus import sonoque

ROWS, COLUMNS, MM = 480, 640, 0.2
frame = np.zeros((ROWS, COLUMNS, 3), np.uint8)
frame[40:440, 160:480] = np.random.default_rng(0).integers(20, 90, (400, 320, 1))
frame[200:300, 220:420] = 200  # 20 mm high and 40 mm wide
frame[20:460, 20] = 120  # the ruler: a line, and ticks every 5 mm to the right of it
frame[30:460:25, 21:28] = 120


def dicom(units, delta):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PlanarConfiguration, data.PhotometricInterpretation = ROWS, COLUMNS, 3, 0, "RGB"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0, region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 0, 0, COLUMNS - 1, ROWS - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = units
    region.PhysicalDeltaX = region.PhysicalDeltaY = delta
    data.SequenceOfUltrasoundRegions = [region]
    data.PixelData = frame.tobytes()
    data.save_as("still.dcm", enforce_file_format=True)
    return "still.dcm"


def loaded(path):
    image, _ = sonoque.load_and_preprocess_image(path)
    spacing = [float(value) for value in itk.spacing(image)]
    high, wide = (np.ptp(np.argwhere(itk.array_from_image(image) > 0.7), axis=0) + 1) * spacing[::-1]
    return [round(value, 4) for value in spacing], round(float(wide), 1), round(float(high), 1)


itk.imwrite(itk.image_from_array(frame, is_vector=True), "still.png")
print("itk-pocus", importlib.metadata.version("itk-pocus"), "- spacing, and the size of a structure of 40 x 20 mm")
cases = {"DICOM, region in cm": dicom(3, MM / 10), "PNG with a ruler": "still.png"}
seen = {name: loaded(path) for name, path in cases.items()}
seen["DICOM, region in seconds"] = loaded(dicom(4, 0.004))
for name, found in seen.items():
    print(f"{name}: {found}")
assert seen["DICOM, region in cm"] == ([0.02, 0.02], 4.0, 2.0) and seen["PNG with a ruler"] == ([0.2, 0.2], 40.0, 20.0)
assert seen["DICOM, region in seconds"][0] == [0.004, 0.004]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
