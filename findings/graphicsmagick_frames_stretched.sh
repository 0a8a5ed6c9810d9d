#!/usr/bin/env bash
# GraphicsMagick 1.3.40 and Octave 7.3.0's imread (Debian 12) stretch each frame of a grey cine by itself: still tissue of 100 is 105, 80 and 128 from frame to frame.
#
# Expected: a cine of 8 bits without a window is read as stored, as dicomread does, or all frames are stretched alike, so that what doesn't change doesn't change.
# What happens: each frame is stretched from its own darkest to its own brightest pixel. Where a bright spot comes into view (255) tissue of 100 goes down from 105 to 80, where a black one
# does (0) it goes up to 128; 30, 100 and 200 are never read as such. With a window of 0 to 255 in the file they are. -define dcm:avoid-scaling=true of gm
# gives black, as 8 bits then count as the lowest of 16. Octave's imread reads DICOM through the same library, though its help doesn't name it, and gives the same frame as 8 bits in a stack and as 16 bits
# alone (146, 20534, 49661 for 0, 80 and 193). No message.
# Why it matters: batch tools use gm, and where Octave has no dicom package imread is what is left. Brightness over time, as in contrast and perfusion, is then a curve of the brightest pixel, and
# frames for training differ where nothing moves.
# Seen on 30 November 2026 with graphicsmagick 1.4+really1.3.40-4+deb12u1, GNU Octave 7.3.0-2, pydicom 3.0.2, numpy 2.4.6, Pillow 13.0.0, Python 3.11.
# Needs Debian 12 with octave; GraphicsMagick is unpacked in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
lacking=$(apt-get install --simulate --no-install-recommends graphicsmagick 2>/dev/null | grep ^Inst | cut -d ' ' -f 2)
apt-get -qq -o APT::Sandbox::User=root download $lacking >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
dpkg-deb -f graphicsmagick_*.deb Package Version
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages pydicom==3.0.2 numpy==2.4.6 Pillow==13.0.0
cat >run.m <<'OCTAVE'
stack = imread ("plain.dcm", "Index", "all");
alone = imread ("plain.dcm", 2);
for k = 1:3
  printf ("%d %d %d %s\n", stack(6, 71, 1, k), stack(16, 41, 1, k), stack(46, 41, 1, k), class (stack));
endfor
printf ("%d %d %d %s\n", alone(6, 71), alone(16, 41), alone(46, 41), class (alone));
OCTAVE
cat >run.py <<'PYTHON'
import os
import subprocess

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

frames = np.full((3, 60, 80), 30, np.uint8)
frames[:, 10:20], frames[:, 40:50] = 100, 200
frames[1, 0, 0], frames[2, 0, 0] = 255, 0


def saved(name, window):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelData = 8, 8, 7, frames.tobytes()
    data["PixelData"].VR = "OB"
    if window:
        data.WindowCenter, data.WindowWidth = 128, 256
    data.save_as(f"{name}.dcm", enforce_file_format=True)


def converted(name, *options):
    libraries = {"LD_LIBRARY_PATH": os.path.abspath("root/usr/lib/x86_64-linux-gnu") + ":" + os.path.abspath("root/usr/lib")}
    subprocess.run(["root/usr/bin/gm", "convert", *options, f"{name}.dcm", "+adjoin", "out%d.png"], check=True, env=os.environ | libraries)
    pictures = [np.asarray(Image.open(f"out{number}.png").convert("L")) for number in range(3)]
    found = [[int(picture[place]) for place in ((5, 70), (15, 40), (45, 40))] for picture in pictures]
    print(f"gm, {name}{', ' * bool(options)}{options[-1] if options else ''}: {found}")
    return found


saved("plain", False)
saved("window", True)
assert converted("plain") == [[0, 105, 255], [0, 80, 193], [39, 128, 255]]
assert converted("window") == [[30, 100, 200]] * 3
assert converted("plain", "-define", "dcm:avoid-scaling=true") == [[0, 0, 0]] * 3
ran = subprocess.run(["octave", "--no-gui", "--quiet", "--norc", "run.m"], capture_output=True, text=True)
lines = [line.split() for line in ran.stdout.splitlines()]
print("Octave, plain, frames of a stack and the second alone:", lines)
values = np.array([[int(value) for value in line[:3]] for line in lines])
assert np.abs(values[:3] - [[0, 105, 255], [0, 80, 193], [39, 128, 255]]).max() <= 1
assert [line[3] for line in lines] == ["uint8"] * 3 + ["uint16"] and np.abs(values[3] / 257 - values[1]).max() <= 1
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
