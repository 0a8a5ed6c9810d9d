#!/usr/bin/env bash
# @cornerstonejs/tools 5.14.0 (OHIF's measuring tools): after calibration by hand a line across is five times as long as the same line down, where
# the file has a PixelSpacing of 0.2 mm; where it has regions the calibration does nothing.
#
# Expected: calibrateImageSpacing(imageId, engine, 2), which calibration tools end in, halves every length ("mm User"): 100 pixels of 0.2 mm,
# 20 mm before, are 10 mm, across and down alike.
# What happens: down 10 mm, across 50. Downwards the scale is divided by the pixel spacing, across it is taken alone, as if pixels
# were 1 mm. Areas are wrong by that factor (250 mm2 for 50). Without PixelSpacing both are 50 mm. Where the file has
# ultrasound regions all stays as it was (2 cm), and nothing says so.
# Why it matters: one calibrates where one doubts the file's millimetres, often along the depth scale, which goes down. There all is right
# afterwards, and a width beside it is five times too large.
# Seen on 29 November 2026 with @cornerstonejs/core and tools 5.14.0, Node 20.20.2. Here the tools' own functions are called in Node, with what a
# stack viewport hands them after the call; the numbers were the same in Chromium 156 with WebGL, with Length, Bidirectional, RectangleROI and
# EllipticalROI. With CPU rendering, cornerstone's way without WebGL, the calibration changed nothing there in any case.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cornerstonejs/core@5.14.0 @cornerstonejs/tools@5.14.0 >/dev/null 2>&1
cat >lengths.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';

globalThis.window = globalThis;
console.warn = () => {};
const ESM = './node_modules/@cornerstonejs/tools/dist/esm';
const { getCalibratedLengthUnitsAndScale } = await import(`${ESM}/utilities/getCalibratedUnits.js`);
const { default: LengthTool } = await import(`${ESM}/tools/annotation/LengthTool.js`);
const { version } = JSON.parse(readFileSync('node_modules/@cornerstonejs/tools/package.json', 'utf8'));

const region = {
  regionLocationMinX0: 0, regionLocationMinY0: 0, regionLocationMaxX1: 299, regionLocationMaxY1: 199, regionDataType: 1,
  physicalDeltaX: 0.02, physicalDeltaY: 0.02, physicalUnitsXDirection: 3, physicalUnitsYDirection: 3,
};
const USER = { type: 'User', scale: 2 };
const images = {
  'PixelSpacing 0.2': { calibration: {}, spacing: [0.2, 0.2, 1], hasPixelSpacing: true },
  'PixelSpacing 0.2, calibrated': { calibration: USER, spacing: [0.2, 0.2, 1], hasPixelSpacing: true },
  'no PixelSpacing, calibrated': { calibration: USER, spacing: [1, 1, 1], hasPixelSpacing: true },
  'regions, calibrated': { calibration: { sequenceOfUltrasoundRegions: [region], ...USER }, spacing: [1, 1, 1], hasPixelSpacing: true },
};
const rounded = (value) => Number(value.toFixed(6));
const found = {};
for (const [name, image] of Object.entries(images)) {
  const said = (ends) => {
    const scale = getCalibratedLengthUnitsAndScale(image, ends);
    return [rounded(LengthTool.calculateLengthInIndex(scale, ends)), scale.unit];
  };
  found[name] = { across: said([[50, 50, 0], [150, 50, 0]]), down: said([[50, 50, 0], [50, 150, 0]]) };
}
console.log('@cornerstonejs/tools', version, '; lines of 100 pixels:');
for (const [name, lines] of Object.entries(found)) console.log(`   ${name}:`, JSON.stringify(lines));
assert.deepStrictEqual(found, {
  'PixelSpacing 0.2': { across: [20, 'mm'], down: [20, 'mm'] },
  'PixelSpacing 0.2, calibrated': { across: [50, 'mm User'], down: [10, 'mm User'] },
  'no PixelSpacing, calibrated': { across: [50, 'mm User'], down: [50, 'mm User'] },
  'regions, calibrated': { across: [2, 'cm US Region'], down: [2, 'cm US Region'] },
});
console.log('as stated');
JS
node lengths.mjs
