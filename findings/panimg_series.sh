#!/usr/bin/env bash
# panimg 0.18.2 (how Grand Challenge converts uploads): pixels of 0.5 x 0.2 mm become 0.2 x 0.5, scanners' pixels 1 mm, and of several cines in a series the first alone is kept.
#
# Expected: a MetaImage with the file's spacing (5 mm across 25 columns of 0.2 mm stay 5 mm), one per cine, and none with millimetres where the file's are in its regions alone.
# What happens: PixelSpacing is rows first in DICOM and columns first in ITK, and is handed on as it is: 5 mm across are 12.5 mm, 5 mm down are 2 mm. Regions aren't
# read: such files have 1 x 1 mm. A series is one volume: of three cines the file whose InstanceNumber is lowest is written, and all three are reported as
# consumed, without an error; three stills become a volume of three slices of 1 mm. Single colour frames are refused.
# Why it matters: ultrasound challenges get their cases this way, whole studies at a time, and algorithms there measure in what the MetaImage states.
# Seen on 30 November 2026 with panimg 0.18.2, pydicom 3.0.2, SimpleITK 2.5.7, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile panimg==0.18.2 pyvips-binary==8.18.7 openslide-bin==4.0.1.2 pydicom==3.0.2 simpleitk==2.5.7 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import logging
import pathlib
import shutil
import warnings

import numpy as np
import SimpleITK as sitk
from panimg import convert
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

warnings.simplefilter("ignore")
logging.disable()
ROWS, COLUMNS = 60, 80
STUDY, SERIES = generate_uid(), generate_uid()


def stored(number, values, **more):
    """Frames of one grey value each."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = UltrasoundMultiFrameImageStorage if len(values) > 1 else UltrasoundImageStorage
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.InstanceNumber = STUDY, SERIES, "US", number
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = ROWS, COLUMNS, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    if len(values) > 1:
        data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = len(values), 40, 0x00181063
    for keyword, value in more.items():
        setattr(data, keyword, value)
    data.PixelData = np.repeat(np.array(values, np.uint8), ROWS * COLUMNS).tobytes()
    data["PixelData"].VR = "OB"
    data.save_as(f"in/{number}.dcm", enforce_file_format=True)


def converted():
    found = convert(input_directory=pathlib.Path("in"), output_directory=pathlib.Path("out"))
    assert len(found.consumed_files) == len(list(pathlib.Path("in").iterdir()))
    assert not any(path in found.consumed_files and errors for path, errors in found.file_errors.items() if "dicom" in str(errors).lower())
    images = [sitk.ReadImage(str(path)) for path in pathlib.Path("out").rglob("*.mha")]
    for name in ("in", "out"):
        shutil.rmtree(name)
        pathlib.Path(name).mkdir()
    return images


for name in ("in", "out"):
    pathlib.Path(name).mkdir()
print("panimg", importlib.metadata.version("panimg"))
region = Dataset()
region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 2
region.RegionLocationMinX0, region.RegionLocationMinY0, region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 0, 0, 79, 59
region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
region.PhysicalDeltaX, region.PhysicalDeltaY = 0.02, 0.05
spacings = {}
for name, more in {"PixelSpacing 0.5\\0.2": {"PixelSpacing": [0.5, 0.2]}, "a region of the same": {"SequenceOfUltrasoundRegions": [region]}}.items():
    stored(1, [100], **more)
    (image,) = converted()
    spacings[name] = image.GetSpacing()[:2]
    print(f"{name}: a column is {spacings[name][0]} mm, a row {spacings[name][1]} mm")
assert list(spacings.values()) == [(0.5, 0.2), (1, 1)]
cines = {1: [10, 11, 12], 2: [20, 21, 22, 23, 24], 3: [30, 31, 32, 33]}
for number, values in cines.items():
    stored(number, values)
kept = [[int(frame.mean()) for frame in sitk.GetArrayFromImage(image)] for image in converted()]
print(f"three cines of one series, {list(cines.values())}: {kept}")
assert kept == [cines[1]]
for number in cines:
    stored(number, [number * 10])
(image,) = converted()
print(f"three stills of one series: one image of {image.GetSize()} at {image.GetSpacing()} mm")
assert image.GetSize() == (COLUMNS, ROWS, 3) and image.GetSpacing() == (1, 1, 1)
print("as stated")
PYTHON
"$folder/venv/bin/python" -s run.py
