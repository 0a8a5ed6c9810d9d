#!/usr/bin/env bash
# dicom-native 0.3.0: of a colour cine read_dicom gives all frames for the one that was named, and a palette's picture can be its own negative.
#
# Expected: as its documentation has it, frame_index "which frame to load", and always one channel (H, W) of 0 to 1, of colours too.
# What happens: a grey cine is so. Of RGB and YBR_FULL frame_index isn't looked at, and the array is (frames, H, W, 3), scaled by all frames at once;
# as a tensor it has an axis before. Of PALETTE COLOR, which its page lists, the indices are taken for brightness: of a palette from white to black
# the bright is dark. RGB stills are right. No error, and no warning for colours.
# Why it matters: it is made for training straight from DICOM. Doppler and most scanners' cines are RGB; code that goes on by the last two axes takes
# columns and channels for a picture, and stills of two palettes, one of them inverted, look like two kinds of tissue.
# Seen on 30 November 2026 with dicom-native 0.3.0, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dicom-native==0.3.0 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import warnings
from importlib.metadata import version

import numpy as np
from dicom_native import read_dicom
from pydicom import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

print("dicom-native", version("dicom-native"))


def made(frames: np.ndarray, kind: str) -> Dataset:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation = 3 if frames.ndim == 4 else 1, kind
    if frames.ndim == 4:
        data.PlanarConfiguration = 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation, data.PixelData = 8, 8, 7, 0, frames.tobytes()
    return data


def read(data: Dataset, frame: int) -> tuple[np.ndarray, list[str]]:
    data.save_as("in.dcm", enforce_file_format=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        return read_dicom("in.dcm", frame_index=frame), [str(one.message) for one in said]


grey = np.tile((np.arange(36) * 7).astype(np.uint8), (5, 24, 1))
shapes = {}
for kind, frames in (("MONOCHROME2", grey), ("RGB", np.stack([grey] * 3, -1)), ("YBR_FULL", np.stack([grey, grey * 0 + 128, grey * 0 + 128], -1))):
    array, said = read(made(frames, kind), 3)
    shapes[kind] = array.shape
    print(f"frame 3 of {kind}: {array.shape}, {len(said)} warnings")
    assert not said
still = read(made(np.stack([grey[:1]] * 3, -1), "RGB"), 0)[0].shape
paletted = made(grey, "PALETTE COLOR")
for tag in range(0x00281101, 0x00281104):
    paletted.add(DataElement(tag, "US", [256, 0, 16]))
    paletted.add(DataElement(tag + 0x100, "OW", ((255 - np.arange(256)) * 257).astype("<u2").tobytes()))
bright = read(paletted, 3)[0]
print("RGB still:", still, "; white and black of the palette are", bright[0, 0], "and", bright[0, 35])
assert shapes == {"MONOCHROME2": (24, 36), "RGB": (5, 24, 36, 3), "YBR_FULL": (5, 24, 36, 3)} and still == (24, 36)
assert (bright[0, 0], bright[0, 35]) == (0, 1)
print("as stated")
PYTHON
