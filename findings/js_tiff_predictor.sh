#!/usr/bin/env bash
# tiff 7.1.3 (image-js 1.7.0) and geotiff 3.0.5 (Viv, Vitessce): label images in compressed TIFF with a predictor come out with other labels, in tiles or in big endian.
#
# Expected: the labels, as tifffile and OpenCV read them from the same file, or an error.
# What happens: the predictor stores differences along a row of a tile. tiff, and image-js with it, adds them up along the row of the whole image: each tile begins with what the
# one before ended with. Of 300 and 960 pixels with labels 1 and 300 there are 60 and 160, in tiles of 16 pixels; the others are 2, 3, 600, 900, 1,200, and the background behind
# an object isn't 0. In strips it is right. geotiff adds before it swaps the bytes: in big endian the background behind an object, to the frame's edge, is 65,280. Nothing is said.
# Why it matters: tiles are how large frames and stacks are stored, the predictor is what makes label images small; a viewer or a script counts other objects with other areas.
# Seen on 29 November 2026 with tiff 7.1.3, image-js 1.7.0, geotiff 3.0.5, Node 20.20.2; files by tifffile 2026.3.3, read back by it and by OpenCV 5.0.0.
# Needs node and npm.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.4.6 opencv-python-headless==5.0.0.93
cat >make.py <<'PYTHON'
import cv2
import numpy as np
import tifffile

labels = np.zeros((64, 96), np.uint16)
labels[10:20, 10:40] = 1
labels[30:50, 8:56] = 300
kinds = {"strips": {}, "tiles": {"tile": (16, 16)}, "big endian": {"byteorder": ">"}}
for name, layout in kinds.items():
    tifffile.imwrite(f"{name}.tif", labels, compression="lzw", predictor=True, **layout)
    assert (tifffile.imread(f"{name}.tif") == labels).all() and (cv2.imread(f"{name}.tif", cv2.IMREAD_UNCHANGED) == labels).all()
PYTHON
PYTHONPATH=$folder/packages python3 -s make.py
echo '{"type": "module"}' >package.json
npm install --silent --no-audit --no-fund image-js@1.7.0 tiff@7.1.3 geotiff@3.0.5 >/dev/null 2>&1
cat >run.js <<'JS'
import assert from 'node:assert';
import fs from 'node:fs';
import * as geotiff from 'geotiff';
import * as imagejs from 'image-js';
import * as tiff from 'tiff';

const readers = {
    tiff: (bytes) => tiff.decode(bytes)[0].data,
    'image-js': (bytes) => imagejs.decode(bytes).getRawImage().data,
    geotiff: async (bytes) => (await (await geotiff.fromArrayBuffer(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))).getImage()).readRasters().then((bands) => bands[0]),
};
const seen = {};
for (const [name, read] of Object.entries(readers)) {
    const { version } = JSON.parse(fs.readFileSync(`node_modules/${name}/package.json`));
    for (const file of ['strips', 'tiles', 'big endian']) {
        const pixels = await read(fs.readFileSync(`${file}.tif`));
        const counts = {};
        for (const value of pixels) counts[value] = (counts[value] ?? 0) + 1;
        seen[`${name}, ${file}`] = counts;
        console.log(`${name} ${version}, ${file}: pixels by label`, JSON.stringify(counts));
    }
}
const right = { 0: 64 * 96 - 300 - 960, 1: 300, 300: 960 };
for (const name of ['tiff, strips', 'image-js, strips', 'geotiff, strips', 'geotiff, tiles', 'tiff, big endian', 'image-js, big endian']) assert.deepEqual(seen[name], right);
console.log('right:', JSON.stringify(right));
for (const name of ['tiff, tiles', 'image-js, tiles']) assert(seen[name][1] === 60 && seen[name][300] === 160 && seen[name][900] === 1120);
assert.deepEqual(seen['geotiff, big endian'], { 0: 3524, 1: 300, 300: 960, 65280: 1360 });
console.log('as stated');
JS
node run.js
