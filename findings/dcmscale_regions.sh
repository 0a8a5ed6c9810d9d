#!/usr/bin/env bash
# dcmscale 3.6.7 (DCMTK, Debian 12): after it ultrasound has the calibration of another picture; cropping changes PixelSpacing.
#
# Expected: of a picture scaled by 0.5 PixelSpacing doubles, and so do the PhysicalDelta of the ultrasound regions, whose boxes halve; or
# the regions go. Cropping without scaling leaves PixelSpacing as it is and moves the boxes.
# What happens: SequenceOfUltrasoundRegions is copied. At half the size a pixel is 1 mm by PixelSpacing and 0.5 mm by its region, whose
# box ends beyond the picture; at twice the size it is 0.25 and 0.5 mm, and nothing looks odd. With +C 4 4 20 12 PixelSpacing is multiplied
# by (old size / new size), 0.5 x 0.5 becomes 1 x 0.9 mm, though no pixel was resized, and the boxes stay where they were. Nothing is
# printed; ImageType and DerivationDescription say that the picture was scaled.
# Why it matters: crop is how a name is cut off, scaling how an archive is thinned. Viewers and models that go by the regions, as
# PS3.3 C.8.5.5 wants of ultrasound, or by PixelSpacing, measure plausible, wrong millimetres.
# Seen on 29 November 2026 with dcmtk 3.6.7-9~deb12u4, pydicom 3.0.2, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download dcmtk libdcmtk17 libtiff6 liblerc4 libwebp7 libjbig0 libdeflate0 libjpeg62-turbo libxml2 libicu72 \
    libpng16-16 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pydicom==3.0.2
export DCMDICTPATH=$folder/root/usr/share/libdcmtk17/dicom.dic
LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu venv/bin/python - root/usr/bin/dcmscale <<'PYTHON'
import subprocess
import sys

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

data, region = Dataset(), Dataset()
data.file_meta = FileMetaDataset()
data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
data.Rows, data.Columns, data.PixelSpacing, data.ImageType = 24, 36, [0.5, 0.5], ["ORIGINAL", "PRIMARY"]
data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelData = 8, 8, 7, bytes(24 * 36)
region.RegionSpatialFormat = region.RegionDataType = 1
region.RegionFlags, region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 4, 4
region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 31, 19
region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
region.PhysicalDeltaX = region.PhysicalDeltaY = 0.05  # cm: 0.5 mm
data.SequenceOfUltrasoundRegions = [region]
data.save_as("in.dcm", enforce_file_format=True)
print(subprocess.run([sys.argv[1], "--version"], capture_output=True, text=True).stdout.split("$")[1].strip())
found = {}
for name, options in (("half", "+Sxf 0.5"), ("twice", "+Sxf 2"), ("crop", "+C 4 4 20 12")):
    ran = subprocess.run([sys.argv[1], *options.split(), "in.dcm", "out.dcm"], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", ""), ran
    made = dcmread("out.dcm")
    after = made.SequenceOfUltrasoundRegions[0]
    found[name] = [float(one) for one in made.PixelSpacing]
    box = [after[f"RegionLocation{end}"].value for end in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
    print(f"{options}: {made.Columns} x {made.Rows}, PixelSpacing {found[name]} mm; region {box}, {10 * after.PhysicalDeltaX:g} mm; {made.ImageType[0]}")
    assert box == [4, 4, 31, 19] and after.PhysicalDeltaX == after.PhysicalDeltaY == 0.05 and made.ImageType[0] == "DERIVED"
assert found == {"half": [1, 1], "twice": [0.25, 0.25], "crop": [1, 0.9]}
print("as stated")
PYTHON
