#!/usr/bin/env bash
# pydicom 3.0.2 and SimpleITK 2.5.7 (GDCM) ignore HighBit: of values that lie in the upper bits of their words both keep the lower bits.
#
# Expected: HighBit 15 with 12 BitsStored in 16 allocated says that a value lies in bits 4 to 15, as ACR-NEMA and former editions of DICOM
# allowed; a reader shifts it down, as dcmtk does, or refuses the file, as the present standard wants 11 there.
# What happens: both mask the lower BitsStored bits and shift nothing, without a warning; pydicom with pixel_array and with
# pixels.pixel_array(raw=True). 100, 1000 and 4000 of 12 bits, stored as 1600, 16000 and 64000, come out as 1600, 3712 and 2560.
# Why it matters: the order of grey values is lost, so an archived frame turns into noise for a model, and two readers that agree seem to prove it
# right.
# Seen on 29 November 2026 with pydicom 3.0.2, SimpleITK 2.5.7, numpy 2.4.6, Python 3.11; dcm2pnm of Debian's dcmtk shows the picture.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check SimpleITK==2.5.7 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import pydicom
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import pixel_array
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

TRUE = np.array([[100, 1000], [4000, 0]], np.uint16)


def written(high: int) -> str:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.Modality, data.PatientID, data.PatientName = "US", "none", "none"
    data.Rows, data.Columns, data.SamplesPerPixel = 2, 2, 1
    data.PhotometricInterpretation, data.PixelRepresentation = "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, high
    data.PixelData = (TRUE << (high - 11)).astype("<u2").tobytes()
    data["PixelData"].VR = "OW"
    data.save_as(f"{high}.dcm", enforce_file_format=True)
    return f"{high}.dcm"


print("pydicom", pydicom.__version__, "SimpleITK", SimpleITK.Version_VersionString())
for high in (11, 12, 15):
    name = written(high)
    found = pydicom.dcmread(name).pixel_array
    other = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(name))[0]
    print("HighBit", high, "pydicom", found.ravel().tolist(), "SimpleITK", other.ravel().tolist())
    assert np.array_equal(found, pixel_array(name, raw=True))
    low = (TRUE << (high - 11)) & 0xFFF
    assert np.array_equal(found, low), "pydicom's answer has changed"
    assert np.array_equal(other, low), "SimpleITK's answer has changed"
PYTHON
