#!/usr/bin/env bash
# deid 0.4.13 saves cleaned uncompressed colour in a layout that its own header contradicts.
#
# Expected: DicomCleaner.save_dicom writes the picture with the boxes blanked and all else as it was, or says that it can't.
# What happens: pydicom's pixel_array is interleaved RGB, whatever the file holds, and those bytes are put back under the old header:
#   - PlanarConfiguration 1 stays: the colours of three frames' thirds lie side by side, and the picture repeats;
#   - YBR_FULL stays: RGB is converted once more, and what was blanked is green (0,135,0);
#   - YBR_FULL_422 stays, with three bytes for every two: pydicom then refuses the file.
# RGB with PlanarConfiguration 0, JPEG and RLE come out right. Nothing is raised or reported while saving.
# Why it matters: these are the uncompressed ultrasound files that PACS hand out; a de-identified set loses its pictures.
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

LABEL Top left
    present Rows
    coordinates 0,0,10,10
RECIPE
MESSAGELEVEL=QUIET venv/bin/python - 2>/dev/null <<'PYTHON'
from importlib.metadata import version

import numpy as np
import pydicom
from deid.dicom import DicomCleaner
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import convert_color_space, pixel_array
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

picture = np.full((40, 60, 3), (200, 100, 50), np.uint8)
luma_chroma = convert_color_space(picture, "RGB", "YBR_FULL")
halved = np.empty((40, 30, 4), np.uint8)
halved[..., :2] = luma_chroma[..., 0].reshape(40, 30, 2)
halved[..., 2:] = luma_chroma[:, ::2, 1:]
STORED = {
    "RGB, PlanarConfiguration 0": ("RGB", 0, picture),
    "RGB, PlanarConfiguration 1": ("RGB", 1, picture.transpose(2, 0, 1)),
    "YBR_FULL": ("YBR_FULL", 0, luma_chroma),
    "YBR_FULL_422": ("YBR_FULL_422", 0, halved),
}


def cleaned(photometric, planar, pixels):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 40, 60, 3, photometric
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PlanarConfiguration, data.PixelData = planar, np.ascontiguousarray(pixels).tobytes()
    data.save_as("a.dcm", enforce_file_format=True)
    assert np.abs(pixel_array("a.dcm")[20, 30].astype(int) - (200, 100, 50)).max() <= 1
    cleaner = DicomCleaner(deid="recipe", output_folder="out")
    cleaner.detect("a.dcm")
    cleaner.clean()
    try:
        found = pixel_array(pydicom.dcmread(cleaner.save_dicom()))
    except ValueError:
        return "refused"
    return found[5, 5].tolist(), found[20, 30].tolist()


print("deid", version("deid"), "- blanked pixel, kept pixel (200, 100, 50):")
found = {name: cleaned(*stored) for name, stored in STORED.items()}
for name, said in found.items():
    print(f"  {name}: {said}")
plain, planar, full, half = found.values()
assert plain == ([0, 0, 0], [200, 100, 50])
assert planar[1] != [200, 100, 50] and half == "refused"
assert full[0] == [0, 135, 0] and full[1] != [200, 100, 50]
print("as stated")
PYTHON
