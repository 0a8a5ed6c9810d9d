#!/usr/bin/env bash
# SimpleITK 2.5.7 (ITK, GDCM) writes ultrasound with regions of no unit and without PixelSpacing, and GDCM 3.2.6 reads their centimetres as millimetres.
#
# Expected: a picture of 0.5 x 0.2 mm that is written as Ultrasound Image Storage has PixelSpacing 0.2\0.5, or a region with a box, units (3, cm) and deltas of 0.05 and 0.02 (PS3.3 C.8.5.5), and is read back with its
# spacing. A file that is read and written again keeps its regions, or loses them.
# What happens: ITK hands the spacing to GDCM, which puts it into SequenceOfUltrasoundRegions as it is: PhysicalDeltaX 0.5, PhysicalDeltaY 0.2, nothing else, neither unit nor box nor flags. There is no PixelSpacing, so
# SimpleITK itself reads 1 x 1 mm back, and whoever takes a delta for cm, as all ultrasound has it, 5 x 2 mm; as Secondary Capture it is right. Of a file whose regions alone have the
# millimetres (0.05 x 0.02 cm), read and written again, the regions are replaced by one of 1 x 1. GDCM's own reader gives 1 x 1 for PixelSpacing 0.2\0.5 of ultrasound, and 0.05 x 0.02 for the region, in its unit: a tenth of
# the millimetres. MR with the same PixelSpacing is right. No message.
# Why it matters: pictures are smoothed, cropped and de-identified with SimpleITK and written as DICOM. A check of the written file by eye shows a region and looks calibrated.
# Seen on 30 November 2026 with SimpleITK 2.5.7, python-gdcm 3.2.6, pydicom 3.0.2, numpy 2.4.6, Python 3.11. Debian's octave-dicom writes such regions, too (octave_dicomwrite.sh).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check SimpleITK==2.5.7 python-gdcm==3.2.6 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
venv/bin/python - 2>/dev/null <<'PYTHON'
import gdcm
import numpy as np
import SimpleITK
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, SecondaryCaptureImageStorage, UltrasoundImageStorage, generate_uid

DELTAS = ["PhysicalDeltaX", "PhysicalDeltaY"]


def deltas(name):
    """Of the one region that is there: its elements, and its deltas."""
    (region,) = dcmread(name).SequenceOfUltrasoundRegions
    return [element.keyword for element in region], [region[keyword].value for keyword in DELTAS]


def saved(name, storage, spacing, region):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = storage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.Modality = "MR" if storage == MRImageStorage else "US"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 60, 80, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = bytes(60 * 80)
    if spacing:
        data.PixelSpacing = [0.2, 0.5]
    if region:
        one = Dataset()
        one.RegionSpatialFormat = one.RegionDataType = 1
        one.RegionFlags = one.RegionLocationMinX0 = one.RegionLocationMinY0 = 0
        one.RegionLocationMaxX1, one.RegionLocationMaxY1 = 79, 59
        one.PhysicalUnitsXDirection = one.PhysicalUnitsYDirection = 3
        one.PhysicalDeltaX, one.PhysicalDeltaY = 0.05, 0.02  # cm
        data.SequenceOfUltrasoundRegions = [one]
    data.save_as(name, enforce_file_format=True)


image = SimpleITK.GetImageFromArray(np.zeros((60, 80), np.uint8))
image.SetSpacing((0.5, 0.2))
for name, storage in (("written-us.dcm", UltrasoundImageStorage), ("written-sc.dcm", SecondaryCaptureImageStorage)):
    image.SetMetaData("0008|0016", str(storage))
    image.SetMetaData("0008|0060", "US")
    SimpleITK.WriteImage(image, name)
    data, back = dcmread(name), SimpleITK.ReadImage(name).GetSpacing()[:2]
    print(f"{data.SOPClassUID.name}: PixelSpacing {data.get('PixelSpacing')}, read back {back}")
    assert back == ((1, 1) if "us" in name else (0.5, 0.2)) and ("PixelSpacing" in data) == ("sc" in name)
print("its region:", *deltas("written-us.dcm"))
assert deltas("written-us.dcm") == (DELTAS, [0.5, 0.2])
saved("region.dcm", UltrasoundImageStorage, False, True)
SimpleITK.WriteImage(SimpleITK.ReadImage("region.dcm"), "again.dcm")
print("region of 0.05 x 0.02 cm, read and written again:", *deltas("again.dcm"), dcmread("again.dcm").SOPClassUID.name)
assert len(deltas("region.dcm")[0]) == 11 and deltas("again.dcm") == (DELTAS, [1, 1])
saved("spacing.dcm", UltrasoundImageStorage, True, False)
saved("both.dcm", UltrasoundImageStorage, True, True)
saved("mr.dcm", MRImageStorage, True, False)
for name, expected in (("spacing.dcm", [1, 1]), ("region.dcm", [0.05, 0.02]), ("both.dcm", [0.05, 0.02]), ("mr.dcm", [0.5, 0.2])):
    reader = gdcm.ImageReader()
    reader.SetFileName(name)
    assert reader.Read()
    found = reader.GetImage().GetSpacing()[:2]
    print(f"GDCM {gdcm.Version.GetVersion()}, {name}: spacing {found}")
    assert found == expected
print("as stated")
PYTHON
