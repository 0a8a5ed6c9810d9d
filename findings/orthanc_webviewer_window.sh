#!/usr/bin/env bash
# Orthanc's Web viewer 2.8 (Debian 12): grey ultrasound without a window, as most is, loses a quarter of its greys to black and a quarter to white, in each frame other ones.
#
# Expected: without WindowCenter and WindowWidth 8 bits are shown as they are, or stretched from the darkest to the brightest pixel, which are black and white then.
# What happens: the answer to /web-viewer/instances/jpeg95-ID_FRAME names a center in the middle and as the width half of the range: of 30 to 200 it is 115 and 85, which
# cornerstone's formula shows 30 to 72 as black and 158 to 200 as white with, and what is between at three times the contrast of the file. The page's own button for it computes the same. The range is
# the frame's own: where a spot of 255 comes into view, still tissue of 115 goes from 128 to 65 and back, 180 from white to 212. With a window in the file the two numbers are right. No message.
# Why it matters: it is the viewer that comes with Orthanc. Dark muscle, clots and the far wall are black, and a structure seems to end where the cut is, to those who outline it.
# What Orthanc itself renders is another matter (orthanc_rendered_grey.sh).
# Seen on 30 November 2026 with orthanc-webviewer 2.8-2+b3, orthanc 1.10.1+dfsg-2+deb12u1, pydicom 3.0.2, numpy 2.4.6, Pillow 13.0.0, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder, and a server on 127.0.0.1.
set -euo pipefail
folder="$(mktemp -d)"
server=""
trap '[ -z "$server" ] || kill "$server"; wait 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download orthanc orthanc-webviewer libcivetweb1 liblua5.3-0 libpugixml1v5 libboost-locale1.74.0 \
    libboost-thread1.74.0 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
dpkg-deb -f orthanc-webviewer_*.deb Package Version
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages pydicom==3.0.2 numpy==2.4.6 Pillow==13.0.0
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
cat >orthanc.json <<JSON
{"StorageDirectory": "$folder/db", "IndexDirectory": "$folder/db", "HttpPort": $port, "DicomServerEnabled": false,
 "RemoteAccessAllowed": false, "AuthenticationEnabled": false, "Plugins": ["$folder/$(ls root/usr/lib/orthanc/libOrthancWebViewer.so.*)"]}
JSON
LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu" root/usr/sbin/Orthanc orthanc.json >log 2>&1 &
server=$!
PYTHONPATH=$folder/packages python3 -s - "http://127.0.0.1:$port" <<'PYTHON'
import base64
import io
import json
import sys
import time
import urllib.error
import urllib.request

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid


def asked(path, data=None):
    with urllib.request.urlopen(urllib.request.Request(sys.argv[1] + path, data), timeout=20) as answer:
        return json.loads(answer.read())


def stored(window):
    frames = np.full((2, 60, 80), 30, np.uint8)
    frames[:, 10:20], frames[:, 30:40], frames[:, 50:] = 72, 115, 180
    frames[:, :2], frames[1, 5, 5] = 200, 255
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.SeriesNumber, data.InstanceNumber = "1", "Test^Phantom", 1, 1
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelData = 8, 8, 7, frames.tobytes()
    data["PixelData"].VR = "OB"
    if window:
        data.WindowCenter, data.WindowWidth = 128, 256
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return asked("/instances", buffer.getvalue())["ID"]


def shown(instance, frame):
    """The two numbers, and what cornerstone's formula makes of four tissues of 30, 72, 115 and 180."""
    answer = asked(f"/web-viewer/instances/jpeg95-{instance}_{frame}")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["Orthanc"]["PixelData"]))))
    values = pixels[[25, 15, 35, 55], 40] * answer["slope"] + answer["intercept"]
    assert np.abs(values - (30, 72, 115, 180)).max() <= 1
    center, width = answer["windowCenter"], answer["windowWidth"]
    greys = np.clip(((values - center) / width + 0.5) * 255, 0, 255).round().astype(int).tolist()
    print(f"frame {frame}: center {center:g}, width {width:g}; 30, 72, 115, 180 are shown as {greys}")
    return center, width, greys


for _ in range(100):
    try:
        print("Orthanc", asked("/system")["Version"])
        break
    except urllib.error.URLError:
        time.sleep(0.2)
plain, windowed = stored(False), stored(True)
center, width, first = shown(plain, 0)
assert (center, width) == (115, 85) and first[:2] == [0, 0] and 125 <= first[2] <= 130 and first[3] == 255
center, width, second = shown(plain, 1)
assert (center, width) == (142.5, 112.5) and first[:2] == [0, 0] and 60 <= second[2] <= 70 and 205 <= second[3] <= 215
center, width, greys = shown(windowed, 0)
assert (center, width) == (128, 256) and max(abs(one - other) for one, other in zip(greys, (30, 72, 115, 180))) <= 2
print("as stated")
PYTHON
