#!/usr/bin/env bash
# pyfast 4.18.0 (FAST, a framework for ultrasound and other medical images): of an ultrasound cine in DICOM it reads the first frame, and exchanges width and height of a pixel, or says 0 mm.
#
# Expected: DICOMFileImporter gives all frames, and in x and y the millimetres of PixelSpacing (rows first) or of the regions; or a message. MONOCHROME1 is seen as it is shown.
# What happens: of a cine of four frames there is one. A PixelSpacing of 0.5 x 0.2 mm (rows x columns) becomes 0.5 in x and 0.2 in y, so a structure 8 mm wide and 20 mm high is 20 wide
# and 8 high. Without PixelSpacing, as in most ultrasound, a pixel is 0 x 0 mm, regions or not, and the area of a structure is 0 mm2. MONOCHROME1 is a negative. Nothing is said.
# Why it matters: FAST's pipelines segment ultrasound and report areas and lengths in mm. Arrays with a spacing of one's own are measured right (area, centre), so a test on those doesn't show it.
# Seen on 30 November 2026 with pyfast 4.18.0, pydicom 3.0.2, numpy 2.4.6, Python 3.11, and pocl 3.1 of Debian 12.
# Needs an OpenCL platform, such as Debian's pocl-opencl-icd.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pyfast==4.18.0 pydicom==3.0.2 numpy==2.4.6
export QT_QPA_PLATFORM=offscreen HOME=$folder OMP_NUM_THREADS=1
cat >run.py <<'PYTHON'
from importlib.metadata import version

import fast
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

fast.Reporter.setGlobalReportMethod(fast.Reporter.NONE)
ROWS, COLUMNS, FRAMES = 60, 80, 4
grey = np.full((FRAMES, ROWS, COLUMNS), 60, np.uint8)
grey[:, 10:50, 20:60] = 180
grey[:, 0] = 10 * np.arange(1, FRAMES + 1)[:, None]  # a row that counts the frames


def opened(name, pixels, photometric="MONOCHROME2", spacing=None, regions=False):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.NumberOfFrames, data.FrameTime = ROWS, COLUMNS, FRAMES, 40
    data.FrameIncrementPointer, data.PhotometricInterpretation = 0x00181063, photometric
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.SamplesPerPixel = 1
    if spacing:
        data.PixelSpacing = list(spacing)
    if regions:
        region = Dataset()
        region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
        region.RegionLocationMinX0, region.RegionLocationMinY0, region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 0, 0, COLUMNS - 1, ROWS - 1
        region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
        region.PhysicalDeltaX, region.PhysicalDeltaY = 0.02, 0.05
        data.SequenceOfUltrasoundRegions = [region]
    data.PixelData = pixels.tobytes()
    data.save_as("a.dcm", enforce_file_format=True)
    image = fast.DICOMFileImporter.create("a.dcm", False).runAndGetOutputData()
    values, size = np.asarray(image), tuple(round(float(value), 2) for value in image.getSpacing())[:2]
    print(f"{name}: array {values.shape}, spacing in x and y {size}, first rows {np.unique(values[0])[:4].tolist()}, (5, 5) {values[5, 5].tolist()}, (30, 40) {values[30, 40].tolist()}")
    return values, size


print("pyfast", version("pyfast"))
def area(size):
    mask = fast.Image.createFromArray((grey[0] > 100).astype(np.uint8)[..., None])
    mask.setSpacing(*size, 1)
    return [float(region.area) for region in fast.RegionProperties.create().connect(mask).runAndGetOutputData().get()]


values, size = opened("grey, PixelSpacing 0.5 x 0.2", grey, spacing=(0.5, 0.2))
assert values.shape == (ROWS, COLUMNS, 1) and size == (0.5, 0.2) and (values[..., 0] == grey[0]).all()
assert opened("grey, no spacing", grey)[1] == (0, 0) and opened("grey, a region of 0.2 x 0.5 mm", grey, regions=True)[1] == (0, 0)
assert opened("MONOCHROME1", 255 - grey, "MONOCHROME1")[0][30, 40, 0] == 75
print("area of 40 x 40 pixels, by 0.2 x 0.5 mm and by 0 x 0:", area((0.2, 0.5)), area((0, 0)))
assert abs(area((0.2, 0.5))[0] - 160) < 0.1 and area((0, 0)) == [0]
PYTHON
venv/bin/python run.py 2>/dev/null | grep -v "DEPTH"
echo "as stated"
