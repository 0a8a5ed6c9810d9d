#!/usr/bin/env bash
# Orthanc 1.10.1 (Debian 12) with its DICOMweb plugin 1.7: an object without a PatientID in a study makes the whole study answer 404.
#
# Expected: WADO-RS gives /studies/{uid} and its metadata, with or without the added object (PS3.18 10.4).
# Seen (2026-11-28): Orthanc tells patients apart by PatientID alone, so one StudyInstanceUID under two of them becomes two
# studies. QIDO-RS lists the series of both, and WADO-RS answers 404 for the study and its metadata: the source images, stored
# long before, are gone for every web viewer. Deleting the added object brings them back. Both objects are legal alone.
# Why it matters: the natural de-identified result, same study but no patient, takes a patient's images out of the PACS's web side.
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
"$folder/v/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2
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

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid


def asked(path: str, data: bytes | None = None, method: str | None = None, accept: str = "*/*") -> tuple[int, bytes]:
    request = urllib.request.Request(sys.argv[1] + path, data, {"Accept": accept}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def image(patient: str) -> bytes:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = STUDY, generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime, data.StudyID = patient, "", "", "", ""
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 8, 8, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = bytes(64)
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    return file.getvalue()


def study() -> dict[str, int]:
    root = f"/dicom-web/studies/{STUDY}"
    return {
        "study": asked(root, accept='multipart/related; type="application/dicom"')[0],
        "metadata": asked(f"{root}/metadata", accept="application/dicom+json")[0],
        "series listed": len(json.loads(asked(f"{root}/series", accept="application/dicom+json")[1])),
    }


STUDY = generate_uid()
for _ in range(100):
    try:
        print("Orthanc", json.loads(asked("/system")[1])["Version"])
        break
    except (urllib.error.URLError, ConnectionError):
        time.sleep(0.2)
asked("/instances", image("A1"), "POST")
before = study()
added = json.loads(asked("/instances", image(""), "POST")[1])["ID"]
during = study()
asked(f"/instances/{added}", method="DELETE")
after = study()
print("one patient:", before)
print("and an object without PatientID:", during)
print("that object deleted:", after)
good = {"study": 200, "metadata": 200, "series listed": 1}
assert (before, during, after) == (good, {"study": 404, "metadata": 404, "series listed": 2}, good)
print("as stated")
PY
