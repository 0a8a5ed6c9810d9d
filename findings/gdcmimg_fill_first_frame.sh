#!/usr/bin/env bash
# gdcmimg --fill (GDCM 3.0.21, Debian 12), "anonymize burn-in annotation": of an ultrasound cine it blackens the first frame alone.
#
# Expected: the rectangle that is named is filled on every frame, or the file is refused, as it is for YBR_FULL_422; colour by planes
# (PlanarConfiguration 1) is filled where the same picture by pixels is.
# What happens: without a range of frames, which its help doesn't mention, --region is of frame 0. Frames 2 to 6 keep their pixels, the exit
# code is 0 and nothing is printed. With six numbers (the last two the first and last frame) all are filled. Of colour by planes other
# pixels are overwritten, on a single frame as well, and what was in the rectangle stays. JPEG comes out uncompressed, 3 bytes a pixel,
# with YBR_FULL_422 still in the header, which pydicom then refuses.
# Why it matters: the name is burned into every frame; who looks at the first frame of what was cleaned finds it clean, and hands on the rest.
# Seen on 29 November 2026 with libgdcm-tools 3.0.21-1, pydicom 3.0.2, numpy 2.4.6, Pillow 13.0.0, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download libgdcm-tools libgdcm3.0 libcharls2 libopenjp2-7 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6 Pillow==13.0.0
libraries=$(dirname "$(find root -name 'libgdcmMSFF.so.*' | head -1)")
LD_LIBRARY_PATH=$folder/$libraries venv/bin/python - root/usr/bin/gdcmimg <<'PYTHON'
import io
import subprocess
import sys

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, UltrasoundMultiFrameImageStorage, generate_uid

NAME = np.s_[:, 4:12, 8:20]  # where the patient's name stands: rows 4 to 11, columns 8 to 19
print(subprocess.run([sys.argv[1], "--version"], capture_output=True, text=True).stdout.split("\n")[0])


def cleaned(frames: np.ndarray, region: str, jpeg: bool = False, planes: bool = False) -> np.ndarray | str:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if jpeg else ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "RGB", int(planes)
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = (frames.transpose(0, 3, 1, 2) if planes else frames).tobytes()
    if jpeg:
        data.PhotometricInterpretation, streams = "YBR_FULL_422", []
        for frame in frames:
            stream = io.BytesIO()
            Image.fromarray(frame).save(stream, "JPEG", subsampling="4:2:2")
            streams.append(stream.getvalue())
        data.PixelData = encapsulate(streams)
    data["PixelData"].VR = "OB"
    data.save_as("in.dcm", enforce_file_format=True)
    ran = subprocess.run([sys.argv[1], "--fill", "0", "--region", region, "-i", "in.dcm", "-o", "out.dcm"], capture_output=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b""), ran
    try:
        return dcmread("out.dcm").pixel_array
    except ValueError as error:
        return str(error)


frames = np.full((6, 24, 36, 3), 40, np.uint8)
frames[NAME] = (200, 100, 50)
plain = cleaned(frames, "8,19,4,11")
whole = cleaned(frames, "8,19,4,11,0,5")
planes = cleaned(frames[:1], "8,19,4,11", planes=True)
broken = cleaned(frames, "8,19,4,11", jpeg=True)
black = [bool((frame == 0).all()) for frame in plain[NAME]]
left = float((planes.reshape(frames[:1].shape)[NAME] != 0).all(axis=-1).mean())
print("a cine, rectangle black by frame:", black, "; the others unchanged:", bool((plain[1:] == frames[1:]).all()))
print("with frames 0,5 named:           ", [bool((frame == 0).all()) for frame in whole[NAME]])
print(f"one frame, colour by planes: {100 * left:.0f} % of the rectangle not black")
print("JPEG:", str(broken)[:80])
assert black == [True] + [False] * 5 and (plain[1:] == frames[1:]).all() and (whole[NAME] == 0).all()
assert left > 0.5 and isinstance(broken, str) and "third larger" in broken
print("as stated")
PYTHON
