#!/usr/bin/env bash
# dcmcjpeg 3.6.7 (DCMTK, Debian 12): "lossless" JPEG of a colour cine stored by planes mixes its frames and colours for good.
#
# Expected: JPEG Lossless, its default, gives back each value; PlanarConfiguration 1 lays red, green and blue of one frame behind each
# other, then those of the next (PS3.3 C.7.6.3.1.3).
# What happens: it takes the planes as if the red of all frames came first, then all green, then all blue. Of two frames the first has its own
# red, its blue as green and the second's green as blue; the second has the first's green as red. Exit code 0, nothing is printed, and
# DCMTK, GDCM and pydicom decode the same wrong picture. One frame is right, as are interleaved colour and dcmcrle; dcmcjpeg +eb
# (JPEG baseline) and dcmcjpls were, too.
# Why it matters: carts store uncompressed colour by planes; whoever shrinks an archive by it, as the original is replaced, keeps cines
# that play, with anatomy of other moments in other colours.
# Seen on 29 November 2026 with dcmtk 3.6.7-9~deb12u4, pydicom 3.0.2, python-gdcm 3.2.6, numpy 2.4.6, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download dcmtk libdcmtk17 libtiff6 liblerc4 libwebp7 libjbig0 libdeflate0 libjpeg62-turbo libxml2 libicu72 \
    libpng16-16 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6 python-gdcm==3.2.6
export DCMDICTPATH=$folder/root/usr/share/libdcmtk17/dicom.dic
LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu venv/bin/python - "$folder/root/usr/bin" <<'PYTHON'
import subprocess
import sys

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLosslessSV1, UltrasoundMultiFrameImageStorage, generate_uid



def by(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run([f"{sys.argv[1]}/{tool}", *arguments], capture_output=True, text=True)
    assert ran.returncode == 0 and not ran.stderr, ran
    return ran


def stored(frames: np.ndarray, planes: bool) -> None:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "RGB", int(planes)
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = (frames.transpose(0, 3, 1, 2) if planes else frames).tobytes()
    data["PixelData"].VR = "OB"
    data.save_as("in.dcm", enforce_file_format=True)


def decoded(path: str, shape: tuple[int, ...]) -> np.ndarray:
    return dcmread(path).pixel_array.reshape(shape)


print(by("dcmcjpeg", "--version").stdout.split("$")[1].strip())
frames = np.zeros((2, 16, 24, 3), np.uint8)
frames[0], frames[1] = (10, 20, 30), (110, 120, 130)
right = {}
for name, count, planes in (("two frames, by planes", 2, True), ("two frames, by pixels", 2, False), ("one frame, by planes", 1, True)):
    stored(frames[:count], planes)
    by("dcmcjpeg", "in.dcm", "out.dcm")
    by("dcmdjpeg", "out.dcm", "back.dcm")
    assert dcmread("out.dcm").file_meta.TransferSyntaxUID == JPEGLosslessSV1
    found, own = decoded("out.dcm", frames[:count].shape), decoded("back.dcm", frames[:count].shape)
    right[name] = bool((found == frames[:count]).all())
    print(f"{name}: {found[:, 8, 12].tolist()} by GDCM, {own[:, 8, 12].tolist()} by dcmdjpeg")
    assert (found == own).all()
    if not right[name]:
        assert found[:, 8, 12].tolist() == [[10, 30, 120], [20, 110, 130]]
stored(frames, True)
by("dcmcrle", "in.dcm", "out.dcm")
assert (decoded("out.dcm", frames.shape) == frames).all()
assert list(right.values()) == [False, True, True]
print("as stated")
PYTHON
