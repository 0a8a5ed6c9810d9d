#!/usr/bin/env bash
# @cornerstonejs/adapters 5.14.0 (OHIF's DICOM SR): a length of 2 cm on ultrasound is stored as 2 mm, and shown as that when the SR is opened again.
#
# Expected: the unit goes with the number. On ultrasound with regions the tools say "2 cm US Region"; the SR has 2 cm, or 20 mm.
# What happens: of Length no unit is handed to dcmjs, which then takes mm; so are the perimeters of circle, rectangle and freehand outline. The
# other units, "cm US Region" and its square, aren't known and become arbitrary units, "[arb'U]{cm US Region}", 21 characters where CodeValue
# may have 16. What UltrasoundDirectional measured isn't stored: a length in mm without a number.
# Read back by the same adapters, the length is 2 mm, as long as nobody moves the line.
# Why it matters: the number looks like a measurement and is a tenth of it. A fetus, a valve or an aorta in a report by OHIF is ten times
# too small to whatever reads the SR. On CT and MR, where all is mm, nobody sees it.
# Seen on 29 November 2026 with @cornerstonejs/adapters and core 5.14.0, dcmjs 0.52.0 (its own), Node 20.20.2; read with pydicom 3.0.2.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydicom==3.0.2
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cornerstonejs/adapters@5.14.0 @cornerstonejs/core@5.14.0 dcmjs@0.52.0 \
    @babel/runtime@8.1.3 >/dev/null 2>&1
cat >make.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
import dcmjs from 'dcmjs';
import { adaptersSR } from '@cornerstonejs/adapters';
import { metaData } from '@cornerstonejs/core';

const { MeasurementReport } = adaptersSR.Cornerstone3D;
const IMAGE = 'us:1';
const CLASS = '1.2.840.10008.5.1.4.1.1.3.1';
const answers = {
  imagePlaneModule: {
    rows: 200, columns: 300, frameOfReferenceUID: '1.2.3.9', imagePositionPatient: [0, 0, 0], imageOrientationPatient: [1, 0, 0, 0, 1, 0],
    rowCosines: [1, 0, 0], columnCosines: [0, 1, 0], rowPixelSpacing: 1, columnPixelSpacing: 1, usingDefaultValues: true,
  },
  sopCommonModule: { sopClassUID: CLASS, sopInstanceUID: '1.2.3.4.5' },
  instance: {
    SOPClassUID: CLASS, SOPInstanceUID: '1.2.3.4.5', SeriesInstanceUID: '1.2.3.4', StudyInstanceUID: '1.2.3', Modality: 'US',
    PatientID: '1', PatientName: 'Test^Phantom', NumberOfFrames: 5, Rows: 200, Columns: 300,
  },
  frameNumber: 3,
};
metaData.addProvider((kind) => answers[kind], 10000);

// What @cornerstonejs/tools 5.14.0 says of 100 x 50 pixels and of a radius of 50, in a region of 0.02 cm a pixel.
const [unit, areaUnit] = ['cm US Region', 'cm\u00b2 US Region'];
const corners = [[50, 50, 0], [150, 50, 0], [150, 100, 0], [50, 100, 0]];
const [a, b, c, d] = corners;
const drawn = (stats, points, more = {}) => ({ data: [{
  metadata: { referencedImageId: IMAGE, FrameOfReferenceUID: '1.2.3.9' }, findingSites: [],
  data: { label: '', handles: { points, textBox: { hasMoved: false } }, cachedStats: { [`imageId:${IMAGE}`]: stats }, ...more },
}] });
const tools = {
  Length: drawn({ length: 2, unit }, [a, b]),
  Bidirectional: drawn({ length: 2, width: 1, unit }, [a, b, [100, 40, 0], [100, 90, 0]]),
  CircleROI: drawn({ area: 3.14, areaUnit, radius: 1, radiusUnit: unit, perimeter: 6.28 }, [[100, 100, 0], [150, 100, 0]]),
  RectangleROI: drawn({ area: 2, areaUnit, perimeter: 6 }, [a, b, d, c]),
  PlanarFreehandROI: drawn({ area: 2, areaUnit, perimeter: 6, unit }, [], { contour: { polyline: corners, closed: true } }),
  UltrasoundDirectionalTool: drawn({ xValues: [0, 2], yValues: [0, 0], units: ['cm', 'cm'], isHorizontal: true }, [a, b]),
};
const made = (only) => MeasurementReport.generateReport({ [IMAGE]: only }, { get: (kind) => answers[kind] }, {}).dataset;
const { UltrasoundDirectionalTool, ...measured } = tools;
writeFileSync('sr.dcm', Buffer.from(dcmjs.data.datasetToDict(made(measured)).write()));
const found = [];
const look = (items) => [].concat(items ?? []).forEach((item) => {
  if (item.ValueType === 'NUM') found.push(item.MeasuredValueSequence);
  look(item.ContentSequence);
});
look(made({ UltrasoundDirectionalTool }).ContentSequence);
const { data, log } = dcmjs;
log.setLevel?.('silent');
const file = data.DicomMessage.readFile(new Uint8Array(readFileSync('sr.dcm')).buffer);
const again = data.DicomMetaDictionary.naturalizeDataset(file.dict);
const back = MeasurementReport.generateToolState(again, { '1.2.3.4.5:3': IMAGE }, { get: (kind) => answers[kind] });
const line = back.Length[0].annotation;
writeFileSync('said.json', JSON.stringify({
  version: JSON.parse(readFileSync('node_modules/@cornerstonejs/adapters/package.json', 'utf8')).version,
  back: Object.values(line.data.cachedStats)[0],
  recomputed: Boolean(line.invalidated || line.data.invalidated),
  directional: [found[0].NumericValue ?? null, found[0].MeasurementUnitsCodeSequence.CodeValue],
}));
JS
node make.mjs >/dev/null 2>&1
cat >read.py <<'PYTHON'
import json
import warnings

from pydicom import dcmread
from pydicom.dataset import Dataset

warnings.simplefilter("ignore")
said = json.load(open("said.json"))
print("@cornerstonejs/adapters", said["version"])


def numbers(items: list[Dataset]) -> list[tuple[str, float, str]]:
    found = []
    for item in items:
        if item.ValueType == "NUM":
            value = item.MeasuredValueSequence[0]
            unit = value.MeasurementUnitsCodeSequence[0].CodeValue
            found.append((item.ConceptNameCodeSequence[0].CodeMeaning, float(value.NumericValue), str(unit)))
        found += numbers(item.get("ContentSequence", []))
    return found


stored = numbers(dcmread("sr.dcm").ContentSequence)
for line in stored:
    print("   stored:", *line)
print("of UltrasoundDirectional:", said["directional"], "; Length read back:", said["back"], "; computed anew:", said["recomputed"])
assert [one[1:] for one in stored if one[0] == "Length"] == [(2, "mm")]
assert [(round(one[1], 2), one[2]) for one in stored if one[0] == "Perimeter"] == [(6.28, "mm"), (6, "mm"), (6, "mm")]
assert [one[2][:8] for one in stored if one[0] in ("Long Axis", "Area", "Radius")] == ["[arb'U]{"] * 5
assert said["back"] == {"length": 2, "unit": "mm"} and not said["recomputed"] and said["directional"] == [None, "mm"]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s read.py
