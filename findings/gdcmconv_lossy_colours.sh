#!/usr/bin/env bash
# gdcmconv --jpeg --lossy (GDCM 3.0.21 of Debian 12, 3.2.6 of PyPI): colour cines get a header that makes every reader show other colours, GDCM too.
#
# Expected: RGB becomes JPEG baseline as PS3.5 8.2.1 and PS3.3 C.7.6.3.1.2 have it: YCbCr, said to be YBR_FULL_422 (or RGB in the stream, too).
# What happens: the stream is YCbCr 4:2:0 without JFIF or Adobe segments, and the header goes on saying RGB. 200,100,50 is shown as 124,87,183
# and grey 40 as 40,127,128, green, by pydicom, SimpleITK, DCMTK 3.6.7 and GDCM itself, whose --raw makes it permanent. Planes
# (PlanarConfiguration 1) likewise. Exit code 0. YBR_FULL and YBR_FULL_422 at the start, grey, lossy JPEG 2000 and JPEG-LS are right, but for
# 4:2:0, which neither word of the header stands for.
# Why it matters: it is the usual way to make an archive of uncompressed ultrasound smaller. Nothing is lost in the stream (as RGB by JFIF's
# rules it is right), but programs that go by the header see green tissue of another brightness (40 becomes 101), and after --raw all do.
# Seen on 29 November 2026 with python-gdcm 3.2.6, pydicom 3.0.2, SimpleITK 2.5.7, numpy 2.4.6, Pillow 13.0.0, Python 3.11; with libgdcm-tools
# 3.0.21-1 by hand.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check python-gdcm==3.2.6 pydicom==3.0.2 SimpleITK==2.5.7 numpy==2.4.6 Pillow==13.0.0
cd "$folder"
venv/bin/python - venv/bin/gdcmconv <<'PYTHON'
import io
import subprocess
import sys

import numpy as np
import SimpleITK
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.pixels import convert_color_space
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

TISSUE, EMPTY = (8, 12), (0, 0)


def cine(kind: str, planes: bool) -> None:
    frames = np.full((6, 24, 36, 3), 40, np.uint8)
    frames[:, 4:12, 8:20] = (200, 100, 50)
    frames = frames if kind == "RGB" else convert_color_space(frames, "RGB", kind)
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, kind, int(planes)
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = (frames.transpose(0, 3, 1, 2) if planes else frames).tobytes()
    data["PixelData"].VR = "OB"
    data.save_as("in.dcm", enforce_file_format=True)


def converted(kind: str, planes: bool, *options: str) -> dict[str, list]:
    cine(kind, planes)
    subprocess.run([sys.argv[1], *options, "in.dcm", "out.dcm"], check=True, capture_output=True)
    subprocess.run([sys.argv[1], "--raw", "out.dcm", "raw.dcm"], check=True, capture_output=True)
    data = dcmread("out.dcm")
    stream = Image.open(io.BytesIO(next(generate_frames(data.PixelData, number_of_frames=6)))) if "--jpeg" in options else None
    by = {
        "the stream itself": stream and np.asarray(stream.convert("RGB")),
        "pydicom": data.pixel_array[0],
        "SimpleITK": SimpleITK.GetArrayFromImage(SimpleITK.ReadImage("out.dcm"))[0],
        "GDCM, --raw": dcmread("raw.dcm").pixel_array[0],
    }
    shown = {name: [picture[place].tolist() for place in (TISSUE, EMPTY)] for name, picture in by.items() if picture is not None}
    print(f"{kind}{', by planes' * planes}, {options[0]}: header {data.PhotometricInterpretation};", shown)
    return shown


def near(found: list, expected: list) -> bool:
    return bool(np.abs(np.subtract(found, expected)).max() <= 3)


right, wrong = [[200, 100, 50], [40, 40, 40]], [[124, 87, 183], [40, 127, 128]]
print(subprocess.run([sys.argv[1], "--version"], capture_output=True, text=True).stdout.splitlines()[0])
for planes in (False, True):
    shown = converted("RGB", planes, "--jpeg", "--lossy", "-q", "95")
    assert near(shown.pop("the stream itself"), right) and all(near(found, wrong) for found in shown.values())
assert all(near(found, right) for found in converted("YBR_FULL", False, "--jpeg", "--lossy", "-q", "95").values())
assert all(near(found, right) for found in converted("RGB", False, "--j2k", "--lossy").values())
print("as stated")
PYTHON
