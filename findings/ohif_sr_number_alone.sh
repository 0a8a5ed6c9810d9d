#!/usr/bin/env bash
# @ohif/extension-cornerstone-dicom-sr 3.13.13 (OHIF's DICOM SR): one group without coordinates, such as an ejection fraction, and the outlines and calipers before it aren't shown.
#
# Expected: of a TID 1500 report with two outlines, a caliper and an ejection fraction, each with a tracking identifier of its own (TID 1501 lets a number name its images, without coordinates) OHIF draws the first three on their frames, and lists or leaves out the number.
# What happens: reading ends in a TypeError at the group without coordinates ("reading 'ReferencedSOPSequence'"). Groups are taken from the last to the first, so whatever stands before that group isn't drawn: with it as the last nothing is,
# with the caliper behind it the caliper alone. The number itself has no label either. The same report without it is drawn whole, each part on its frame, points 0.5 less, as cornerstone counts; so is one whose number names the outlines that it was made of.
# Why it matters: reports of hearts hold a volume or an ejection fraction beside the outlines that it comes from. The viewer lists all as "measurements", the frames are bare, and no message says why.
# Seen on 30 November 2026 with @ohif/extension-cornerstone-dicom-sr and @ohif/core 3.13.13, @cornerstonejs/core, tools and adapters 5.6.8 (its own), dcmjs 0.52.0, highdicom 0.28.2, Node 20.20.2.
# Needs node and npm. OHIF's reader runs in Node: its services hand out one cine of five frames; no page is opened.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check highdicom==0.28.2 pydicom==3.0.2 numpy==2.4.6
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps @ohif/extension-cornerstone-dicom-sr@3.13.13 @ohif/core@3.13.13 \
    @cornerstonejs/adapters@5.6.8 @cornerstonejs/core@5.6.8 @cornerstonejs/tools@5.6.8 @cornerstonejs/metadata@5.6.8 dcmjs@0.52.0 react@18.3.1 jsdom@26.1.0 >/dev/null 2>&1
cat >make.py <<'PYTHON'
import highdicom as hd
import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

EJECTION = Code("18043-0", "LN", "Left Ventricular Ejection Fraction by US")
DISKS = Code("125208", "DCM", "Method of Disks, Single Plane")
BOX = np.array([[50.5, 50.5], [150.5, 50.5], [150.5, 100.5], [50.5, 100.5], [50.5, 50.5]])
cine = Dataset()
cine.file_meta = FileMetaDataset()
cine.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
cine.SOPClassUID, cine.SOPInstanceUID, cine.SeriesInstanceUID, cine.StudyInstanceUID = UltrasoundMultiFrameImageStorage, "1.2.3.4.5", "1.2.3.4", "1.2.3"
cine.PatientName, cine.PatientID, cine.PatientBirthDate, cine.PatientSex = "Test^Phantom", "1", "", "F"
cine.StudyDate, cine.StudyTime, cine.StudyID, cine.AccessionNumber, cine.ReferringPhysicianName = "20260101", "120000", "1", "", ""
cine.Modality, cine.NumberOfFrames, cine.Rows, cine.Columns, cine.SeriesNumber, cine.InstanceNumber = "US", 5, 200, 300, 1, 1


def source(kind, frame):
    return kind(cine.SOPClassUID, cine.SOPInstanceUID, [frame])


def tracked(name):
    return sr.TrackingIdentifier(uid=hd.UID(), identifier=name)


def outline(name, frame, area):
    region = sr.ImageRegion("POLYLINE", BOX, source(sr.SourceImageForRegion, frame))
    number = sr.Measurement(codes.SCT.Area, area, Code("mm2", "UCUM", "square millimeter"))
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(tracking_identifier=tracked(name), referenced_region=region, measurements=[number])


def caliper(name, frame, length):
    line = sr.CoordinatesForMeasurement("POLYLINE", np.array([[50.5, 50.5], [150.5, 70.5]]), source(sr.SourceImageForRegion, frame))
    number = sr.Measurement(codes.SCT.Length, length, Code("mm", "UCUM", "millimeter"), referenced_coordinates=[line])
    return sr.MeasurementsAndQualitativeEvaluations(tracking_identifier=tracked(name), measurements=[number])


def fraction(name, percent, drawn=False):
    more = {"referenced_images": [source(sr.SourceImageForMeasurement, frame) for frame in (2, 4)]}
    if drawn:
        more["referenced_coordinates"] = [sr.CoordinatesForMeasurement("POLYLINE", BOX, source(sr.SourceImageForRegion, frame)) for frame in (2, 4)]
    number = sr.Measurement(EJECTION, percent, Code("%", "UCUM", "percent"), method=DISKS, **more)
    return sr.MeasurementsAndQualitativeEvaluations(tracking_identifier=tracked(name), measurements=[number])


def save(path, *groups):
    device = sr.ObserverContext(codes.DCM.Device, sr.DeviceObserverIdentifyingAttributes(uid=hd.UID()))
    content = sr.MeasurementReport(sr.ObservationContext(observer_device_context=device), Code("16310003", "SCT", "Diagnostic ultrasonography"), imaging_measurements=groups)
    sr.ComprehensiveSR([cine], content[0], hd.UID(), 2, hd.UID(), 1, manufacturer="test").save_as(path)


