#!/usr/bin/env bash
# Octave's dicom package 0.5.1 (Debian 12): dicomwrite of a picture says MONOCHROME1, so all viewers show it inverted; as ultrasound it gets a region with width and height exchanged.
#
# Expected: a grey picture of 8 or 16 bits is written as MONOCHROME2, large values bright, as MATLAB's dicomwrite has it; PixelSpacing 0.2\0.5 with Modality US is that and no more.
# What happens: without info of a file, or with one that has no PhotometricInterpretation, the header says MONOCHROME1, in which 0 is white. Tissue of 200 on 30 is shown as 56 on 225 by DCMTK
# (255 less each, in effect). Its own dicomread gives the numbers back as they were, so that nothing shows in Octave. It also says NominalScannedPixelSpacing 1\1. With Modality US the file also gets a
# SequenceOfUltrasoundRegions of two elements, PhysicalDeltaX 0.2 and PhysicalDeltaY 0.5: the millimetres of PixelSpacing as they stand, rows first, without unit or box, even where the info is of a file without regions.
# dicomread and dicominfo of the original, written back, keep MONOCHROME2, but get that region. The help names none of it.
# Why it matters: what was filtered in Octave comes back to the archive as its negative, and a model takes blood for tissue. Readers that go by regions, in cm, see 2 x 5 mm for 0.5 x 0.2 mm.
# Seen on 30 November 2026 with octave-dicom 0.5.1-1, GNU Octave 7.3.0, libgdcm 3.0.21-1, DCMTK 3.6.7, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
# Needs Debian 12 with octave, octave-dicom and dcmtk.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
dpkg-query --show octave-dicom
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages pydicom==3.0.2 numpy==2.4.6
cat >run.m <<'OCTAVE'
pkg load dicom
picture = uint8 (30 * ones (60, 80));
picture(41:50, 21:60) = 200;
dicomwrite (picture, "plain.dcm");
dicomwrite (uint16 (picture) * 16, "sixteen.dcm");
info.Modality = "US";
info.PixelSpacing = [0.2, 0.5];
dicomwrite (picture, "us.dcm", info);
for name = {"plain.dcm", "us.dcm"}
  assert (dicomread (name{1}), picture);
endfor
dicomwrite (dicomread ("original.dcm"), "copy.dcm", dicominfo ("original.dcm"));
OCTAVE
cat >run.py <<'PYTHON'
import subprocess

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

data = Dataset()
data.file_meta = FileMetaDataset()
data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.PixelSpacing = generate_uid(), generate_uid(), "US", [0.2, 0.5]
data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 60, 80, 1, "MONOCHROME2"
data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
data.PixelData = np.full((60, 80), 30, np.uint8).tobytes()
data.save_as("original.dcm", enforce_file_format=True)
subprocess.run(["octave", "--no-gui", "--quiet", "--norc", "run.m"], capture_output=True)
for name in ("plain", "sixteen", "us", "copy"):
    data = dcmread(f"{name}.dcm", force=True)
    region = [(element.keyword, element.value) for one in data.get("SequenceOfUltrasoundRegions", []) for element in one]
    print(f"{name}: {data.PhotometricInterpretation}, {data.Modality}, PixelSpacing {data.get('PixelSpacing')}, region {region}")
    assert data.PhotometricInterpretation == ("MONOCHROME2" if name == "copy" else "MONOCHROME1")
    assert region == ([("PhysicalDeltaX", 0.2), ("PhysicalDeltaY", 0.5)] if name in ("us", "copy") else [])
data = dcmread("plain.dcm", force=True)
subprocess.run(["dcmj2pnm", "+op", "plain.dcm", "plain.pgm"], check=True, capture_output=True)
grey = np.frombuffer(open("plain.pgm", "rb").read()[-60 * 80 :], np.uint8).reshape(60, 80)
print(f"tissue of 200 on 30 by DCMTK: {grey[45, 40]} on {grey[20, 70]}")
assert (grey[45, 40], grey[20, 70]) == (56, 225)
print("plain: NominalScannedPixelSpacing", data.NominalScannedPixelSpacing)
assert list(data.NominalScannedPixelSpacing) == [1, 1]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
