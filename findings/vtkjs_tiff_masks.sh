#!/usr/bin/env bash
# @kitware/vtk.js 37.4.3, vtkTIFFReader: read with its rows in the file's order (flipY false) every picture is empty; 16-bit label images lose their labels.
#
# Expected: setFlipY(false) gives the rows in the order of the file; labels of 16 bits come back as they are, or are refused; a file of three frames has three.
# What happens: pixels are copied only where the picture is flipped, so that without it all values are 0, alpha too. Of 16 bits the upper eight are kept:
# labels 1 to 255 are 0, 300, 600 and 2,100 become 1, 2 and 8. Of a cine or a stack of masks the first page is there, and dimensions say 1.
# Spacing is 1 whatever the file's resolution says. Nothing is said of any of this.
# (Its source was read before it was run.)
# Why it matters: masks are exchanged as TIFF of 16 bits, as label images of ImageJ, QuPath and scikit-image are. An overlay of such a mask shows
# nothing, as if nothing had been segmented, and a mask that isn't flipped is needed to lie on a picture that isn't.
# Seen on 29 November 2026 with @kitware/vtk.js 37.4.3, Node 20.20.2; files by tifffile 2026.3.3, numpy 2.4.6.
# Needs node and npm. The reader is called in Node; no page is opened.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" tifffile==2026.3.3 numpy==2.4.6
cd "$folder"
PYTHONPATH=$folder/packages python3 -s - <<'PYTHON'
import numpy as np
import tifffile

mask = np.zeros((6, 8), np.uint8)
mask[1, 2], mask[2, 3:5], mask[0, 0] = 1, 2, 7
tifffile.imwrite("labels8.tif", mask, photometric="minisblack")
tifffile.imwrite("labels16.tif", mask.astype(np.uint16), photometric="minisblack")
tifffile.imwrite("large16.tif", mask.astype(np.uint16) * 300, photometric="minisblack")
tifffile.imwrite("frames8.tif", np.stack([mask, mask + 1, mask + 2]), photometric="minisblack")
PYTHON
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @kitware/vtk.js@37.4.3 >/dev/null 2>&1
cat >read.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';

globalThis.window = globalThis;
globalThis.self = globalThis;
globalThis.document = {};
const { default: vtkTIFFReader } = await import('@kitware/vtk.js/IO/Image/TIFFReader.js');
console.log('@kitware/vtk.js', JSON.parse(readFileSync('node_modules/@kitware/vtk.js/package.json', 'utf8')).version);
const found = {};
for (const name of ['labels8', 'labels16', 'large16', 'frames8']) {
  for (const flipped of [true, false]) {
    const reader = vtkTIFFReader.newInstance();
    reader.setFlipY(flipped);
    reader.parseAsArrayBuffer(new Uint8Array(readFileSync(`${name}.tif`)).buffer);
    const image = reader.getOutputData();
    const values = [...image.getPointData().getScalars().getData()];
    const present = (channel) => [...new Set(values.filter((_, i) => i % 4 === channel))].sort((a, b) => a - b).join(' ');
    found[`${name} ${flipped}`] = `${image.getDimensions().join(' x ')}: ${present(0)}; alpha ${present(3)}`;
    console.log(`${name}, flipY ${flipped}: ${found[`${name} ${flipped}`]}`);
  }
}
assert.deepStrictEqual(found, {
  'labels8 true': '8 x 6 x 1: 0 1 2 7; alpha 255',
  'labels8 false': '8 x 6 x 1: 0; alpha 0',
  'labels16 true': '8 x 6 x 1: 0; alpha 255',
  'labels16 false': '8 x 6 x 1: 0; alpha 0',
  'large16 true': '8 x 6 x 1: 0 1 2 8; alpha 255',
  'large16 false': '8 x 6 x 1: 0; alpha 0',
  'frames8 true': '8 x 6 x 1: 0 1 2 7; alpha 255',
  'frames8 false': '8 x 6 x 1: 0; alpha 0',
});
console.log('as stated');
JS
node read.mjs
