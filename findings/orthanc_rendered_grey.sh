#!/usr/bin/env bash
# Orthanc 1.10.1 (Debian 12) with DICOMweb 1.7: a rendered frame of an ultrasound cine is stretched to its own darkest and brightest pixel.
#
# Expected: WADO-RS ".../frames/N/rendered" applies the file's window (WindowCenter, WindowWidth), or none; one grey value is one grey value on
# every frame (PS3.18 8.3.5.1.4).
# What happens: the darkest pixel of each frame becomes 0 and its brightest 255, with a window in the file as without one. Tissue that is
# 100 throughout goes from 255 to 73 while one bright pixel passes. So does /instances/{id}/frames/{n}/preview of Orthanc's own
# interface, whose name says as much; /instances/{id}/frames/{n}/rendered is right (99), as is WADO-RS with "?window=128,256,linear".
# Colour by YBR_FULL, as RLE stores it, is shown as if it were RGB: 124,86,182 for 200,100,50.
# Why it matters: rendered frames are the easy way to a cine from a PACS, without decoders. Echo intensities can't be compared, models
# see a cine flicker, and curves of brightness over time (contrast, perfusion) are of the brightest pixel.
# Seen on 29 November 2026 with orthanc 1.10.1+dfsg-2+deb12u1, orthanc-dicomweb 1.7+dfsg-6+b2; files by pydicom 3.0.2, Pillow 13.0.0, numpy 2.4.6.
# Uses Debian's packages, unpacked in a temporary folder; answers on loopback alone.
set -euo pipefail
folder="$(mktemp -d)"
server=""
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
(
    cd "$folder"
    apt-get -qq -o APT::Sandbox::User=root download orthanc orthanc-dicomweb libcivetweb1 liblua5.3-0 libpugixml1v5 \
        libboost-locale1.74.0 libboost-thread1.74.0 >/dev/null
    for package in *.deb; do dpkg -x "$package" root; done
)
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6 Pillow==13.0.0
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
plugin="$(find "$folder/root" -name 'libOrthancDicomWeb.so' | head -1)"
cat >"$folder/orthanc.json" <<JSON
{"StorageDirectory": "$folder/db", "IndexDirectory": "$folder/db", "HttpPort": $port, "DicomServerEnabled": false,
 "RemoteAccessAllowed": false, "AuthenticationEnabled": false, "Plugins": ["$(readlink -f "$plugin")"], "DicomWeb": {"Enable": true}}
JSON
LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu" "$folder/root/usr/sbin/Orthanc" "$folder/orthanc.json" >"$folder/log" 2>&1 &
server=$!
"$folder/v/bin/python" - "http://127.0.0.1:$port" <<'PY'
import io
import json
import sys
import time
import urllib.error
import urllib.request

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import convert_color_space
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, UltrasoundMultiFrameImageStorage, generate_uid


def asked(path: str, data: bytes | None = None, accept: str = "*/*") -> bytes:
    request = urllib.request.Request(sys.argv[1] + path, data, {"Accept": accept})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read()


def stored(frames: np.ndarray, window: bool) -> tuple[str, str]:
    """Where Orthanc's own interface has it, and where WADO-RS has it."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime, data.StudyID = "1", "", "", "", ""
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    if window:
        data.WindowCenter, data.WindowWidth = 128, 256
    data.PixelData = frames.tobytes()
    data["PixelData"].VR = "OB"
    if frames.ndim == 4:
        data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "YBR_FULL", 0
        data.compress(RLELossless, generate_instance_uid=False, encoding_plugin="pydicom")
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    own = json.loads(asked("/instances", file.getvalue()))["ID"]
    web = f"studies/{data.StudyInstanceUID}/series/{data.SeriesInstanceUID}/instances/{data.SOPInstanceUID}"
    return f"/instances/{own}", f"/dicom-web/{web}"


def tissue(paths: list[str]) -> list:
    return [np.asarray(Image.open(io.BytesIO(asked(path, accept="image/png"))))[8, 12].tolist() for path in paths]


for _ in range(100):
    try:
        print("Orthanc", json.loads(asked("/system"))["Version"])
        break
    except (urllib.error.URLError, ConnectionError):
        time.sleep(0.2)
frames = np.full((6, 24, 36), 40, np.uint8)
frames[:, 4:12, 8:20] = 100
frames[:, 20, 30] = 100 + 30 * np.arange(6)
for window in (False, True):
    own, web = stored(frames, window)
    by = {
        "WADO-RS rendered": tissue([f"{web}/frames/{frame + 1}/rendered" for frame in range(6)]),
        "own rendered": tissue([f"{own}/frames/{frame}/rendered" for frame in range(6)]),
        "WADO-RS with a window": tissue([f"{web}/frames/{frame + 1}/rendered?window=128,256,linear" for frame in range(6)]),
    }
    print(f"tissue of 100, window in the file: {window};", by)
    assert list(by.values()) == [[255, 170, 128, 102, 85, 73], [99] * 6, [100] * 6]
colour = convert_color_space(np.full((2, 24, 36, 3), (200, 100, 50), np.uint8), "RGB", "YBR_FULL")
found = tissue([f"{stored(colour, False)[1]}/frames/2/rendered"])[0]
print("RLE, YBR_FULL: 200,100,50 becomes", found)
assert found == [124, 86, 182]
print("as stated")
PY
