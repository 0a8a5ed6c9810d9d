#!/usr/bin/env bash
# @cornerstonejs/dicom-image-loader 5.14.0 (OHIF's files): frames of a binary SEG that begin within a byte are blank, and uncompressed
# YBR_FULL_422 is handed on as it is stored.
#
# Expected: getUncompressedImageFrame gives the bits of each frame, as PS3.5 8.1.1 packs them; YBR_FULL_422, 2 bytes a pixel, is converted
# to RGB, as convertColorSpace can do.
# What happens: a frame's first byte is worked out as a fraction, 16.25 for the second frame of 10 x 13, and no byte has such a number: all
# pixels are 0. Of five frames the first and, by chance, the last are right; 8 x 16 is right throughout. isColorConversionRequired, which
# createImage goes by, has the lengths of 4:2:0 and 4:2:2 the wrong way round: it says no to the 1,728 bytes of 24 x 36 pixels of
# YBR_FULL_422, and the image is given 1,728 bytes where three a pixel are read.
# Why it matters: a mask that was tracked through a cine is there on the first frame, at which one looks, and gone on the next: it looks as if the
# structure were lost. Colour Doppler of older carts, stored so, is shown as noise.
# Seen on 29 November 2026 with @cornerstonejs/dicom-image-loader and core 5.14.0, dicom-parser 1.8.21, Node 20.20.2; files by pydicom 3.0.2, numpy 2.4.6.
# Needs node and npm. The loader's own functions are called in Node; no page is opened.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydicom==3.0.2 numpy==2.4.6
cd "$folder"
PYTHONPATH=$folder/packages python3 -s - <<'PYTHON'
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import convert_color_space
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, UltrasoundMultiFrameImageStorage, generate_uid


def stored(name: str, kind: str, size: tuple[int, ...], pixels: bytes, **more: object) -> None:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = kind
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.NumberOfFrames, data.Rows, data.Columns, data.PixelRepresentation = *size, 0
    for keyword, value in more.items():
        setattr(data, keyword, value)
    data.PixelData = pixels + b"\0" * (len(pixels) % 2)
    data["PixelData"].VR = "OB"
    data.save_as(f"{name}.dcm", enforce_file_format=True)


one = {"SamplesPerPixel": 1, "BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PhotometricInterpretation": "MONOCHROME2"}
for rows, columns in ((10, 13), (8, 16)):
    masks = np.zeros((5, rows, columns), bool)
    masks[:, 3:7, 4:9] = True
    stored(f"{rows}x{columns}", SegmentationStorage, masks.shape, np.packbits(masks.ravel(), bitorder="little").tobytes(), **one)
colour = convert_color_space(np.full((2, 24, 36, 3), (200, 100, 50), np.uint8), "RGB", "YBR_FULL")
halved = np.stack([colour[:, :, ::2, 0], colour[:, :, 1::2, 0], colour[:, :, ::2, 1], colour[:, :, ::2, 2]], axis=-1)
three = {"SamplesPerPixel": 3, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PlanarConfiguration": 0}
stored("colour", UltrasoundMultiFrameImageStorage, (2, 24, 36), halved.tobytes(), PhotometricInterpretation="YBR_FULL_422", **three)
PYTHON
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cornerstonejs/core@5.14.0 @cornerstonejs/dicom-image-loader@5.14.0 \
    dicom-parser@1.8.21 >/dev/null 2>&1
cat >frames.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import parser from 'dicom-parser';

globalThis.window = globalThis;
console.warn = () => {};
const { default: loader } = await import('@cornerstonejs/dicom-image-loader/imageLoader');
const { getUncompressedImageFrame, metaData } = loader.wadouri;
const opened = (name) => parser.parseDicom(new Uint8Array(readFileSync(`${name}.dcm`)));
const { version } = JSON.parse(readFileSync('node_modules/@cornerstonejs/dicom-image-loader/package.json', 'utf8'));
console.log('@cornerstonejs/dicom-image-loader', version);
const found = {};
for (const name of ['10x13', '8x16']) {
  const file = opened(name);
  found[name] = [0, 1, 2, 3, 4].map((frame) => getUncompressedImageFrame(file, frame).reduce((sum, bit) => sum + bit, 0));
  console.log(`SEG ${name}, pixels of the mask by frame, 20 drawn on each:`, found[name]);
}
const file = opened('colour');
const pixelData = getUncompressedImageFrame(file, 1);
const frame = { ...metaData.getImagePixelModule(file), pixelData, pixelDataLength: pixelData.length };
const rgb = new Uint8ClampedArray(3 * 24 * 36);
loader.convertColorSpace(frame, rgb, false);
const needed = loader.isColorConversionRequired(frame);
console.log(`YBR_FULL_422, ${pixelData.length} bytes: converted? ${needed}; as stored`, [...pixelData.slice(0, 3)], 'converted', [...rgb.slice(0, 3)]);
assert.deepStrictEqual(found, { '10x13': [20, 0, 0, 0, 20], '8x16': [20, 20, 20, 20, 20] });
assert.deepStrictEqual([pixelData.length, needed, ...rgb.slice(0, 3)], [1728, false, 200, 100, 50]);
console.log('as stated');
JS
node frames.mjs 2>&1 | grep -v -e SamplesPerPixel -e 'nema.org'
