#!/usr/bin/env bash
# imageio 2.38.1 reads another DICOM file than the one that is named, where its folder holds several, and colour as three wrong pictures.
#
# Expected: imread("one.dcm") gives one.dcm: grey (24, 36), colour (24, 36, 3), a cine of five frames (5, 24, 36), or an error.
# What happens:
#   - v3's imread(..., plugin="DICOM") sorts all files of the folder into series and gives the first series, whichever file was named:
#     of three files each call gives the same one. v2's imread gives the named one.
#   - Of a cine v2, and v3 where the file is alone, give the first frame, without a word.
#   - Of interleaved RGB (PlanarConfiguration 0, as nearly all colour is stored) both give a grey picture of a third of the size in bytes,
#     whose neighbouring columns are red, green and blue of one pixel. PlanarConfiguration 1 loses green and blue.
# Why it matters: in a loop over a folder of stills every result is of one picture; counts, names and sizes look right.
# Seen on 28 November 2026 with imageio 2.38.1, pydicom 3.0.2 (to write the files), numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check imageio==2.38.1 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import contextlib
import io
from pathlib import Path

import imageio
import imageio.v2
import imageio.v3
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid


def save(path, pixels, frames=None):
    """uint8 (H, W), (H, W, 3) or (frames, H, W); every file a study of its own."""
    colour = pixels.shape[-1] == 3
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = UltrasoundMultiFrameImageStorage if frames else UltrasoundImageStorage
    data.SOPInstanceUID, data.StudyInstanceUID, data.SeriesInstanceUID = (generate_uid() for _ in range(3))
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.PatientName, data.PatientID, data.Modality, data.InstanceNumber = "Test^One", "1", "US", 1
    data.Rows, data.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    data.SamplesPerPixel = 3 if colour else 1
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        data.PlanarConfiguration = 0
    if frames:
        data.NumberOfFrames = frames
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.PixelData = pixels.tobytes()
    path.parent.mkdir(exist_ok=True)
    data.save_as(path, enforce_file_format=True)


random = np.random.default_rng(0)
grey = [random.integers(0, 255, (24, 36)).astype(np.uint8) for _ in range(3)]
cine, rgb = random.integers(0, 255, (5, 24, 36)).astype(np.uint8), random.integers(0, 255, (24, 36, 3)).astype(np.uint8)
for number, picture in enumerate(grey):
    save(Path(f"stills/{number}.dcm"), picture)
save(Path("cine/cine.dcm"), cine, frames=5)
save(Path("colour/colour.dcm"), rgb)


def which(path, read):
    with contextlib.redirect_stdout(io.StringIO()):
        found = read(path)
    return [number for number, picture in enumerate(grey) if np.array_equal(found, picture)], found


def third(path):
    return imageio.v3.imread(path, plugin="DICOM")


named = [which(f"stills/{number}.dcm", third)[0] for number in range(3)]
second = [which(f"stills/{number}.dcm", imageio.v2.imread)[0] for number in range(3)]
_, one_frame = which("cine/cine.dcm", third)
_, colour = which("colour/colour.dcm", third)
print("imageio", imageio.__version__)
print("0.dcm, 1.dcm, 2.dcm read by v3:", named, "by v2:", second)
print("a cine of 5 frames:", one_frame.shape, "its first frame:", np.array_equal(one_frame, cine[0]))
print("interleaved RGB:", colour.shape, "the first third of the bytes:", np.array_equal(colour.ravel(), rgb.ravel()[: colour.size]))
as_described = (
    len({str(one) for one in named}) == 1
    and second == [[0], [1], [2]]
    and np.array_equal(one_frame, cine[0])
    and np.array_equal(colour.ravel(), rgb.ravel()[:864])
)
raise SystemExit(0 if as_described else "imageio does otherwise now")
PYTHON
