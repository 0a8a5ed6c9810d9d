#!/usr/bin/env bash
# PixelMed 20220618 (Debian 12), RotateFlipSetOfImages: ultrasound turned by 90 degrees keeps its old PixelSpacing, aspect ratio and regions: 2.5 times the millimetres.
#
# Expected: turned by 90 degrees, rows have become columns: Rows and Columns, PixelSpacing and PixelAspectRatio are exchanged, regions with their
# PhysicalDeltaX and PhysicalDeltaY too, or taken out. Pixels that were expanded to three values each are called YBR_FULL, not YBR_FULL_422.
# What happens: the pixels are turned right, frame by frame, and Rows and Columns are exchanged. Nothing else is: PixelSpacing stays 0.5\0.2, PixelAspectRatio
# 5\2, and the region runs to column 79 of a picture that is 60 wide. A structure 40 rows deep, 20 mm before, is 40 columns wide, 8 mm, after.
# YBR_FULL_422 is stored with 3 bytes a pixel under the same name, where 2 are due: pydicom refuses it. Exit code 0, no message.
# Why it matters: sideways recordings are turned before they are read or segmented. Where pixels aren't square, every length and area is wrong from there on,
# and a region that doesn't fit the picture is the only trace.
# Seen on 29 November 2026 with libpixelmed-java 20220618+dfsg-1, OpenJDK 17.0.15; files by pydicom 3.0.2, numpy 2.4.6, Python 3.11.
# Needs java (a runtime of 11 or newer). Uses Debian's package, unpacked in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download libpixelmed-java >/dev/null
dpkg-deb -f libpixelmed-java*.deb Package Version
dpkg -x libpixelmed-java*.deb root
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pydicom==3.0.2 numpy==2.4.6
mkdir sent turned
cat >made.py <<'PYTHON'
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

STUDY, SERIES = generate_uid(), generate_uid()


def kept(number: int, **more: object) -> None:
    colour = more.get("PhotometricInterpretation") == "YBR_FULL_422"
    data, pixels = Dataset(), np.full((3, 60, 80, 2 if colour else 1), 20, np.uint8)
    pixels[:, 10:50, 30:40] = 200
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = STUDY, SERIES, "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime, data.StudyID = "1", "Test^Phantom", "20260101", "120000", "1"
    data.PatientBirthDate = data.PatientSex = data.AccessionNumber = data.ReferringPhysicianName = data.PatientOrientation = ""
    data.SeriesNumber, data.InstanceNumber, data.ImageType = 1, number, ["ORIGINAL", "PRIMARY"]
    data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer, data.Rows, data.Columns = 3, 40, 0x00181063, 60, 80
    data.SamplesPerPixel, data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 3 if colour else 1, 8, 8, 7, 0
    data.PhotometricInterpretation = "MONOCHROME2"
    if colour:
        data.PlanarConfiguration = 0
    for keyword, value in more.items():
        setattr(data, keyword, value)
    data.PixelData = pixels.tobytes()
    data["PixelData"].VR = "OB"
    data.save_as(f"sent/{number}.dcm", enforce_file_format=True)


region = Dataset()
region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 2
region.RegionLocationMinX0, region.RegionLocationMinY0, region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 0, 0, 79, 59
region.PhysicalUnitsXDirection, region.PhysicalUnitsYDirection, region.PhysicalDeltaX, region.PhysicalDeltaY = 3, 3, 0.02, 0.05
kept(1, PixelSpacing=[0.5, 0.2], SequenceOfUltrasoundRegions=[region])
kept(2, PixelAspectRatio=[5, 2])
kept(3, PhotometricInterpretation="YBR_FULL_422")
PYTHON
venv/bin/python made.py
java -Djava.awt.headless=true -cp root/usr/share/java/pixelmed.jar com.pixelmed.apps.RotateFlipSetOfImages 90 N N sent turned >said 2>&1
echo "exit code 0; of its output, lines that warn: $(grep -ci -e warn -e error said || true)"
venv/bin/python - <<'PYTHON'
from pathlib import Path

from pydicom import dcmread

turned = {int(data.InstanceNumber): data for data in map(dcmread, Path("turned").iterdir())}
one, two, three = (turned[number] for number in (1, 2, 3))
region = one.SequenceOfUltrasoundRegions[0]
across = int((one.pixel_array[0] == 200).any(axis=0).sum())
corners = region.RegionLocationMaxX1, region.RegionLocationMaxY1
print(f"Rows {one.Rows}, Columns {one.Columns}, PixelSpacing {list(one.PixelSpacing)}, PixelAspectRatio {list(two.PixelAspectRatio)}")
print(f"region to column and row {corners}, {region.PhysicalDeltaX} and {region.PhysicalDeltaY} cm a pixel across and down")
print(f"the structure of 40 rows, 20 mm: {across} columns now, {across * one.PixelSpacing[1]:.0f} mm by PixelSpacing, {10 * across * region.PhysicalDeltaX:.0f} mm by the region")
print(f"{three.PhotometricInterpretation}: {len(three.PixelData)} bytes for {3 * 60 * 80} pixels")
assert (one.Rows, one.Columns, list(one.PixelSpacing), list(two.PixelAspectRatio)) == (80, 60, [0.5, 0.2], [5, 2])
assert (across, corners, region.PhysicalDeltaX, region.PhysicalDeltaY) == (40, (79, 59), 0.02, 0.05)
assert (three.PhotometricInterpretation, len(three.PixelData)) == ("YBR_FULL_422", 3 * 3 * 60 * 80)
try:
    three.pixel_array
except ValueError as error:
    print("pydicom:", str(error)[:96])
else:
    raise SystemExit("pydicom read it")
print("as stated")
PYTHON
