#!/usr/bin/env bash
# highdicom 0.28.2 can't read the segmentation that it makes itself of an ultrasound image with PixelSpacing; a fractional one changes
# the caller's array.
#
# Expected: hd.seg.segread reads what hd.seg.Segmentation wrote; the array of masks that is given stays as it is.
# What happens: of a source with PixelSpacing, which a 2D ultrasound image may have, the SEG gets a PixelMeasuresSequence with that
# alone; a SliceThickness it has not. segread wants SliceThickness and raises AttributeError; hd.imread reads the same file. Without
# PixelSpacing both work. For segmentation_type FRACTIONAL an array of uint8 is multiplied by 255 where it lies, so that the next SEG of
# the same array fails, as 255 has no description.
# Why it matters: archives hold segmentations that the library that wrote them refuses, and only of the files that know their millimetres.
# Seen on 28 November 2026 with highdicom 0.28.2, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check highdicom==0.28.2 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import warnings

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import UltrasoundImageStorage, generate_uid

warnings.simplefilter("ignore")


def source(**more):
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = UltrasoundImageStorage, generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "Test^Phantom", "1", "", ""
    data.StudyDate, data.StudyTime, data.AccessionNumber, data.StudyID = "20260101", "120000", "", ""
    data.ReferringPhysicianName, data.Modality, data.Rows, data.Columns = "", "US", 8, 8
    for keyword, value in more.items():
        setattr(data, keyword, value)
    return data


def written(image, mask, kind):
    algorithm = hd.AlgorithmIdentificationSequence(name="a", version="1", family=codes.DCM.ArtificialIntelligence)
    what = codes.SCT.AnatomicalStructure
    one = hd.seg.SegmentDescription(1, "a", what, what, "AUTOMATIC", algorithm)
    made = hd.seg.Segmentation(
        [image], mask, kind, [one], hd.UID(), series_number=1, sop_instance_uid=hd.UID(), instance_number=1,
        manufacturer="Test", manufacturer_model_name="m", software_versions="1", device_serial_number="1",
    )
    made.save_as("a.dcm")


def outcome(read):
    try:
        read("a.dcm")
    except AttributeError as error:
        return f"AttributeError: {error}"
    return "read"


mask = np.zeros((1, 8, 8), np.uint8)
mask[0, 2:5, 2:6] = 1
found = {}
for name, more in {"without PixelSpacing": {}, "with PixelSpacing": {"PixelSpacing": [0.3, 0.2]}}.items():
    written(source(**more), mask, "BINARY")
    found[name] = outcome(hd.seg.segread), outcome(hd.imread)
    print(f"{name}: segread: {found[name][0]}; imread: {found[name][1]}")
before = mask.max()
written(source(), mask, "FRACTIONAL")
print(f"a mask of {before} after a FRACTIONAL segmentation was made of it: {mask.max()}")
print("highdicom", hd.__version__)
assert found["without PixelSpacing"] == ("read", "read") and found["with PixelSpacing"][1] == "read"
assert "Pixel Measures" in found["with PixelSpacing"][0] and (before, mask.max()) == (1, 255)
print("as stated")
PYTHON
