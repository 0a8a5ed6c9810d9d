#!/usr/bin/env bash
# dicom2jpg 0.1.10: of a folder of ultrasound stills the last of each number is kept, and every picture has a contrast of its own.
#
# Expected: dicom2png("folder") writes a picture for each file, or says which it couldn't; a grey value is the same in all of them,
# or goes through the file's window.
# What happens: pictures are named by SeriesNumber and InstanceNumber, both of which may be empty or begin anew in each series. Three
# series of one study give one PNG, the last one's, and nothing is printed. Each picture, colour included, is stretched from its darkest to
# its brightest pixel, whatever window the file names: 100 is 255 in one and 95 in the next. The function that returns arrays does so too, and gives
# the indices of PALETTE COLOR as grey. A grey cine is left out with a message; a colour one, or a palette, ends the run with an error.
# Why it matters: it is what many data sets of PNG were made with; studies thin out without a trace, and echo intensity means nothing.
# Seen on 29 November 2026 with dicom2jpg 0.1.10, pydicom 3.0.2, numpy 2.4.6, opencv-python 5.0.0.93, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dicom2jpg==0.1.10 pydicom==3.0.2 numpy==2.4.6 opencv-python==5.0.0.93
cd "$folder"
mkdir in
venv/bin/python - <<'PYTHON'
import contextlib
import io
from importlib.metadata import version
from pathlib import Path

import cv2
import dicom2jpg
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

STUDY = generate_uid()


def still(name: str, pixels: np.ndarray, **more: object) -> None:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.PatientID = STUDY, generate_uid(), "US", "1"
    data.StudyDate, data.StudyTime, data.AccessionNumber, data.SeriesNumber, data.InstanceNumber = "20260101", "120000", "", None, 1
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.WindowCenter, data.WindowWidth = 8, 8, 7, 128, 256
    for keyword, value in more.items():
        setattr(data, keyword, value)
    data.PixelData = pixels.tobytes()
    data["PixelData"].VR = "OB"
    data.save_as(name, enforce_file_format=True)


plain = np.full((24, 36), 40, np.uint8)
plain[4:12, 8:20] = 100
bright = plain.copy()
bright[20, 30] = 200
for name, pixels in (("in/1.dcm", plain), ("in/2.dcm", bright), ("in/3.dcm", plain)):
    still(name, pixels)
palette: dict[str, object] = {"PhotometricInterpretation": "PALETTE COLOR"}
for colour, value in (("Red", 200), ("Green", 100), ("Blue", 50)):
    palette |= {f"{colour}PaletteColorLookupTableDescriptor": [256, 0, 16]}
    palette |= {f"{colour}PaletteColorLookupTableData": np.full(256, value * 257, "<u2").tobytes()}
still("palette.dcm", np.arange(24 * 36, dtype=np.uint16).reshape(24, 36).astype(np.uint8), **palette)
said = io.StringIO()
with contextlib.redirect_stdout(said):
    dicom2jpg.dicom2png("in", "out", multiprocessing=False)
made = sorted(Path("out").rglob("*.png"))
greys = [int(dicom2jpg.dicom2img(f"in/{number}.dcm")[8, 12]) for number in (1, 2)]
indices = dicom2jpg.dicom2img("palette.dcm")
print("dicom2jpg", version("dicom2jpg"), "; 3 files in,", len(made), "out:", *(path.name for path in made), "; said:", repr(said.getvalue()))
print("tissue of 100, window 0 to 255, without and with a brighter pixel:", greys, "; PALETTE COLOR of one colour:", indices.shape, np.unique(indices).size, "greys")
assert len(made) == 1 and made[0].name == "None_1.png" and not said.getvalue()
assert int(cv2.imread(str(made[0]), cv2.IMREAD_GRAYSCALE)[8, 12]) == 255 and greys == [255, 95]
assert indices.shape == (24, 36) and np.unique(indices).size == 256
print("as stated")
PYTHON
