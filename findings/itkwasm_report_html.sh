#!/usr/bin/env bash
# itkwasm-dicom 7.6.4 (itk-wasm, Python and Node): a structured report turned into HTML has headings, but not one of its numbers.
#
# Expected: structured_report_to_html gives what DCMTK's dsr2html gives, on which it is built: each measurement with its unit, and what qualifies it.
# What happens: of an OB-GYN report (TID 5000) with three biparietal diameters, their mean and the fetus' name, the HTML holds patient, manufacturer, headings, and an empty <div> for each number.
# Derivation, selection status and fetus stand there with nothing behind the equals sign ("Derivation = "). No message, exit as usual; render_full_data, render_inline_codes and always_expand_inline change nothing.
# structured_report_to_text of the same package has them all. So does dsr2html of Debian's DCMTK 3.6.7.
# Why it matters: a report that a viewer shows in a browser looks like one in which nothing was measured, and a mean can't be told from "no mean".
# Seen on 30 November 2026 with itkwasm-dicom and itkwasm-dicom-wasi 7.6.4, itkwasm 1.0b201, pydicom 3.0.2, Python 3.11; @itk-wasm/dicom 7.6.4 in Node 20.20.2. Needs dsr2html (Debian's dcmtk), node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check itkwasm-dicom==7.6.4 itkwasm-dicom-wasi==7.6.4 itkwasm==1.0b201 pydicom==3.0.2 numpy==2.4.6
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @itk-wasm/dicom@7.6.4 >/dev/null 2>&1
cat >make.py <<'PYTHON'
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian, generate_uid

DIAMETER = ("11820-8", "LN", "Biparietal Diameter")


def code(value, scheme, meaning):
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return [made]


def node(relation, kind, name, *children, **more):
    made = Dataset()
    made.RelationshipType, made.ValueType, made.ConceptNameCodeSequence = relation, kind, code(*name)
    if kind == "CONTAINER":
        made.ContinuityOfContent = "SEPARATE"
    for keyword, value in more.items():
        setattr(made, keyword, value)
    if children:
        made.ContentSequence = list(children)
    return made


def millimetres(value, *children):
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = value, code("mm", "UCUM", "millimeter")
    return node("CONTAINS", "NUM", DIAMETER, *children, MeasuredValueSequence=[measured])


mean = node("HAS CONCEPT MOD", "CODE", ("121401", "DCM", "Derivation"), ConceptCodeSequence=code("373098007", "SCT", "Mean"))
fetus = node("HAS OBS CONTEXT", "TEXT", ("11951-1", "LN", "Fetus ID"), TextValue="Twin A")
numbers = [millimetres("48.1"), millimetres("49.0"), millimetres("50.2"), millimetres("49.1", mean)]
group = node("CONTAINS", "CONTAINER", ("125005", "DCM", "Biometry Group"), *numbers)
section = node("CONTAINS", "CONTAINER", ("125002", "DCM", "Fetal Biometry"), fetus, group)
data = node("CONTAINS", "CONTAINER", ("125000", "DCM", "OB-GYN Ultrasound Procedure Report"), section)
del data.RelationshipType
template = Dataset()
template.MappingResource, template.TemplateIdentifier = "DCMR", "5000"
data.ContentTemplateSequence = [template]
data.file_meta = FileMetaDataset()
data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = ComprehensiveSRStorage
data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "Test^Phantom", "1", "", "F"
data.StudyInstanceUID, data.StudyDate, data.StudyTime = generate_uid(), "20260101", "120000"
data.ReferringPhysicianName, data.StudyID, data.AccessionNumber = "", "1", ""
data.Modality, data.SeriesInstanceUID, data.SeriesNumber, data.InstanceNumber = "SR", generate_uid(), 1, 1
data.Manufacturer, data.ReferencedPerformedProcedureStepSequence, data.PerformedProcedureCodeSequence = "test", [], []
data.ContentDate, data.ContentTime, data.CompletionFlag, data.VerificationFlag = "20260101", "120000", "COMPLETE", "UNVERIFIED"
data.save_as("report.dcm", enforce_file_format=True)
PYTHON
venv/bin/python make.py
dsr2html report.dcm dcmtk.html
cat >run.mjs <<'JS'
import { writeFileSync } from 'node:fs';
import { structuredReportToHtmlNode } from '@itk-wasm/dicom';
writeFileSync('node.html', (await structuredReportToHtmlNode(`${process.cwd()}/report.dcm`)).outputText);
JS
node run.mjs
cat >run.py <<'PYTHON'
from pathlib import Path

from itkwasm_dicom import structured_report_to_html, structured_report_to_text

report = Path("report.dcm")
shown = {
    "dsr2html of DCMTK": Path("dcmtk.html").read_text(),
    "itkwasm's text": structured_report_to_text(report),
    "itkwasm's HTML": structured_report_to_html(report),
    "the same, in full": structured_report_to_html(report, render_full_data=True, render_inline_codes=True, always_expand_inline=True),
    "itk-wasm's in Node": Path("node.html").read_text(),
}
found = {name: [what for what in ("Biometry Group", "Derivation", "48.1", "49.0", "50.2", "49.1", "Mean", "Twin A") if what in text] for name, text in shown.items()}
for name, words in found.items():
    print(f"{name}: {', '.join(words)}")
assert len(found["dsr2html of DCMTK"]) == len(found["itkwasm's text"]) == 8
assert all(words == ["Biometry Group", "Derivation"] for name, words in found.items() if "HTML" in name or "full" in name or "Node" in name)
assert "Derivation = <" in shown["itkwasm's HTML"]
print("as stated")
PYTHON
venv/bin/python run.py