drawn = outline("diastole", 2, 40), outline("systole", 4, 20)
save("drawn.dcm", *drawn, caliper("wall", 3, 20))
save("last.dcm", *drawn, caliper("wall", 3, 20), fraction("ventricle", 55))
save("between.dcm", *drawn, fraction("ventricle", 55), caliper("wall", 3, 20))
save("with_outlines.dcm", *drawn, caliper("wall", 3, 20), fraction("ventricle", 55, drawn=True))
PYTHON
venv/bin/python make.py
cat >run.cjs <<'JS'
const assert = require('node:assert');
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { JSDOM } = require('jsdom');

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true, url: 'http://localhost/' });
for (const name of Object.getOwnPropertyNames(window)) if (!(name in globalThis)) globalThis[name] = window[name];
globalThis.self = window;
// what the page brings; no part of how a report is read
const page = {
  '@ohif/extension-cornerstone': { Enums: { CORNERSTONE_3D_TOOLS_SOURCE_NAME: 'Cornerstone3DTools', CORNERSTONE_3D_TOOLS_SOURCE_VERSION: '0.1' } },
  '@ohif/ui-next': {}, '@ohif/i18n': { t: (words) => words }, '@ohif/core/src/contextProviders/SystemProvider': {},
};
const load = Module._load;
Module._load = (name, ...more) => page[name] ?? load(name, ...more);
const { classes } = require('@ohif/core');
const { metaData } = require('@cornerstonejs/core');
const { annotation } = require('@cornerstonejs/tools');
const { data } = require('dcmjs');
const extension = require('@ohif/extension-cornerstone-dicom-sr').default;

const plane = { frameOfReferenceUID: '1.2.3.9', imagePositionPatient: [0, 0, 0], rowCosines: [1, 0, 0], columnCosines: [0, 1, 0], rowPixelSpacing: 1, columnPixelSpacing: 1 };
metaData.addProvider((kind) => (kind === 'imagePlaneModule' ? plane : undefined), 10000);
const frames = [1, 2, 3, 4, 5];
for (const frameNumber of frames) {
  classes.MetadataProvider.addImageIdToUIDs(`us:${frameNumber}`, { StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.4', SOPInstanceUID: '1.2.3.4.5', frameNumber });
}
const servicesManager = { services: {
  displaySetService: { activeDisplaySets: [{ displaySetInstanceUID: 'cine', StudyInstanceUID: '1.2.3' }], subscribe() {}, EVENTS: {} },
  measurementService: { getSourceMappings: () => [] }, customizationService: { getCustomization: () => undefined },
} };
const extensionManager = { getDataSources: () => [{ getImageIdsForDisplaySet: () => frames.map((frame) => `us:${frame}`), retrieve: {} }] };
const print = console.log;
console.log = console.warn = () => {};

async function shown(path) {
  annotation.state.removeAllAnnotations();
  const { dict } = data.DicomMessage.readFile(new Uint8Array(readFileSync(path)).buffer);
  const [handler] = extension.getSopClassHandlerModule({ servicesManager, extensionManager });
  const [report] = handler.getDisplaySetsFromSeries([data.DicomMetaDictionary.naturalizeDataset(dict)]);
  const said = await report.load().then(() => 'nothing', (error) => error.message);
  const drawn = annotation.state.getAllAnnotations().map((one) => {
    const name = report.measurements.find((found) => found.TrackingUniqueIdentifier === one.data.TrackingUniqueIdentifier).TrackingIdentifier;
    return `${name} on frame ${one.data.frameNumber}: ${one.data.labels.map((label) => label.value)}`;
  }).sort();
  print(`${path}: ${report.measurements.length} measurements, drawn: ${drawn.join('; ') || 'none'}; said: ${said}`);
  const [first] = annotation.state.getAllAnnotations();
  return { drawn, said, points: first && first.data.renderableData.POLYLINE[0] };
}
(async () => {
  const whole = ['diastole on frame 2: 40.00 mm2', 'systole on frame 4: 20.00 mm2', 'wall on frame 3: 20.00 mm'];
  const [plain, last, between, outlines] = [await shown('drawn.dcm'), await shown('last.dcm'), await shown('between.dcm'), await shown('with_outlines.dcm')];
  assert.deepStrictEqual([plain.drawn, plain.said, plain.points], [whole, 'nothing', [[50, 50, 0], [150, 70, 0]]]);
  assert.deepStrictEqual([last.drawn, between.drawn], [[], whole.slice(2)]);
  for (const { said } of [last, between]) assert.match(said, /undefined.*ReferencedSOPSequence/);
  assert.deepStrictEqual([outlines.drawn, outlines.said], [[...whole.slice(0, 2), 'ventricle on frame 2: 55.00 %', whole[2]], 'nothing']);
  print('as stated');
  process.exit(0);
})();
JS
node run.cjs
