#!/usr/bin/env bash
# @ohif/extension-cornerstone-dicom-sr 3.13.13 (OHIF's view of a scanner's report): which side a velocity is of, which number is the mean, which failed, isn't shown.
#
# Expected: of an OB-GYN report (TID 5000) the view has each number with what belongs to it, as DCMTK's dsr2html has: derivation, selection status, laterality, and the qualifier of a number that isn't one.
# What happens: what stands below a number is left out, whatever it is, and so is the number's qualifier. Diameters of 48.1, 53.0 ("user chosen") and 50.5 (their mean) are three equal lines; of "60 left" and "90 right, measurement
# failure" two velocities are left, without side or failure. No message. What stands beside numbers in a section (fetus) is there, and so are units; 53.0 is written 53.
# Why it matters: uterine and carotid arteries are reported as left and right, by this one item; a mean among its values counts twice; a failed measurement reads like a good one.
# Seen on 30 November 2026 with @ohif/extension-cornerstone-dicom-sr and @ohif/core 3.13.13, dcmjs 0.52.0, react and react-dom 18.3.1, pydicom 3.0.2, Node 20.20.2. Needs node, npm and dsr2html (Debian's dcmtk).
# The extension's own component is rendered in Node, with the data set as dcmjs gives it; no page is opened.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pydicom==3.0.2 2>/dev/null
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @ohif/extension-cornerstone-dicom-sr@3.13.13 @ohif/core@3.13.13 \
    @cornerstonejs/adapters@5.6.8 @cornerstonejs/core@5.6.8 @cornerstonejs/tools@5.6.8 @cornerstonejs/metadata@5.6.8 dcmjs@0.52.0 react@18.3.1 react-dom@18.3.1 \
    jsdom@26.1.0 >/dev/null 2>&1
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


def qualified(name, *value):
    return node("HAS CONCEPT MOD", "CODE", name, ConceptCodeSequence=code(*value))


def number(name, value, unit, *children, qualifier=None):
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = value, code(unit, "UCUM", unit)
    more = {} if qualifier is None else {"NumericValueQualifierCodeSequence": code(*qualifier)}
    return node("CONTAINS", "NUM", name, *children, MeasuredValueSequence=[measured], **more)


mean = qualified(("121401", "DCM", "Derivation"), "373098007", "SCT", "Mean")
chosen = node("HAS PROPERTIES", "CODE", ("121404", "DCM", "Selection Status"), ConceptCodeSequence=code("121410", "DCM", "User chosen value"))
fetus = node("HAS OBS CONTEXT", "TEXT", ("11951-1", "LN", "Fetus ID"), TextValue="Twin A")
diameters = [number(DIAMETER, "48.1", "mm"), number(DIAMETER, "53.0", "mm", chosen), number(DIAMETER, "50.5", "mm", mean)]
biometry = node("CONTAINS", "CONTAINER", ("125002", "DCM", "Fetal Biometry"), fetus, node("CONTAINS", "CONTAINER", ("125005", "DCM", "Biometry Group"), *diameters))
SIDE = ("272741003", "SCT", "Laterality")
VELOCITY = ("11726-7", "LN", "Peak Systolic Velocity")
left = number(VELOCITY, "60", "cm/s", qualified(SIDE, "7771000", "SCT", "Left"))
right = number(VELOCITY, "90", "cm/s", qualified(SIDE, "24028007", "SCT", "Right"), qualifier=("114006", "DCM", "Measurement failure"))
vessels = node("CONTAINS", "CONTAINER", ("121070", "DCM", "Findings"), left, right)
data = node("CONTAINS", "CONTAINER", ("125000", "DCM", "OB-GYN Ultrasound Procedure Report"), biometry, vessels)
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
cat >run.cjs <<'JS'
const assert = require('node:assert');
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { Writable } = require('node:stream');
const { JSDOM } = require('jsdom');
const { createElement } = require('react');
const { renderToPipeableStream } = require('react-dom/server');

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true, url: 'http://localhost/' });
for (const name of Object.getOwnPropertyNames(window)) if (!(name in globalThis)) globalThis[name] = window[name];
globalThis.self = window;
// what the page brings; no part of how a report is shown
const page = {
  '@ohif/extension-cornerstone': { Enums: { CORNERSTONE_3D_TOOLS_SOURCE_NAME: 'Cornerstone3DTools', CORNERSTONE_3D_TOOLS_SOURCE_VERSION: '0.1' } },
  '@ohif/ui-next': {}, '@ohif/i18n': { t: (words) => words }, '@ohif/core/src/contextProviders/SystemProvider': {},
};
const load = Module._load;
Module._load = (name, ...more) => page[name] ?? load(name, ...more);
const { data } = require('dcmjs');
const extension = require('@ohif/extension-cornerstone-dicom-sr').default;

const { dict } = data.DicomMessage.readFile(new Uint8Array(readFileSync('report.dcm')).buffer);
const whole = { servicesManager: { services: {} }, extensionManager: {} };
const displaySets = extension.getSopClassHandlerModule(whole)[0].getDisplaySetsFromSeries([data.DicomMetaDictionary.naturalizeDataset(dict)]);
const { component } = extension.getViewportModule(whole)[0];
let html = '';
const sink = new Writable({ write(chunk, _, done) { html += chunk; done(); } });
const lines = (text) => text.replace(/<[^>]*>/g, '\n').split('\n').map((line) => line.trim()).filter(Boolean);
sink.on('finish', () => {
  const [shown, dcmtk] = [lines(html), lines(readFileSync('dcmtk.html', 'utf8')).join(' ')];
  console.log(shown.join(' | '));
  const words = ['Twin A', '48.1', '53', '50.5', '60', '90', 'Mean', 'User chosen', 'Left', 'Right', 'failure'];
  const [here, there] = [words.filter((word) => shown.join(' ').includes(word)), words.filter((word) => dcmtk.includes(word))];
  console.log(`OHIF: ${here}; dsr2html: ${there}`);
  assert.deepStrictEqual(there, words);
  assert.deepStrictEqual(here, words.slice(0, 6));
  assert.deepStrictEqual(shown.filter((line) => /[0-9] (mm|cm)/.test(line)), ['48.1 mm', '53 mm', '50.5 mm', '60 cm/s', '90 cm/s']);
  console.log('as stated');
  process.exit(0);
});
const stream = renderToPipeableStream(createElement(component, { displaySets }), { onAllReady: () => stream.pipe(sink) });
JS
node run.cjs
