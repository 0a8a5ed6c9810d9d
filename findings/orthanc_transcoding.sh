#!/usr/bin/env bash
# Orthanc 1.10.1 (Debian 12), transcoding: as lossless JPEG it keeps colour cines by planes with frames and colours mixed, as JPEG it makes grey darker.
#
# Expected: IngestTranscoding to JPEG lossless, for an archive that wants to save space, keeps every pixel; it is lossless. Transcoding to JPEG
# baseline (modify with Transcode, peers and modalities that take JPEG alone) keeps levels within a few grey values.
# What happens: RGB by planes (PlanarConfiguration 1) becomes five frames in which pixels of all frames and colours stand side by side: 200,100,50 of
# the first frame is 200,50,100 there, and of the second 100,180,50 for 190,100,50. The archive has answered "stored", and no longer holds
# the original. As JPEG-LS or uncompressed the same cine is right, and so are grey, RGB by pixels and YBR_FULL as JPEG lossless.
# As JPEG baseline the darkest value of a grey cine is subtracted from all of it: 40, 60, 80, 100, 120 are 0, 20, 40, 60, 80; nothing in the header
# says so. (dcmcjpeg of DCMTK, which Orthanc uses, does both: dcmcjpeg_planar_cine.sh.)
# Why it matters: who archives ultrasound that way has lost it for good, and a measurement of brightness, or a threshold, finds another picture.
# Seen on 29 November 2026 with orthanc 1.10.1+dfsg-2+deb12u1, pydicom 3.0.2, pylibjpeg 2.1.0, pylibjpeg-libjpeg 2.4.0, numpy 2.4.6, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder; on loopback alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download orthanc libdcmtk17 libcivetweb1 liblua5.3-0 libpugixml1v5 libboost-locale1.74.0 \
    libboost-thread1.74.0 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6 pylibjpeg==2.1.0 pylibjpeg-libjpeg==2.4.0
export DCMDICTPATH=$folder/root/usr/share/libdcmtk17/dicom.dic LIBRARIES=$folder/root/usr/lib/x86_64-linux-gnu
dpkg-deb -f orthanc_*.deb Package Version
venv/bin/python - root/usr/sbin/Orthanc <<'PYTHON'
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import convert_color_space
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless, UltrasoundMultiFrameImageStorage, generate_uid


def cine(frames: np.ndarray, colours: str, planar: int = 0) -> bytes:
    data, file = Dataset(), io.BytesIO()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation = frames[0, 0, 0].size, colours
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    if frames.ndim == 4:
        data.PlanarConfiguration = planar
        frames = convert_color_space(frames, "RGB", "YBR_FULL") if colours == "YBR_FULL" else frames
    data.PixelData = (np.moveaxis(frames, 3, 1) if planar else frames).tobytes()
    data["PixelData"].VR = "OB"
    data.save_as(file, enforce_file_format=True)
    return file.getvalue()


@contextmanager
def orthanc(**settings: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/settings.json", "w") as file:
            json.dump({"StorageDirectory": folder, "IndexDirectory": folder, "HttpPort": port, "DicomServerEnabled": False,
                       "RemoteAccessAllowed": False, "AuthenticationEnabled": False, **settings}, file)
        server = subprocess.Popen([sys.argv[1], f"{folder}/settings.json"], env=dict(os.environ, LD_LIBRARY_PATH=os.environ["LIBRARIES"]),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(300):
                try:
                    asked(f"http://127.0.0.1:{port}/system")
                    break
                except OSError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def asked(url: str, body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as answer:
        return answer.read()


def middles(file: bytes) -> list:
    return dcmread(io.BytesIO(file)).pixel_array[:, 12, 18].tolist()


grey = np.stack([np.full((24, 36), level, np.uint8) for level in (40, 60, 80, 100, 120)])
colour = np.stack([np.full((24, 36, 3), (200 - 10 * frame, 100, 50), np.uint8) for frame in range(5)])
cines = {"grey": cine(grey, "MONOCHROME2"), "RGB": cine(colour, "RGB"), "RGB by planes": cine(colour, "RGB", 1), "YBR_FULL": cine(colour, "YBR_FULL")}
truths = {name: middles(file) for name, file in cines.items()}
found: dict[tuple[str, str], list] = {}
for syntax in (JPEGLosslessSV1, JPEGLSLossless):
    with orthanc(IngestTranscoding=syntax) as server:
        for name, file in cines.items():
            kept = asked(f"{server}/instances/{json.loads(asked(server + '/instances', file))['ID']}/file")
            assert dcmread(io.BytesIO(kept), stop_before_pixels=True).file_meta.TransferSyntaxUID == syntax
            found["lossless JPEG" if syntax == JPEGLosslessSV1 else "JPEG-LS", name] = middles(kept)
with orthanc() as server:
    identity = json.loads(asked(server + "/instances", cines["grey"]))["ID"]
    change = json.dumps({"Transcode": JPEGBaseline8Bit, "Replace": {"PatientID": "2"}, "Force": True}).encode()
    found["JPEG", "grey"] = middles(asked(f"{server}/instances/{identity}/modify", change))
for (kind, name), values in found.items():
    print(f"{kind}, {name}: {truths[name]} -> {values}")
wrong = [key for key, values in found.items() if np.abs(np.subtract(values, truths[key[1]])).max() > 2]
assert wrong == [("lossless JPEG", "RGB by planes"), ("JPEG", "grey")], wrong
assert found[wrong[0]][:2] == [[200, 50, 100], [100, 180, 50]] and found[wrong[1]] == [0, 20, 40, 60, 80]
print("as stated")
PYTHON
