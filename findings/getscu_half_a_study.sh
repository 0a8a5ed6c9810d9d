#!/usr/bin/env bash
# getscu (DCMTK 3.6.7, Debian 12; and pynetdicom 3.0.4's): of an ultrasound study with plain and JPEG objects each call fetches one half, exit code 0.
#
# Expected: "getscu -k StudyInstanceUID=..." fetches the study, or fails. +xy, "prefer default JPEG lossy TS for 8 bit data", fetches both kinds.
# A program that didn't get what it was sent for has an exit code other than 0.
# What happens: a scanner's study holds a JPEG cine, a JPEG still and two plain cines; the archive (dcmqrscp) keeps all four as they came. getscu
# brings the two plain ones, getscu +xy the two JPEG ones alone. All of a call's syntaxes go into one presentation context per SOP class, and
# the archive accepts one of them for all objects of that class. Exit code 0 each time; DCMTK's prints one warning, whose text is
# "SubOperationsCompleteOneOrMoreFailures". pynetdicom's proposes uncompressed syntaxes alone and can't be told otherwise: exit code 0, too.
# Both calls after each other give the whole study. (Orthanc 1.10.1 with its defaults decompresses for the caller, and nothing is missing;
# with TranscodeDicomProtocol off the first JPEG object ends the whole retrieval, nothing is fetched, exit code 0.)
# Why it matters: scanners compress cines and leave stills or measured frames plain. A script that fetches studies and counts on exit codes
# analyses half of each patient, and always the same half.
# Seen on 29 November 2026 with dcmtk 3.6.7-9~deb12u4, pynetdicom 3.0.4, pydicom 3.0.2, numpy 2.4.6, Pillow 13.0.0, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder; on loopback alone.
set -euo pipefail
folder=$(mktemp -d)
archive=""
trap '[ -z "$archive" ] || kill "$archive"; rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download dcmtk libdcmtk17 libtiff6 liblerc4 libwebp7 libjbig0 libdeflate0 libjpeg62-turbo libxml2 libicu72 \
    libpng16-16 libwrap0 libnsl2 libtirpc3 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pynetdicom==3.0.4 pydicom==3.0.2 numpy==2.4.6 Pillow==13.0.0
export DCMDICTPATH=$folder/root/usr/share/libdcmtk17/dicom.dic TMPDIR=$folder
libraries=$folder/root/usr/lib/x86_64-linux-gnu
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir stored sent
cat >archive.cfg <<CFG
NetworkTCPPort = $port
MaxPDUSize = 16384
MaxAssociations = 4
HostTable BEGIN
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
ARCHIVE $folder/stored RW (9, 1024mb) ANY
AETable END
CFG
LD_LIBRARY_PATH=$libraries root/usr/bin/dcmqrscp --config archive.cfg +xy >archive.log 2>&1 &
archive=$!
LD_LIBRARY_PATH=$libraries venv/bin/python - root/usr/bin "$port" <<'PYTHON'
import io
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

TOOLS, PORT = sys.argv[1:]
STUDY, SERIES = generate_uid(), generate_uid()


def kept(number: int, frames: int, jpeg: bool) -> None:
    data, pixels = Dataset(), np.full((frames, 24, 36, 3), (200, 100, 50), np.uint8)
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if jpeg else ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage if frames == 1 else UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = STUDY, SERIES, "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime, data.StudyID = "1", "Test^Phantom", "20260101", "120000", "1"
    data.AccessionNumber, data.SeriesNumber, data.InstanceNumber = "1", 1, number
    data.Rows, data.Columns, data.SamplesPerPixel, data.PlanarConfiguration = 24, 36, 3, 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PhotometricInterpretation, data.PixelData = "RGB", pixels.tobytes()
    if frames > 1:
        data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = frames, 40, 0x00181063
    if jpeg:
        data.PhotometricInterpretation, streams = "YBR_FULL_422", []
        for frame in pixels:
            stream = io.BytesIO()
            Image.fromarray(frame).save(stream, "JPEG", subsampling="4:2:2")
            streams.append(stream.getvalue())
        data.PixelData = encapsulate(streams)
    data["PixelData"].VR = "OB"
    data.save_as(f"sent/{number}.dcm", enforce_file_format=True)


def fetched(*command: str) -> tuple[int, list[int], str]:
    got = Path(f"got-{generate_uid()}")
    got.mkdir()
    asked = ["-S", "-aec", "ARCHIVE", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}", "-od", str(got), "127.0.0.1", PORT]
    ran = subprocess.run([*command, *asked], capture_output=True, text=True, timeout=60)
    return ran.returncode, sorted(int(dcmread(path).InstanceNumber) for path in got.iterdir()), (ran.stdout + ran.stderr).strip()


for _ in range(100):
    try:
        socket.create_connection(("127.0.0.1", int(PORT)), timeout=1).close()
        break
    except OSError:
        time.sleep(0.1)
for number, frames, jpeg in ((1, 6, True), (2, 6, False), (3, 1, True), (4, 4, False)):
    kept(number, frames, jpeg)
subprocess.run([f"{TOOLS}/dcmsend", "-aec", "ARCHIVE", "127.0.0.1", PORT, "+sd", "sent"], check=True, timeout=60)
print(subprocess.run([f"{TOOLS}/getscu", "--version"], capture_output=True, text=True).stdout.split("$")[1].strip())
print("kept by the archive:", len([name for name in os.listdir("stored") if name.endswith(".dcm")]), "objects; 1 and 3 JPEG, 2 and 4 plain")
plain, jpeg = fetched(f"{TOOLS}/getscu"), fetched(f"{TOOLS}/getscu", "+xy")
other = fetched(sys.executable, "-m", "pynetdicom", "getscu")
for name, (code, numbers, said) in {"getscu": plain, "getscu +xy": jpeg, "pynetdicom getscu": other}.items():
    print(f"{name}: exit code {code}, objects {numbers};", said.splitlines()[0] if "pynetdicom" not in name else "")
assert (plain[:2], jpeg[:2], other[:2]) == ((0, [2, 4]), (0, [1, 3]), (0, [2, 4]))
assert "SubOperationsCompleteOneOrMoreFailures" in plain[2] and "SubOperationsCompleteOneOrMoreFailures" in jpeg[2]
print("as stated")
PYTHON
