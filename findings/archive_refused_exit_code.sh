#!/usr/bin/env bash
# dcmsend (DCMTK 3.6.7, Debian 12), pynetdicom 3.0.4's storescu and dicomweb-client 0.61.2: an archive refuses objects, nothing is said, exit code 0.
#
# Expected: a program that sends objects to an archive and is told "refused, out of resources" prints that, and its exit code isn't 0.
# What happens: the archive answers each C-STORE with a failure (A700 out of resources, C123 cannot understand, 0110 processing failure, 0124 not
# authorised). dcmsend and pynetdicom's storescu print nothing and exit with 0, as after success. dcmsend knows (-v: "with status REFUSED", or unknown; and
# its report file), but has no exit code for it. pynetdicom's drops the answer. A JPEG cine, which pynetdicom's storescu never proposes a
# syntax for, gives it a message, and exit code 0, too. DCMTK's storescu fails as expected. "dicomweb_client store instances" sends two, gets 202 and a list
# that names one as failed, as PS3.18 has it where not all were stored, and says nothing, exit code 0; 409 is an error. (Its store_instances returns the list.)
# Why it matters: scripts delete, or count as archived, what was sent with exit code 0. An archive that is full or knows no ultrasound keeps nothing.
# Use storescu of DCMTK, or read dcmsend's report file.
# Seen on 29 November 2026 with dcmtk 3.6.7-9~deb12u4, pynetdicom 3.0.4, dicomweb-client 0.61.2, pydicom 3.0.2, numpy 2.4.6, Pillow 13.0.0,
# Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder; on loopback alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download dcmtk libdcmtk17 libtiff6 liblerc4 libwebp7 libjbig0 libdeflate0 libjpeg62-turbo libxml2 libicu72 \
    libpng16-16 libwrap0 libnsl2 libtirpc3 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pynetdicom==3.0.4 dicomweb-client==0.61.2 pydicom==3.0.2 numpy==2.4.6 Pillow==13.0.0
export DCMDICTPATH=$folder/root/usr/share/libdcmtk17/dicom.dic TMPDIR=$folder
LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu venv/bin/python - root/usr/bin <<'PYTHON'
import io
import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, UltrasoundMultiFrameImageStorage, generate_uid
from pynetdicom import AE, evt

TOOLS = sys.argv[1]


def cine(name: str, jpeg: bool) -> str:
    data, pixels = Dataset(), np.full((4, 24, 36, 3), (200, 100, 50), np.uint8)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if jpeg else ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PlanarConfiguration = 24, 36, 3, 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = 4, 40, 0x00181063
    data.PhotometricInterpretation, data.PixelData = "RGB", pixels.tobytes()
    if jpeg:
        data.PhotometricInterpretation, streams = "YBR_FULL_422", []
        for frame in pixels:
            stream = io.BytesIO()
            Image.fromarray(frame).save(stream, "JPEG", subsampling="4:2:2")
            streams.append(stream.getvalue())
        data.PixelData = encapsulate(streams)
    data["PixelData"].VR = "OB"
    data.save_as(name, enforce_file_format=True)
    return name


def archive(status: int, asked: list[str]) -> tuple[object, str]:
    entity = AE()
    entity.add_supported_context(UltrasoundMultiFrameImageStorage, [ExplicitVRLittleEndian, JPEGBaseline8Bit])
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda event: asked.append("C-STORE") or status)])
    return server, str(server.socket.getsockname()[1])


class Web(BaseHTTPRequestHandler):
    """STOW-RS of an archive that keeps one of two objects, and says so; then none (409)."""

    status, failed, kept, received = 202, [""], [""], [0]

    def do_POST(self) -> None:
        self.received[0] += len(self.rfile.read(int(self.headers["Content-Length"])))
        reason = {"00081150": {"vr": "UI", "Value": [UltrasoundMultiFrameImageStorage]}, "00081155": {"vr": "UI", "Value": [self.failed[0]]},
                  "00081197": {"vr": "US", "Value": [0xA700]}}
        kept = {"00081199": {"vr": "SQ", "Value": [{"00081150": reason["00081150"], "00081155": {"vr": "UI", "Value": [self.kept[0]]}}]}}
        body = json.dumps({"00081198": {"vr": "SQ", "Value": [reason]}, **(kept if self.status == 202 else {})}).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/dicom+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def sent(*command: str) -> tuple[int, str]:
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return ran.returncode, (ran.stdout + ran.stderr).strip()


print(sent(f"{TOOLS}/dcmsend", "--version")[1].splitlines()[0])
plain, jpeg = cine("plain.dcm", False), cine("jpeg.dcm", True)
scu = (sys.executable, "-m", "pynetdicom", "storescu", "127.0.0.1")
for status in (0xA700, 0xC123, 0x0110, 0x0124):
    asked: list[str] = []
    server, port = archive(status, asked)
    found = {"dcmsend": sent(f"{TOOLS}/dcmsend", "127.0.0.1", port, plain), "pynetdicom storescu": sent(*scu, port, plain)}
    right = sent(f"{TOOLS}/storescu", "127.0.0.1", port, plain)
    said = sent(f"{TOOLS}/dcmsend", "-v", "127.0.0.1", port, plain)[1]
    server.shutdown()
    print(f"status {status:04X}:", found, "; storescu of DCMTK: exit code", right[0], ";", [line.strip() for line in said.splitlines() if " status  :" in line or "with status" in line])
    assert len(asked) == 4 and set(found.values()) == {(0, "")} and right[0] != 0 and "status SUCCESS" not in said
asked = []
server, port = archive(0, asked)
code, said = sent(*scu, port, jpeg)
server.shutdown()
print("pynetdicom storescu, JPEG cine: exit code", code, ";", said.splitlines()[1], "; objects that arrived:", len(asked))
assert code == 0 and not asked and "Store failed" in said
Web.failed[0], Web.kept[0] = (str(dcmread(name).SOPInstanceUID) for name in (plain, cine("other.dcm", False)))
web = HTTPServer(("127.0.0.1", 0), Web)
Thread(target=web.serve_forever, daemon=True).start()
client = (str(Path(sys.executable).with_name("dicomweb_client")), "--url", f"http://127.0.0.1:{web.server_port}", "store", "instances", plain, "other.dcm")
accepted = sent(*client)
Web.status = 409
conflict = sent(*client)
web.shutdown()
print("dicomweb_client, 202, one of two failed:", accepted, "; 409: exit code", conflict[0], "; bytes that arrived:", Web.received[0])
assert accepted == (0, "") and conflict[0] != 0 and Web.received[0] > 4 * Path(plain).stat().st_size
print("as stated")
PYTHON
