#!/usr/bin/env bash
# highdicom 0.28.2 parses 22 MB of JSON when the first object of a process is made, whatever it is.
#
# Expected: making a segmentation costs what its pixels cost; for a mask of 8 x 8 pixels, next to nothing.
# What happens: the base class of all its objects asks whether its SOP class has a ContentDate, and for that reads the attributes of every
# module of DICOM (highdicom/_standard/module_attribute_map.json) and keeps them as Python objects, for as long as the process lives. The
# first segmentation takes tens of times as long as the second, some 0.3 s and 60 MB of memory; the parser holds Python's lock
# meanwhile, so a thread doesn't hide it.
# Why it matters: a command that segments one image and writes its SEG spends a fifth of its time on it, and every process of a pool pays anew.
# Seen on 28 November 2026 with highdicom 0.28.2, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check highdicom==0.28.2 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import time
import tracemalloc
import warnings
from pathlib import Path

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import UltrasoundImageStorage, generate_uid

warnings.simplefilter("ignore")
data = Dataset()
data.SOPClassUID, data.SOPInstanceUID = UltrasoundImageStorage, generate_uid()
data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "Test^Phantom", "1", "", ""
data.StudyDate, data.StudyTime, data.AccessionNumber, data.StudyID = "20260101", "120000", "", ""
data.ReferringPhysicianName, data.Modality, data.Rows, data.Columns = "", "US", 8, 8
mask = np.zeros((1, 8, 8), np.uint8)
mask[0, 2:5, 2:6] = 1


def make():
    algorithm = hd.AlgorithmIdentificationSequence(name="a", version="1", family=codes.DCM.ArtificialIntelligence)
    what = codes.SCT.AnatomicalStructure
    one = hd.seg.SegmentDescription(1, "a", what, what, "AUTOMATIC", algorithm)
    start = time.process_time()
    hd.seg.Segmentation(
        [data], mask, "BINARY", [one], hd.UID(), series_number=1, sop_instance_uid=hd.UID(), instance_number=1,
        manufacturer="Test", manufacturer_model_name="m", software_versions="1", device_serial_number="1",
    )
    return time.process_time() - start


table = Path(hd.__file__).parent / "_standard/module_attribute_map.json"
first, second = make(), make()
print(f"{table.name}: {table.stat().st_size / 1e6:.1f} MB")
print(f"processor time of the first segmentation {first:.3f} s, of the second {second:.3f} s")
from highdicom import _standard_utils

_standard_utils.get_module_attribute_map.cache_clear()
tracemalloc.start()
make()
kept = tracemalloc.get_traced_memory()[0]
print(f"kept in memory after one more: {kept / 1e6:.0f} MB")
print("highdicom", hd.__version__)
assert table.stat().st_size > 20e6 and first > 10 * second and kept > 30e6
print("as stated")
PYTHON
