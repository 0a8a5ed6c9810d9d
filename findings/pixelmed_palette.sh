#!/usr/bin/env bash
# PixelMed 20220618 (Debian 12): ConvertPaletteColorToGrayscale makes a cine's first frame grey and drops the others; its header still counts them.
#
# Expected: each of the five frames becomes grey, as ConvertPlanarConfiguration and ConvertNonRGBToRGB convert each; or a cine is refused.
# What happens: the file holds the 4,800 bytes of one frame, NumberOfFrames stays 5 and FrameTime 40. pydicom and others refuse it as too short. The tool
# prints nothing and its exit code is 0. ConvertNonRGBToRGB of such a cine prints a stack trace, writes nothing, and has exit code 0, too.
# Why it matters: older carts store grey and flow through palettes, and grey is what models are given. The source is often deleted once it is converted.
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
venv/bin/python - <<'PYTHON'
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

for frames in (1, 5):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime, data.StudyID = "1", "Test^Phantom", "20260101", "120000", "1"
    data.PatientBirthDate = data.PatientSex = data.AccessionNumber = data.ReferringPhysicianName = data.PatientOrientation = ""
    data.SeriesNumber, data.InstanceNumber, data.ImageType = 1, 1, ["ORIGINAL", "PRIMARY"]
    data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer, data.Rows, data.Columns = frames, 40, 0x00181063, 60, 80
    data.SamplesPerPixel, data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 1, 8, 8, 7, 0
    data.PhotometricInterpretation = "PALETTE COLOR"
    for name in ("Red", "Green", "Blue"):
        setattr(data, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(data, f"{name}PaletteColorLookupTableData", (np.arange(256) * 257).astype("<u2").tobytes())
    data.PixelData = np.repeat(np.arange(20, 20 + 20 * frames, 20, dtype=np.uint8), 60 * 80).tobytes()
    data["PixelData"].VR = "OB"
    data.save_as(f"{frames}.dcm", enforce_file_format=True)
PYTHON
for frames in 1 5; do
    java -Djava.awt.headless=true -cp root/usr/share/java/pixelmed.jar com.pixelmed.apps.ConvertPaletteColorToGrayscale $frames.dcm grey-$frames.dcm >said 2>&1
    echo "grey, $frames frames: exit code $?, exceptions printed: $(grep -c Exception said || true)"
done
java -Djava.awt.headless=true -cp root/usr/share/java/pixelmed.jar com.pixelmed.apps.ConvertNonRGBToRGB 5.dcm rgb-5.dcm >said 2>&1
echo "RGB, 5 frames: exit code $?, exceptions printed: $(grep -c Exception said || true)"
test -e rgb-5.dcm && { echo "an RGB file was written"; exit 1; }
venv/bin/python -W ignore - <<'PYTHON'
from pydicom import dcmread

found = {}
for frames in (1, 5):
    data = dcmread(f"grey-{frames}.dcm")
    found[frames] = data.PhotometricInterpretation, int(data.NumberOfFrames), len(data.PixelData), set(data.PixelData)
    print(f"{frames} frames of 4800 pixels:", *found[frames])
assert found == {1: ("MONOCHROME2", 1, 4800, {20}), 5: ("MONOCHROME2", 5, 4800, {20})}
try:
    dcmread("grey-5.dcm").pixel_array
except ValueError as error:
    print("pydicom:", str(error)[:80])
else:
    raise SystemExit("pydicom read it")
print("as stated")
PYTHON
