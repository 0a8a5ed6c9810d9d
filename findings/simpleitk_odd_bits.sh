#!/usr/bin/env bash
# SimpleITK 2.5.7 (GDCM) leaves the last pixels of a BINARY DICOM SEG as memory had them, where frames x rows x columns is no multiple of 8.
#
# Expected: 0 or 255 for every bit of the file, as PS3.5 8.1.1 packs them, or an error.
# What happens: the last byte of the file is not unpacked. Up to 7 pixels in the lower right corner of the last frame are whatever lay in
# memory: 55, 86, 129..., another value at the next run. All other pixels are right, and nothing is raised. (The same GDCM in
# itkwasm-image-io 1.6.1 does so too.)
# Why it matters: ultrasound frames are cropped to any size. A mask gets labels that nobody drew, its bounding box and its Hausdorff
# distance reach the corner, and a test that compares two readings fails now and then.
# Seen on 28 November 2026 with SimpleITK 2.5.7, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check SimpleITK==2.5.7 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import pydicom
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import pack_bits
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, generate_uid


def save(path, frames):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SegmentationStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "SEG"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 1
    data.HighBit = data.PixelRepresentation = 0
    data.PixelData = pack_bits(frames.ravel())
    data["PixelData"].VR = "OB"
    data.save_as(path, enforce_file_format=True)


print("SimpleITK", SimpleITK.Version.VersionString(), "- every pixel is 1, and read as 255, but for the last:")
spoiled = []
for frames, rows, columns in ((1, 16, 16), (3, 12, 10), (1, 13, 11), (3, 13, 11), (3, 421, 637)):
    save("a.dcm", np.ones((frames, rows, columns), np.uint8))
    assert pydicom.dcmread("a.dcm").pixel_array.all()
    found = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage("a.dcm")).ravel()
    rest = found.size % 8
    assert (found[: found.size - rest] == 255).all()
    tail = found[found.size - rest :]
    spoiled.append(bool((tail != 255).any()))
    print(f"  {frames} x {rows} x {columns}, {rest} beyond the last whole byte:", *tail)
assert spoiled[:2] == [False, False] and any(spoiled[2:])
print("as stated")
PYTHON
