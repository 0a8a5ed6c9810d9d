#!/usr/bin/env bash
# PALETTE COLOR ultrasound in JavaScript: daikon 1.2.46 stretches each table to its own range, dwv 0.36.4 and @itk-wasm/image-io 1.6.1 ignore the
# first value that a table maps.
#
# Expected: a pixel's colour is the tables' entry of its value less the first value mapped (PS3.3 C.7.6.3.1.5): stored 120 is 120, 135, 60 in each
# of three files with the same colours, tables of 256 entries of 16 or 8 bits, and of 200 entries from 20 on.
# What happens: daikon spreads the values of each table over 0 to 255, whatever they were: a table that ends at 200 brightens, the even blue of 60
# is 0. Tables of 8 bits are read two entries at a time as one number. Where a table begins at 20, dwv and itk-wasm, and daikon too, take
# the entry of a value 20 higher: 140, 115, 60. Nothing is raised. @cornerstonejs/dicom-image-loader 5.14.0 is right in all three.
# Why it matters: many stills of older carts are palette colour. Grey levels of tissue and the colours of Doppler shift, smoothly, so that
# nothing looks broken; and a model is given another picture than the one it was tuned on.
# Seen on 29 November 2026 with daikon 1.2.46, dwv 0.36.4, @itk-wasm/image-io 1.6.1, Node 20.20.2; files by pydicom 3.0.2, numpy 2.4.6.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydicom==3.0.2 numpy==2.4.6
cd "$folder"
PYTHONPATH=$folder/packages python3 -s - <<'PYTHON'
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

value = np.arange(256)
tables = {"Red": np.minimum(value, 200), "Green": 255 - value, "Blue": np.full(256, 60)}
for name, first, count, bits in (("words", 0, 256, 16), ("bytes", 0, 256, 8), ("later", 20, 200, 16)):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.PatientID = generate_uid(), generate_uid(), "US", "1"
    data.PatientName, data.SeriesNumber, data.InstanceNumber, data.FrameTime = "Test^Phantom", 1, 1, 40
    data.SamplesPerPixel, data.PhotometricInterpretation, data.NumberOfFrames = 1, "PALETTE COLOR", 2
    data.Rows, data.Columns = 24, 36
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    for colour, table in tables.items():
        entries = table[first : first + count]
        stored = (entries * 257).astype("<u2") if bits == 16 else entries.astype(np.uint8)
        setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [count, first, bits])
        setattr(data, f"{colour}PaletteColorLookupTableData", stored.tobytes())
    data.PixelData = np.full((2, 24, 36), 120, np.uint8).tobytes()
    data["PixelData"].VR = "OB"
    data.save_as(f"{name}.dcm", enforce_file_format=True)
PYTHON
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts daikon@1.2.46 dwv@0.36.4 @itk-wasm/image-io@1.6.1 >/dev/null 2>&1
cat >read.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { readImageNode } from '@itk-wasm/image-io';
import daikon from 'daikon';
import * as dwv from 'dwv';

const bytes = (name) => new Uint8Array(readFileSync(`${name}.dcm`)).buffer;
const readers = {
  daikon: async (name) => new Uint8Array(daikon.Series.parseImage(new DataView(bytes(name))).getRawData()),
  dwv: async (name) => {
    const parser = new dwv.DicomParser();
    parser.parse(bytes(name));
    const elements = parser.getDicomElements();
    const shown = { data: new Uint8ClampedArray(36 * 24 * 4), width: 36, height: 24 };
    dwv.createView(elements, dwv.createImage(elements)).generateImageData(shown, new dwv.Index([0, 0, 0, 0]));
    return shown.data;
  },
  'itk-wasm': async (name) => (await readImageNode(`${name}.dcm`)).data,
};
const found = {};
console.log('stored 120, 120, 135, 60 by the tables:');
for (const [reader, read] of Object.entries(readers)) {
  found[reader] = {};
  for (const name of ['words', 'bytes', 'later']) found[reader][name] = [...(await read(name)).slice(0, 3)];
  console.log(`   ${reader}:`, JSON.stringify(found[reader]));
}
const [right, shifted] = [[120, 135, 60], [140, 115, 60]];
assert.deepStrictEqual(found.dwv, { words: right, bytes: right, later: shifted });
assert.deepStrictEqual(found['itk-wasm'], { words: right, bytes: right, later: shifted });
assert.deepStrictEqual(found.daikon, { words: [153, 135, 0], bytes: [255, 14, 0], later: [170, 101, 0] });
console.log('as stated');
JS
node read.mjs
