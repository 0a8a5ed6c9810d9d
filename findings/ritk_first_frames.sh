#!/usr/bin/env bash
# ritk-python 0.12.79 (RITK, an imaging toolkit in Rust): of an ultrasound cine the first frame is read, and the mean surface distance of 2D masks is a fraction of theirs.
#
# Expected: read_image gives all frames of a file, or refuses it; mean_surface_distance, "in mm", of a disc that is 5 mm too small all round is near to 5.
# What happens: a cine of five frames is an image of one; given one of two cines in a folder, the first frames of both are one volume, 1 mm apart. Distances
# are taken from each pixel whose neighbour above or below is outside, and in a flat mask that is each one: its inside counts as surface at a distance of 0. The disc has 0.8 mm (4.9 is
# right), one that lies 5 mm beside it 0.5 (2.5). Hausdorff distance and Dice are right, and so is the spacing.
# Why it matters: a cine's volume or ejection fraction needs its frames; a model's mean distance reads five times as good as it is, beside a right Hausdorff distance.
# Seen on 30 November 2026 with ritk-python 0.12.79, numpy 2.4.6, scipy 1.17.1, Python 3.11; files by pydicom 3.0.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" ritk-python==0.12.79 numpy==2.4.6 scipy==1.17.1 pydicom==3.0.2
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import pathlib

import numpy as np
import ritk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid
from scipy.ndimage import binary_erosion, distance_transform_edt

ROWS, COLUMNS, SPACING = 60, 80, (0.5, 0.2)
STUDY, SERIES = generate_uid(), generate_uid()


def stored(path, number, values):
    """A cine of frames of one grey value each."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.InstanceNumber = STUDY, SERIES, "US", number
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = ROWS, COLUMNS, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = len(values), 40, 0x00181063
    data.PixelSpacing = list(SPACING)
    data.PixelData = np.repeat(np.array(values, np.uint8), ROWS * COLUMNS).tobytes()
    data["PixelData"].VR = "OB"
    path.parent.mkdir(exist_ok=True)
    data.save_as(path, enforce_file_format=True)


def frames(path):
    image = ritk.io.read_image(str(path))
    assert np.allclose(image.spacing, (1, *SPACING))
    return [round(float(frame.mean())) for frame in image.to_numpy()]


print("ritk-python", importlib.metadata.version("ritk-python"))
stored(pathlib.Path("one/1.dcm"), 1, [10, 11, 12, 13, 14])
stored(pathlib.Path("two/1.dcm"), 1, [10, 11, 12, 13, 14])
stored(pathlib.Path("two/2.dcm"), 2, [20, 21, 22])
alone, pair = frames("one/1.dcm"), frames("two/1.dcm")
print(f"a cine of 10, 11, 12, 13, 14: {alone}; the same beside one of 20, 21, 22: {pair}")
assert alone == [10] and pair == [10, 20]

y, x = np.mgrid[:100, :200]


def disc(radius, column=100, row=50):
    return ((y - row) * SPACING[0]) ** 2 + ((x - column) * SPACING[1]) ** 2 < radius**2


def distances(a, b):
    """From each border pixel to the other border: the largest, and the mean of both ways."""
    borders = [mask & ~binary_erosion(mask) for mask in (a, b)]
    ways = [distance_transform_edt(~other, sampling=SPACING)[own] for own, other in (borders, borders[::-1])]
    return max(way.max() for way in ways), sum(way.mean() for way in ways) / 2


truth = disc(15)
means = {}
for name, mask in {"the same": truth, "5 mm beside it": disc(15, 125), "4 mm below": disc(15, row=58), "5 mm smaller": disc(10)}.items():
    pair = [ritk.Image(each[None].astype(np.float32), spacing=[1.0, *SPACING]) for each in (truth, mask)]
    largest, right = distances(truth, mask)
    means[name] = ritk.statistics.mean_surface_distance(*pair)
    print(f"{name}: mean {means[name]:.2f} mm ({right:.2f} is right), Hausdorff {ritk.statistics.hausdorff_distance(*pair):.2f} ({largest:.2f})")
    assert abs(ritk.statistics.hausdorff_distance(*pair) - largest) < 1e-3
    assert means[name] <= right / 5
assert [round(value, 2) for value in means.values()] == [0, 0.45, 0.3, 0.78]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
