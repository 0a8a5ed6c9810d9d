#!/usr/bin/env bash
# deid 0.4.13 (pydicom's de-identifier): one cleaner for several ultrasound files keeps in all of them what the first file's regions say.
#
# Expected: "keepcoordinates from:SequenceOfUltrasoundRegions" reads each file's own regions, and keeps RegionLocationMinX0 to
# RegionLocationMaxX1, both included (PS3.3 C.8.5.5.1.3).
# What happens: reading a file's regions overwrites the recipe, so that a DicomCleaner that goes from file to file, or a list of files
# given to has_burned_pixels, takes the first file's regions for every other. A new DicomCleaner for each file is right. The last row
# and the last column of a region are blanked in either case.
# Why it matters: carts differ in where the picture lies. What is burned in around the second file's region stays, and its picture
# may go; nothing is reported, and one cleaner in a loop is the natural way to write it.
# Seen on 28 November 2026 with deid 0.4.13, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check deid==0.4.13 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
cat >recipe <<'RECIPE'
FORMAT dicom

%filter graylist

LABEL Ultrasound regions
    present SequenceOfUltrasoundRegions
    coordinates all
    keepcoordinates from:SequenceOfUltrasoundRegions
RECIPE
MESSAGELEVEL=QUIET venv/bin/python - 2>/dev/null <<'PYTHON'
from importlib.metadata import version

import numpy as np
from deid.dicom import DicomCleaner
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid


def save(name, box):
    data, region = Dataset(), Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 40, 60, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = box[:2]
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = box[2:]
    region.RegionSpatialFormat = region.RegionDataType = 1
    data.SequenceOfUltrasoundRegions = [region]
    data.PixelData = bytes([200]) * 2400
    data.save_as(name, enforce_file_format=True)


def kept(cleaner, name):
    cleaner.detect(name)
    y, x = np.nonzero(cleaner.clean())
    return [int(one) for one in (x.min(), y.min(), x.max(), y.max())]


save("wide.dcm", (5, 5, 54, 34))
save("small.dcm", (20, 10, 39, 29))
one = DicomCleaner(deid="recipe")
after = kept(one, "wide.dcm"), kept(one, "small.dcm")
alone = kept(DicomCleaner(deid="recipe"), "small.dcm")
print("deid", version("deid"))
print("region 5,5,54,34, kept:", *after[0])
print("region 20,10,39,29, kept by the same cleaner:", *after[1])
print("region 20,10,39,29, kept by a cleaner of its own:", *alone)
assert after == ([5, 5, 53, 33], [5, 5, 53, 33]) and alone == [20, 10, 38, 28]
print("as stated")
PYTHON
