#!/usr/bin/env bash
# larvitar 3.8.7 (DICOM viewers on cornerstone): on ultrasound the first region's deltas are the millimetres of the whole picture, in whatever unit they are: cm/s, seconds, none.
#
# Expected: pixelSpacing is that of a region in cm (PhysicalUnitsXDirection and YDirection 3), and there is none where no region is in cm, or two scales
# are in one picture; a file without any scale has none, and is measured in pixels.
# What happens: ten times PhysicalDeltaY and PhysicalDeltaX of the first item, whatever its units, place and kind. A duplex picture whose Doppler spectrum
# is listed first (0.01 s and 0.5 cm/s a pixel) has pixels of 5 x 0.1 mm, tissue included, where its B-mode has 0.5 x 0.2. M-mode across has 0.05 "mm" for
# 5 ms. A region without a unit (0) is taken as cm. Of two views at 0.2 and 0.5 mm both have 0.2. Without PixelSpacing and regions a pixel is
# 1 x 1 mm; so it is with PixelAspectRatio 5\2 alone.
# Why it matters: cornerstone-tools write "mm" as soon as there is a spacing. A vessel of 6 mm across (30 columns) is measured as 3 mm beside a
# spectrum, and an uncalibrated picture looks calibrated.
# Seen on 29 November 2026 with larvitar 3.8.7, jsdom 26.1.0, Node 20.20.2; files by pydicom 3.0.2, numpy 2.4.6.
# Needs node and npm. The reader is called in Node, in jsdom's window; no page is opened.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydicom==3.0.2 numpy==2.4.6
cd "$folder"
PYTHONPATH=$folder/packages python3 -s - <<'PYTHON'
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid


def region(columns: tuple[int, int], kind: tuple[int, int], units: tuple[int, int], deltas: tuple[float, float]) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType = kind
    item.RegionFlags = 2 if kind == (1, 1) else 0
    item.RegionLocationMinX0, item.RegionLocationMaxX1 = columns
    item.RegionLocationMinY0, item.RegionLocationMaxY1 = 0, 59
    item.PhysicalUnitsXDirection, item.PhysicalUnitsYDirection = units
    item.PhysicalDeltaX, item.PhysicalDeltaY = deltas
    return item


def stored(name: str, *regions: Dataset, **more: object) -> None:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.InstanceNumber = generate_uid(), generate_uid(), "US", 1
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 60, 80, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    if regions:
        data.SequenceOfUltrasoundRegions = list(regions)
    for keyword, value in more.items():
        setattr(data, keyword, value)
    data.PixelData = np.full((60, 80), 100, np.uint8).tobytes()
    data["PixelData"].VR = "OB"
    data.save_as(f"{name}.dcm", enforce_file_format=True)


left, right = (0, 39), (40, 79)
tissue = region(left, (1, 1), (3, 3), (0.02, 0.05))
spectrum = region(right, (3, 3), (4, 7), (0.01, 0.5))
stored("B-mode", tissue)
stored("spectrum, then B-mode", spectrum, tissue)
stored("B-mode, then spectrum", tissue, spectrum)
stored("M-mode", region(right, (2, 1), (4, 3), (0.005, 0.02)))
stored("no unit", region((0, 79), (1, 1), (0, 0), (0.5, 0.25)))
stored("two scales", region(left, (1, 1), (3, 3), (0.02, 0.02)), region(right, (1, 1), (3, 3), (0.05, 0.05)))
stored("PixelSpacing", spectrum, PixelSpacing=[0.5, 0.2])
stored("aspect ratio", PixelAspectRatio=[5, 2])
stored("nothing")
PYTHON
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts larvitar@3.8.7 jsdom@26.1.0 >/dev/null 2>&1
cat >read.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { JSDOM } from 'jsdom';

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true, url: 'http://localhost/' });
Object.defineProperty(window.document, 'currentScript', { value: { tagName: 'SCRIPT', src: 'http://localhost/larvitar.js' } });
window.HTMLCanvasElement.prototype.getContext = () => ({});
window.Worker = class {};
window.URL.createObjectURL = () => 'blob:none';
for (const name of Object.getOwnPropertyNames(window)) {
  if (!(name in globalThis)) globalThis[name] = window[name];
}
globalThis.self = window;
const spoken = console.log;
console.log = () => {};
const { default: larvitar } = await import('larvitar');
console.log = spoken;
console.log('larvitar', JSON.parse(readFileSync('node_modules/larvitar/package.json', 'utf8')).version);
const expected = {
  'B-mode': [0.5, 0.2],
  'spectrum, then B-mode': [5, 0.1],
  'B-mode, then spectrum': [0.5, 0.2],
  'M-mode': [0.2, 0.05],
  'no unit': [2.5, 5],
  'two scales': [0.2, 0.2],
  PixelSpacing: [0.5, 0.2],
  'aspect ratio': [1, 1],
  nothing: [1, 1],
};
const found = {};
for (const name of Object.keys(expected)) {
  const file = new window.File([new Uint8Array(readFileSync(`${name}.dcm`))], `${name}.dcm`);
  found[name] = [...(await larvitar.readFile(file)).metadata.pixelSpacing];
  console.log(`${name}: pixelSpacing ${found[name].join(' x ')} "mm"`);
}
assert.deepStrictEqual(found, expected);
console.log('as stated');
process.exit(0);
JS
node read.mjs
