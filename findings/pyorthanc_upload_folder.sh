#!/usr/bin/env bash
# pyorthanc 1.23.0: of a scanner's disc, upload(client, folder, recursive=True) sends nothing, and returns an empty list.
#
# Expected: "upload recursively all the DICOM files in the directory": the three cines of a file-set, as a scanner writes it to a disc or a stick,
# and those that DCMTK's storescp keeps; or an error that names what was left out.
# What happens: only names that end in .dcm, .DCM, .dcm.gz or .DCM.gz are looked for. File IDs of a file-set are up to 8 capitals, digits and
# underscores, and have no ending (PS3.10 8.2, 8.5), and storescp's have none either (US.1.2.840...). Nothing is sent, raised or logged; one
# file renamed to .dcm among them is sent alone, and looks like all.
# Why it matters: discs and sticks are how clips leave a cart that has no network. An archive that was filled from them is empty or has a part of
# each patient, and the call succeeded.
# Seen on 29 November 2026 with pyorthanc 1.23.0, pydicom 3.0.2, numpy 2.4.6, Python 3.11. What it sends is counted by a server of
# Python's own, on loopback alone, that answers as Orthanc's POST /instances does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyorthanc==1.23.0 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import json
import shutil
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from threading import Thread

import numpy as np
import pyorthanc
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

STUDY, SERIES = generate_uid(), generate_uid()
received: list[int] = []


class Archive(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sent = dcmread(BytesIO(self.rfile.read(int(self.headers["Content-Length"]))))
        received.append(int(sent.InstanceNumber))
        answer = json.dumps({"ID": str(sent.InstanceNumber), "Status": "Success"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_) -> None:
        pass


def cine(number: int) -> Dataset:
    data, frames = Dataset(), np.full((6, 24, 36), 40, np.uint8)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = STUDY, SERIES, "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.StudyID, data.AccessionNumber, data.SeriesNumber, data.InstanceNumber = "1", "1", 1, number
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelData = 8, 8, 7, frames.tobytes()
    data["PixelData"].VR = "OB"
    return data


server = HTTPServer(("127.0.0.1", 0), Archive)
Thread(target=server.serve_forever, daemon=True).start()
client = pyorthanc.Orthanc(f"http://127.0.0.1:{server.server_port}")


def uploaded(folder: str) -> tuple[int, list[int]]:
    """How many instances the call returns, and the numbers of those that arrived."""
    received.clear()
    return len(pyorthanc.upload(client, folder, recursive=True)), sorted(received)


disc = FileSet()
for number in (1, 2, 3):
    disc.add(cine(number))
disc.write("disc")
paths = sorted(path for path in Path("disc").rglob("IM*"))
Path("storescp").mkdir()
Path("named").mkdir()
for path in paths:
    shutil.copy(path, Path("storescp", f"USm.{dcmread(path).SOPInstanceUID}"))
    shutil.copy(path, Path("named", f"{path.name}.dcm"))
found = {"disc": uploaded("disc"), "storescp": uploaded("storescp"), "named .dcm": uploaded("named")}
paths[1].rename(paths[1].with_suffix(".dcm"))
found["disc, one renamed"] = uploaded("disc")
print("pyorthanc", version("pyorthanc"), "; on the disc:", *(str(path) for path in paths))
for name, (count, numbers) in found.items():
    print(f"{name}: {count} returned, arrived {numbers}")
assert found == {"disc": (0, []), "storescp": (0, []), "named .dcm": (3, [1, 2, 3]), "disc, one renamed": (1, [2])}
print("as stated")
PYTHON
