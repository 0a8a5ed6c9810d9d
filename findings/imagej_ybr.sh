#!/usr/bin/env bash
# ImageJ 1.53t (Debian 12): uncompressed colour ultrasound in YBR_FULL or YBR_FULL_422 opens as a grey picture of other bytes; what is measured in a region is none of its own.
#
# Expected: the frame in its colours, as of RGB, or its brightness; or a refusal, as of compressed files.
# What happens: an image of 8 bits of the right size, filled with the bytes as they come: brightness and colour values one after another, a third of the frame's rows
# (half of YBR_FULL_422). Each frame of a cine begins where that ended, so the third shows the second's beginning. A grey structure of 200 has a mean of 95 or 79.
# RGB by pixel or by plane and plain grey are right. No message.
# Why it matters: echo intensity, the mean grey of a muscle or a plaque, is measured with ImageJ, frame by frame in macros that nobody looks at; scanners store B-mode with a colour bar as YBR_FULL_422.
# Seen on 29 November 2026 with libij-java 1.53t-1 (Debian 12), jpype1 1.7.1, pydicom 3.0.2, numpy 2.4.6, OpenJDK 17, Python 3.11.
# Needs Debian 12 with java.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download libij-java >/dev/null
dpkg-deb -f libij-java*.deb Package Version
dpkg -x libij-java*.deb root
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages jpype1==1.7.1 pydicom==3.0.2 numpy==2.4.6
cat >run.py <<'PYTHON'
import jpype
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

jpype.startJVM("-Djava.awt.headless=true", classpath=["root/usr/share/java/ij.jar"])
Opener, What = jpype.JClass("ij.io.Opener"), jpype.JClass("ij.measure.Measurements")
ROWS, COLUMNS, FRAMES = 60, 80, 3
brightness = np.full((FRAMES, ROWS, COLUMNS), 30, np.uint8)
brightness[:, 40:50, 20:60] = 200
brightness[:, 0] = np.array([10, 20, 30])[:, None]  # a row that counts the frames


def saved(photometric, planes=0):
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
    data.SamplesPerPixel = 1 if photometric == "MONOCHROME2" else 3
    chroma = np.full_like(brightness, 128)
    if photometric == "MONOCHROME2":
        pixels = brightness
    elif photometric == "RGB":
        pixels = np.stack([brightness] * 3, axis=1 if planes else -1)
    elif photometric == "YBR_FULL":
        pixels = np.stack([brightness, chroma, chroma], axis=-1)
    else:
        pixels = np.stack([brightness[..., ::2], brightness[..., 1::2], chroma[..., ::2], chroma[..., ::2]], axis=-1)
    if data.SamplesPerPixel == 3:
        data.PlanarConfiguration = planes
    data.PixelData = np.ascontiguousarray(pixels).tobytes()
    data.save_as("a.dcm", enforce_file_format=True)


def means():
    """Of the structure's own rectangle, and of the first pixel, in each frame."""
    image, found, first = Opener().openImage("./a.dcm"), [], []
    for number in range(1, image.getStackSize() + 1):
        frame = image.getStack().getProcessor(number)
        frame.setRoi(20, 40, 40, 10)
        found.append(round(float(jpype.JClass("ij.process.ImageStatistics").getStatistics(frame, What.MEAN, None).mean), 1))
        first.append(frame.getPixel(0, 0) & 255)
    return [image.getWidth(), image.getHeight(), image.getBitDepth()], found, [int(value) for value in first]


print("ImageJ", jpype.JClass("ij.IJ").getVersion(), "- mean of a structure of 200 in each frame")
seen = {}
for name, case in {"grey": ("MONOCHROME2",), "RGB": ("RGB",), "RGB by planes": ("RGB", 1), "YBR_FULL": ("YBR_FULL",), "YBR_FULL_422": ("YBR_FULL_422",)}.items():
    saved(*case)
    size, seen[name], counted = means()
    print(f"{name}: {size[0]} x {size[1]} of {size[2]} bits, {seen[name]}; first row {counted}")
    assert counted == ([10, 30, 20] if name == "YBR_FULL_422" else [10, 30, 30] if name == "YBR_FULL" else [10, 20, 30])
    assert size[:2] == [COLUMNS, ROWS]
assert all(seen[name] == [200] * FRAMES for name in ("grey", "RGB", "RGB by planes"))
assert [round(mean) for mean in seen["YBR_FULL"] + seen["YBR_FULL_422"]] == [95] * FRAMES + [79] * FRAMES
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
