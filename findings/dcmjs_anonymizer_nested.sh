#!/usr/bin/env bash
# dcmjs 0.52.2, anonymizer.cleanTags (de-identification in browsers): a patient's name and number within sequences stay, and so do operators' names
# and the time of the scan.
#
# Expected: cleanTags(dict), which empties names, dates and comments and puts ANON^PATIENT for the patient, does so wherever they are,
# as PS3.15 E.1.1 has it, and for every attribute of its kind.
# What happens: it goes through the outermost level alone. PatientName and PatientID in ReferencedPatientSequence, PatientID in
# OtherPatientIDsSequence, and a description in RequestAttributesSequence stay. At the outermost level OperatorsName and AcquisitionDateTime stay too,
# where PerformingPhysicianName and ContentDate go. Nothing is said.
# Why it matters: carts copy the worklist into RequestAttributesSequence, and the sonographer, who is known to the patients of a small practice, is in
# OperatorsName. The header that one looks at says ANON^PATIENT; the file is shared.
# Seen on 29 November 2026 with dcmjs 0.52.2, Node 20.20.2; file made and read with pydicom 3.0.2. The names are made up.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydicom==3.0.2
cd "$folder"
cat >make.py <<'PYTHON'
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

data, request, patient, other = Dataset(), Dataset(), Dataset(), Dataset()
data.file_meta = FileMetaDataset()
data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
data.PatientName, data.PatientID, data.PatientComments = "Phantom^Ada", "PHANTOM-77", "Phantom"
data.OperatorsName, data.PerformingPhysicianName = "Sono^Op", "Sono^Doc"
data.ContentDate, data.AcquisitionDateTime = "20260101", "20260101101010"
request.ScheduledProcedureStepDescription = "liver of Phantom"
patient.PatientName, patient.PatientID = "Phantom^Ada", "PHANTOM-77"
patient.ReferencedSOPClassUID, patient.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.1.1", generate_uid()
other.PatientID, other.TypeOfPatientID = "PHANTOM-88", "TEXT"
data.RequestAttributesSequence, data.ReferencedPatientSequence, data.OtherPatientIDsSequence = [request], [patient], [other]
data.save_as("a.dcm", enforce_file_format=True)
PYTHON
PYTHONPATH=$folder/packages python3 -s make.py
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts dcmjs@0.52.2 >/dev/null 2>&1
cat >clean.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
import dcmjs from 'dcmjs';

dcmjs.log.setLevel('silent');
const file = dcmjs.data.DicomMessage.readFile(new Uint8Array(readFileSync('a.dcm')).buffer);
dcmjs.anonymizer.cleanTags(file.dict);
writeFileSync('b.dcm', Buffer.from(file.write()));
JS
node clean.mjs
cat >read.py <<'PYTHON'
import json

from pydicom import dcmread

print("dcmjs", json.load(open("node_modules/dcmjs/package.json"))["version"])
before, after = dcmread("a.dcm"), dcmread("b.dcm")
kept = [element.keyword for element in after if element.keyword in ("OperatorsName", "AcquisitionDateTime") and element.value]
gone = [word for word in ("PatientComments", "PerformingPhysicianName", "ContentDate") if before.get(word) and not after.get(word)]
nested = {
    f"{sequence}.{element.keyword}": str(element.value)
    for sequence in ("RequestAttributesSequence", "ReferencedPatientSequence", "OtherPatientIDsSequence")
    for element in after[sequence].value[0]
    if "PHANTOM" in str(element.value).upper()
}
print("patient:", after.PatientName, after.PatientID, "; emptied:", gone, "; kept:", kept)
print("within sequences:", nested)
assert (after.PatientName, after.PatientID) == ("ANON^PATIENT", "ANON^ID")
assert gone == ["PatientComments", "PerformingPhysicianName", "ContentDate"]
assert set(kept) == {"OperatorsName", "AcquisitionDateTime"}
assert len(nested) == 4
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s read.py
