#!/usr/bin/env bash
# cloud-optimized-dicom 2.2.0: in its thumbnails still tissue flickers, colours change, a palette's blue can be red, and some negatives stay negatives.
#
# Expected: what a viewer shows, smaller: one scale for all frames of a cine, colours as stored, MONOCHROME1 turned over, a palette looked up first.
# What happens: each frame is stretched from its own darkest to its brightest value, RGB as well, all channels by one range. So tissue of 100 is 204, 86
# and 127 in three frames, and (200, 100, 50) is (255, 85, 0). MONOCHROME1 is turned over within the stretching, which a frame that has both
# 0 and 255 already skips. And frames are resized before the palette is looked up: between index 10 and 12, both blue, lies 11, which is red.
# Why it matters: these are the pictures, and the MP4 of a cine, by which a series is reviewed, found and redacted. A burned-in caption that
# comes and goes changes all tissue; flow colours aren't those of the colour bar, and no two frames can be compared.
# Seen on 30 November 2026 with cloud-optimized-dicom 2.2.0, pydicom 3.0.2, numpy 2.4.6, opencv-python-headless 4.13.0.92, Python 3.11.
# The step is called that makes each frame of CODObject.get_thumbnail, which itself needs Google's storage.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check cloud-optimized-dicom==2.2.0 pydicom==3.0.2 numpy==2.4.6 opencv-python-headless==4.13.0.92
cd "$folder"
venv/bin/python - 2>/dev/null <<'PYTHON'
from importlib.metadata import version

import numpy as np
from cloud_optimized_dicom.thumbnail import _generate_thumbnail_frame_and_anchors
from pydicom import DataElement, dcmread, iter_pixels
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

print("cloud-optimized-dicom", version("cloud-optimized-dicom"))


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


def thumbnails(data: Dataset) -> list[np.ndarray]:
    data.save_as("in.dcm", enforce_file_format=True)
    read = dcmread("in.dcm")
    return [_generate_thumbnail_frame_and_anchors(frame, read, 128)[0][..., ::-1] for frame in iter_pixels(read)]


still = np.full((3, 128, 128), 100, np.uint8)
still[:, :64, :64] = 20
still[0, 100, 100], still[1, 100, 100], still[2, 100, 100] = 120, 255, 180
tissue = [int(one[100, 20, 0]) for one in thumbnails(made(still, "MONOCHROME2"))]
print("tissue of 100 in three frames:", tissue)
flow = np.full((1, 128, 128, 3), (200, 100, 50), np.uint8)
flow[0, 0, 0] = 60
colour = thumbnails(made(flow, "RGB"))[0][64, 64].tolist()
print("(200, 100, 50):", colour)
ramp = np.broadcast_to(np.linspace(0, 255, 128).astype(np.uint8), (1, 128, 128)).copy()
negative = [int(thumbnails(made(one, "MONOCHROME1"))[0][64, 0, 0]) for one in (ramp, np.maximum(ramp, 1))]
print("the whitest of MONOCHROME1, of 0 to 255 and of 1 to 255:", negative)
striped = np.full((1, 256, 256), 10, np.uint8)
striped[:, ::2], striped[:, :, 128:] = 12, 200
paletted = made(striped, "PALETTE COLOR")
for place, name in enumerate(("Red", "Green", "Blue")):
    table = (np.arange(256) * 257).astype("<u2")
    table[11], table[[10, 12]] = (65535, 0, 0)[place], (0, 0, 65535)[place]
    paletted.add(DataElement(0x00281101 + place, "US", [256, 0, 16]))
    setattr(paletted, f"{name}PaletteColorLookupTableData", table.tobytes())
looked = thumbnails(paletted)[0][64, 30].tolist()
print("of blue stripes:", looked)
assert tissue == [204, 86, 127] and colour == [255, 85, 0] and negative == [0, 255] and looked == [255, 0, 0]
print("as stated")
PYTHON
