#!/usr/bin/env bash
# @cornerstonejs/tools 5.14.0 (OHIF): outlines made of a segment, for its RTSTRUCT and its axes, lie half a pixel within it: a wall of three pixels has two, a line and a pixel have no area.
#
# Expected: the outline of a mask encloses its pixels, or runs between them and their neighbours: 20 x 10 pixels are 200, a wall of 3 x 40 is 120.
# What happens: the level of the marching squares is 1 on a mask of 0 and 1, so that outlines run through the centres of the outermost pixels: 171 for 200, 78 for 120, 0 for a
# line of 40, and nothing for one pixel. A hole's outline runs through the pixels around it and so is larger: of a ring of 548 pixels 448 are left. The first and the last column of
# a frame are set to 0 before that, so that a structure at its side has one column less (72 for 100). Painted again by
# containsPoint, as its converter to labels does, 20 x 10 is 19 x 9, without the first column and the last row. Nothing is said.
# Why it matters: walls of hearts and vessels and the intima are some pixels thick, and a plan or a score that is made of the outlines has a third less of them.
# Seen on 29 November 2026 with @cornerstonejs/tools and core 5.14.0, Node 20.20.2. The tools' own worker is run, with this file as its page.
# Needs node and npm.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"type": "module"}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cornerstonejs/tools@5.14.0 @cornerstonejs/core@5.14.0 >/dev/null 2>&1
cat >run.js <<'JS'
import assert from 'node:assert';
import fs from 'node:fs';

// What a worker has and Node's main thread lacks; the worker answers calls by messages.
let hear;
const waiting = new Map();
globalThis.self = globalThis;
globalThis.addEventListener = (kind, listener) => { hear = listener; };
globalThis.postMessage = (message) => waiting.get(message.id)?.(message);
const folder = 'node_modules/@cornerstonejs/tools';
await import(`./${folder}/dist/esm/workers/computeWorker.js`);
console.time = console.timeEnd = () => {};

const [width, height] = [80, 60];
let calls = 0;
async function outlines(within) {
    const scalarData = new Uint8Array(width * height);
    let pixels = 0;
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
            if (!within(x, y)) continue;
            scalarData[y * width + x] = 1;
            pixels++;
        }
    }
    const segmentation = { scalarData, dimensions: [width, height, 1], spacing: [1, 1, 1], origin: [0, 0, 0], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
    const id = String(++calls);
    const answered = new Promise((resolve) => waiting.set(id, resolve));
    const value = { segmentation, indices: [1], mode: 'individual' };
    hear({ origin: '', data: { id, type: 'APPLY', path: ['generateContourSetsFromLabelmapVolume'], argumentList: [{ type: 'RAW', value }] } });
    let area = 0;
    const kinds = [];
    for (const { contours, polyData } of (await answered).value[0].sliceContours) {
        for (const { contourPoints, type } of contours) {
            const line = contourPoints.map((index) => polyData.points[index]);
            area += line.reduce((sum, [x, y], i) => sum + x * line[(i + 1) % line.length][1] - line[(i + 1) % line.length][0] * y, 0) / 2;
            kinds.push(type);
        }
    }
    return [pixels, Math.round(Math.abs(area)), kinds];
}

const box = (x0, x1, y0, y1) => (x, y) => x >= x0 && x < x1 && y >= y0 && y < y1;
const radius2 = (x, y) => (x - 40) ** 2 + (y - 30) ** 2;
const cases = {
    '20 x 10': box(20, 40, 20, 30), 'wall of 40 x 3': box(20, 60, 20, 23), 'line of 40': box(20, 60, 20, 21), 'one pixel': box(20, 21, 20, 21),
    ring: (x, y) => radius2(x, y) < 400 && radius2(x, y) >= 225, 'at the left side, 10 x 10': box(0, 10, 20, 30),
};
console.log('@cornerstonejs/tools', JSON.parse(fs.readFileSync(`${folder}/package.json`)).version);
const seen = {};
for (const [name, within] of Object.entries(cases)) {
    const [pixels, area, kinds] = await outlines(within);
    seen[name] = [pixels, area];
    console.log(`${name}: ${pixels} pixels, area within the outlines ${area}`, kinds.join(', '));
}
assert.deepEqual(Object.values(seen).slice(0, 5), [[200, 171], [120, 78], [40, 0], [1, 0], [548, 448]]);
assert(seen['at the left side, 10 x 10'][1] <= 72);
const { default: containsPoint } = await import(`./${folder}/dist/esm/utilities/math/polyline/containsPoint.js`);
const painted = [];
for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (containsPoint([[20, 20], [39, 20], [39, 29], [20, 29]], [x, y])) painted.push([x, y]);
console.log('20 x 10, painted again:', painted.length, 'pixels, from', painted[0], 'to', painted.at(-1));
assert.deepEqual([painted.length, painted[0], painted.at(-1)], [171, [21, 20], [39, 28]]);
console.log('as stated');
JS
node run.js
