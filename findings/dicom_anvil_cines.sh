#!/usr/bin/env bash
# dicom-anvil 0.1.1 (DICOM to 3D Slicer and ITK-SNAP): a cine becomes a picture whose columns are channels; in its label maps object 256 is background, and extents are in the wrong order.
#
# Expected: load_series and convert_series of a grey cine of 5 frames of 24 x 36 pixels give 36 x 24 x 5, or refuse it, as they do colour cines; write_labelmap, which takes "an integer
# labelmap", keeps its labels or refuses those it can't; SegmentN_Extent of a .seg.nrrd is first and last column, row and slice, in this order, as Slicer writes and reads it.
# What happens: the NIfTI is 24 x 5 pixels of 36 values each, with the columns' millimetres on rows and the rows' on frames. Labels are cut to 8 bits: 256 is gone, 300 is segment 44,
# 257 is one with 1. The extent of a structure in columns 4 to 19, rows 2 to 5 of one slice is "0 0 2 5 4 19" for "4 19 2 5 0 0". No message, and the report says that it was written.
# Why it matters: ultrasound is cines. Slicer takes from the extent where a segment's voxels are; numbers above 255 are what tracked or counted objects have.
# (The package installs itself as dicomforge, which is another package's name on the same index.)
# Seen on 30 November 2026 with dicom-anvil 0.1.1, SimpleITK 2.5.7, pynrrd 1.1.3, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" dicom-anvil==0.1.1 simpleitk==2.5.7 pynrrd==1.1.3 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import pathlib

import nrrd
import numpy as np
import SimpleITK
from dicomforge import convert, ingest, segmentation
from dicomforge.models import OutputFormat
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

ROWS, COLUMNS = 24, 36


def series(name, pixels):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    cine, colour = pixels.shape[0] > 1, pixels.shape[-1] == 3
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage if cine else UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.InstanceNumber = generate_uid(), generate_uid(), "US", 1
    data.PatientID, data.PatientName, data.PixelSpacing = "1", "Test^Phantom", [0.5, 0.2]
    if cine:
        data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = pixels.shape[0], 40, 0x00181063
    if colour:
        data.PlanarConfiguration = 0
    data.Rows, data.Columns, data.SamplesPerPixel = ROWS, COLUMNS, 3 if colour else 1
    data.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = np.ascontiguousarray(pixels).tobytes()
    pathlib.Path(name).mkdir()
    data.save_as(f"{name}/a.dcm", enforce_file_format=True)
    return ingest.load_series(name)


print("dicom-anvil", importlib.metadata.version("dicom-anvil"))
frames = np.zeros((5, ROWS, COLUMNS), np.uint8)
made = convert.convert_series(series("cine", frames), "cine", output_format=OutputFormat.NIFTI)
image = SimpleITK.ReadImage(made.output_path)
spacing = tuple(round(value, 3) for value in image.GetSpacing())
print(f"a cine of 5 frames of {COLUMNS} x {ROWS}: {image.GetSize()} of {image.GetNumberOfComponentsPerPixel()} values, {spacing} mm; reported: {made.shape}")
assert image.GetSize() == (24, 5) and image.GetNumberOfComponentsPerPixel() == 36 and spacing == (0.2, 0.5)
try:
    convert.convert_series(series("colour", np.zeros((5, ROWS, COLUMNS, 3), np.uint8)), "colour", output_format=OutputFormat.NIFTI)
    raise SystemExit("taken")
except RuntimeError:
    print("a cine in colour: refused")

still = series("still", frames[:1])
labels = np.zeros((1, ROWS, COLUMNS), np.int32)
labels[0, 2:6, 4:20], labels[0, 8:12, 4:20], labels[0, 14:18, 4:20], labels[0, 20:24, 4:20] = 1, 257, 256, 300
made = segmentation.write_labelmap(labels, still, "labels", segment_names={1: "left", 257: "right", 256: "third", 300: "fourth"})
kept, header = nrrd.read(made.output_path)
found = {int(value): int(count) for value, count in zip(*np.unique(kept, return_counts=True), strict=True)}
names = {header[f"Segment{number}_LabelValue"]: (header[f"Segment{number}_Name"], header[f"Segment{number}_Extent"]) for number in range(2)}
print("labels 1, 256, 257 and 300 of 64 pixels each:", found, names)
assert found == {0: ROWS * COLUMNS - 192, 1: 128, 44: 64}
labels[labels > 1] = 0
made = segmentation.write_labelmap(labels, still, "one")
extent = nrrd.read(made.output_path)[1]["Segment0_Extent"]
print("columns 4 to 19, rows 2 to 5:", extent)
assert extent == "0 0 2 5 4 19"
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>/dev/null
