#!/usr/bin/env bash
# fw-file-rs 0.9.1 (Flywheel's de-identification): shifting dates makes nanoseconds of the fractions of a second, so that two clips of one second change places.
#
# Expected: `date-increment: -10` with `increment-datetime` moves AcquisitionDateTime by ten days and leaves the time of day, to the fraction that the file has.
# What happens: the digits behind the point are taken for a number of nanoseconds: 10:11:13.5 becomes 10:11:13.000000005, .25 becomes .000000025, .500000 becomes .000500000. Clips begun at .10 and at .9 were 0.8 s apart;
# now they are 1 ns apart, the later one first. What is written has nine digits where DICOM's DT may have six, so that pydicom warns of it when it checks. Whole seconds come out right but for that; a value with an offset (.5+0100) is refused. The time that
# the same library reads of the file itself (acquisition.timestamp) is right, to the millisecond, before and 13.000 afterwards.
# Why it matters: stress echoes, contrast and elastography are runs of short clips, put into order and timed by when each began. Shifting dates is what keeps intervals; here those below a second are lost and the order turns.
# Seen on 30 November 2026 with fw-file-rs 0.9.1, pydicom 3.0.2, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check fw-file-rs==0.9.1 pydicom==3.0.2 numpy==2.4.6 2>/dev/null
cat >run.py <<'PYTHON'
import io
import warnings

from fw_file_rs.dcm import Context
from pydicom import config, dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid
from pydicom.valuerep import validate_value

PROFILE = """
version: 1
name: shifted
dicom:
  date-increment: -10
  fields:
    - name: AcquisitionDateTime
      increment-datetime: true
"""


def clip(began):
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
    made.Modality, made.PatientName, made.PatientID, made.PatientBirthDate, made.PatientSex = "US", "Test^Phantom", "1", "", "F"
    made.StudyDate, made.StudyTime, made.StudyID, made.AccessionNumber, made.ReferringPhysicianName = "20260102", "101112", "1", "", ""
    made.SeriesNumber, made.InstanceNumber, made.AcquisitionDateTime = 1, 1, began
    made.Rows, made.Columns, made.NumberOfFrames, made.FrameTime, made.FrameIncrementPointer = 8, 8, 2, 40, 0x00181063
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelData = 8, 8, 7, bytes(128)
    made.save_as("clip.dcm", enforce_file_format=True)


def shifted(began):
    """Of a clip begun then: the shifted AcquisitionDateTime, and the times that the library reads before and after."""
    clip(began)
    context = Context().deid_profile(PROFILE)
    header = context.read_until_pixels("clip.dcm")
    after = context.deid_header(header)
    times = [context.get_fw_meta(context.parse_header(one)).get("acquisition.timestamp") for one in (header, after)]
    return dcmread(io.BytesIO(after), force=True).get_item("AcquisitionDateTime").value.decode().strip(), times


seen = {}
for began in ("20260102101113", "20260102101113.5", "20260102101113.25", "20260102101113.500000", "20260102101113.10", "20260102101113.9"):
    seen[began], times = shifted(began)
    print(f"{began} -> {seen[began]}; read as {times[0]}, then {times[1]}")
try:
    refused = shifted("20260102101113.5+0100")[0]
except ValueError as error:
    refused = str(error)
print("with an offset:", refused)
day = "20251223101113."
assert seen == {
    "20260102101113": day + "000000000",
    "20260102101113.5": day + "000000005",
    "20260102101113.25": day + "000000025",
    "20260102101113.500000": day + "000500000",
    "20260102101113.10": day + "000000010",
    "20260102101113.9": day + "000000009",
}
assert "20260102101113.10" < "20260102101113.9" and seen["20260102101113.10"] > seen["20260102101113.9"]
assert "cannot be parsed as DT" in refused
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    validate_value("DT", seen["20260102101113.5"], config.WARN)
print("pydicom of nine digits:", [str(one.message)[:60] for one in said] or "nothing")
assert len(said) == 1
print("as stated")
PYTHON
venv/bin/python run.py
