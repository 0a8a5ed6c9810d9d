#!/usr/bin/env bash
# @cornerstonejs/adapters 5.14.0: in the DICOM SEG that it writes by default, masks of later frames are displaced, more from frame to
# frame, where rows times columns is no multiple of 8; of ultrasound as it comes it writes none.
#
# Expected: the mask that was drawn, on each frame, in whatever reads DICOM; a SEG of any ultrasound image.
# What happens: PS3.5 8.1.1 packs the bits of all frames without a gap. generateSegmentation (Cornerstone3D, BINARY, Explicit VR Little
# Endian, its defaults) lets each frame begin with a new byte: on 20 frames of 10 x 13 the file has 340 bytes for 325, and pydicom, which
# takes the 15 for padding at the end, finds each mask 6 bits further on than on the frame before, 114 bits on the last. 8 x 16 is right.
# An image without ImageOrientationPatient, which 2D ultrasound has not, ends in a TypeError.
# Why it matters: it is the exporter of OHIF and of viewers made with Cornerstone3D. On the first frame, at which one looks, all is well;
# training data and measurements of the rest are of the tissue beside.
# Seen on 29 November 2026 with @cornerstonejs/adapters and core 5.14.0, dcmjs 0.52.2, Node 20.20.2; read with pydicom 3.0.2, numpy 2.4.6.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydicom==3.0.2 numpy==2.4.6
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cornerstonejs/adapters@5.14.0 @cornerstonejs/core@5.14.0 dcmjs@0.52.2 \
    @babel/runtime@8.1.3 >/dev/null 2>&1
cat >make.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
import dcmjs from 'dcmjs';
import { adaptersSEG } from '@cornerstonejs/adapters';
import { Enums } from '@cornerstonejs/core';

const { STUDY_DATA, SERIES_DATA, IMAGE_DATA } = Enums.MetadataModules;
const SOURCE = { ReferencedSOPClassUID: '1.2.840.10008.5.1.4.1.1.3.1', ReferencedSOPInstanceUID: '1.2.3.4.5' };
const WHAT = { CodeValue: '123037004', CodingSchemeDesignator: 'SCT', CodeMeaning: 'Anatomical Structure' };
const SEGMENT = {
  SegmentNumber: 1, SegmentLabel: 'a', SegmentAlgorithmType: 'MANUAL', SegmentAlgorithmName: 'a',
  SegmentedPropertyCategoryCodeSequence: WHAT, SegmentedPropertyTypeCodeSequence: WHAT,
};

function made(rows, columns, count, oriented) {
  const plane = (frame) => (oriented ? { ImageOrientationPatient: [1, 0, 0, 0, 1, 0], ImagePositionPatient: [0, 0, -frame] } : {});
  const answers = {
    [STUDY_DATA]: () => ({ StudyInstanceUID: '1.2.3', PatientID: '1', PatientName: 'Test^Phantom', StudyDate: '20260101', StudyID: '1' }),
    [SERIES_DATA]: () => ({ SeriesInstanceUID: '1.2.3.4', Modality: 'US', SeriesNumber: 1, FrameOfReferenceUID: '1.2.3.9' }),
    [IMAGE_DATA]: (frame) => ({
      SOPClassUID: SOURCE.ReferencedSOPClassUID, SOPInstanceUID: SOURCE.ReferencedSOPInstanceUID, InstanceNumber: 1,
      Rows: rows, Columns: columns, BitsAllocated: 8, PixelRepresentation: 0, PixelSpacing: [1, 1], ...plane(frame),
    }),
    [Enums.MetadataModules.IMAGE_SOP_INSTANCE_REFERENCE]: (frame) => ({ ...SOURCE, ReferencedFrameNumber: frame + 1 }),
  };
  const metadata = { get: (kind, id) => answers[kind]?.(Number(id.split(':')[1])) };
  const pixelData = new Uint8Array(rows * columns);
  for (let y = 3; y < 7; y++) for (let x = 4; x < 9; x++) pixelData[y * columns + x] = 1;
  const images = Array.from({ length: count }, (_, frame) => (
    { imageId: `us:${frame}`, voxelManager: { getScalarData: () => new Uint8Array(rows * columns) } }));
  const labelmaps2D = images.map(() => ({ pixelData, segmentsOnLabelmap: [1], rows, columns }));
  const labelmap = { labelmaps2D, metadata: [undefined, SEGMENT] };
  return adaptersSEG.Cornerstone3D.Segmentation.generateSegmentation(images, labelmap, metadata).dataset;
}

for (const [rows, columns] of [[10, 13], [8, 16]]) {
  const bytes = dcmjs.data.datasetToDict(made(rows, columns, 20, true)).write();
  writeFileSync(`${rows}x${columns}.dcm`, Buffer.from(bytes));
}
let outcome = 'made';
try {
  made(8, 16, 20, false);
} catch (error) {
  outcome = `${error.name}: ${error.message}`;
}
const { version } = JSON.parse(readFileSync('node_modules/@cornerstonejs/adapters/package.json', 'utf8'));
writeFileSync('said.json', JSON.stringify({ version, outcome }));
JS
node make.mjs >/dev/null 2>&1
cat >read.py <<'PYTHON'
import json
import warnings

import numpy as np
from pydicom import dcmread

warnings.simplefilter("ignore")
said, right = json.load(open("said.json")), {}
print("@cornerstonejs/adapters", said["version"])
for name in ("10x13", "8x16"):
    data = dcmread(f"{name}.dcm")
    mask = np.zeros((data.Rows, data.Columns), np.uint8)
    mask[3:7, 4:9] = 1
    right[name] = [bool((frame == mask).all()) for frame in data.pixel_array]
    whole = -(-data.Rows * data.Columns * data.NumberOfFrames // 8)
    print(f"{name}, {data.NumberOfFrames} frames: {len(data.PixelData)} bytes for {whole}; right on {sum(right[name])} frames")
    if name == "10x13":
        rows = [int(np.nonzero(frame.any(axis=1))[0][0]) for frame in data.pixel_array]
        print("    first row of the mask, 3 as drawn, by frame:", rows)
        assert (len(data.PixelData), whole) == (340, 325) and data.file_meta.TransferSyntaxUID.name == "Explicit VR Little Endian"
print("without ImageOrientationPatient:", said["outcome"])
assert right["10x13"] == [True] + [False] * 19 and all(right["8x16"]) and said["outcome"].startswith("TypeError")
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s read.py
