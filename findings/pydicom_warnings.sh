#!/usr/bin/env bash
# pydicom 3.0.2 quotes values of the header in its warnings, and a patient's name can be among them.
#
# Expected: reading `SOPClassUID` or `StudyTime` of a file names the tag and the fault.
# Seen (2026-11-28, Python 3.11): the warning holds the value itself. A damaged length lets any value swallow the one beside it,
# and a UID or time then ends in "...Doe^Jane"; `UID(text)` alone warns so too, when nothing is read.
# Why it matters: warnings go to stderr and from there into logs, tickets and crash reports; those hold patient data then.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2
"$folder/v/bin/python" - <<'PY'
import io
import logging
import warnings

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID

logging.disable()
data = Dataset()
data.PatientID = "1"
file = io.BytesIO()
data.save_as(file, implicit_vr=True, little_endian=True)
value = b"1.2.840.10008.5 Doe^Jane"
file.write(b"\x20\x00\x0d\x00" + len(value).to_bytes(4, "little") + value)  # StudyInstanceUID, after what it swallowed
file.seek(0)
read = pydicom.dcmread(file, force=True)
found = {}
for name, act in {"reading it": lambda: read.StudyInstanceUID, "UID(text)": lambda: UID("1.2 Doe^Jane")}.items():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    found[name] = [str(warning.message) for warning in caught]
    print(f"pydicom {pydicom.__version__}, {name}: {found[name][0][:60]}...")
assert all("Doe^Jane" in said[0] for said in found.values())
print("as stated")
PY
