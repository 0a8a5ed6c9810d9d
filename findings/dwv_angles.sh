#!/usr/bin/env bash
# dwv 0.36.4 (DICOM web viewer): where pixels aren't square, angles are those of the pixel grid: 45 degrees read 21.8, beside lengths in the right millimetres.
#
# Expected: an angle, like a length, follows the file's PixelSpacing; a circle's radius and area belong together.
# What happens: Protractor's angle is computed from columns and rows: with pixels of 0.5 x 0.2 mm (rows, columns) 45 degrees are 21.8 and 60 are 34.7. A circle's radius is in
# columns' millimetres alone, its area is that of the ellipse which is drawn: "4 mm" has 1.26 cm2, where 0.50 belongs to it. Ellipses and rectangles are right.
# Why it matters: hips are classified by two angles (60 and 55 degrees decide), muscles by the fascicles' angle, valves by the jet's. Lengths beside it look right.
# Seen on 30 November 2026 with dwv 0.36.4, jsdom 26.1.0, Node 20.20.2.
# Needs node and npm. The shapes are asked in Node what they'd show; no page is opened.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts dwv@0.36.4 jsdom@26.1.0 >/dev/null 2>&1
cat >run.mjs <<'JS'
import assert from 'node:assert';
import { JSDOM } from 'jsdom';

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true, url: 'http://localhost/' });
for (const name of Object.getOwnPropertyNames(window)) {
  if (!(name in globalThis)) globalThis[name] = window[name];
}
globalThis.self = window;
const dwv = await import('dwv');
const point = (x, y) => new dwv.Point2D(x, y);
const rounded = (value) => Math.round(value * 100) / 100;
// what a shape asks of the view: its spacing and unit, and the values within
const view = (x, y) => ({
  get2DSpacing: () => ({ x, y }),
  getLengthUnit: () => 'unit.mm',
  canQuantifyImage: () => false,
});
console.log('dwv', dwv.getDwvVersion(), '- angles in degrees');
const seen = {};
for (const [name, x, y] of [['square', 0.2, 0.2], ['0.5 x 0.2 mm', 0.2, 0.5]]) {
  seen[name] = [30, 45, 60, 90].map((degrees) => {
    // two arms of 20 mm, the first one across
    const [across, down] = [20 * Math.cos((degrees * Math.PI) / 180), 20 * Math.sin((degrees * Math.PI) / 180)];
    const angle = new dwv.Protractor([point(20 / x, 0), point(0, 0), point(across / x, down / y)]);
    return rounded(angle.quantify(view(x, y), []).angle.value);
  });
  console.log(`${name}: 30, 45, 60 and 90 read ${seen[name].join(', ')}`);
}
assert.deepStrictEqual(seen.square, [30, 45, 60, 90]);
assert.deepStrictEqual(seen['0.5 x 0.2 mm'], [13, 21.8, 34.72, 90]);
const circle = new dwv.Circle(point(50, 50), 20).quantify(view(0.2, 0.5), null, []);
const ellipse = new dwv.Ellipse(point(50, 50), 20, 10).quantify(view(0.2, 0.5), null, []);
const [radius, area] = [circle.radius.value, rounded(circle.surface.value)];
console.log(`a circle: radius ${radius} mm, area ${area} cm2, to which ${rounded((Math.PI * radius ** 2) / 100)} belongs`);
console.log(`an ellipse: ${ellipse.a.value} and ${ellipse.b.value} mm, area ${rounded(ellipse.surface.value)} cm2`);
assert.deepStrictEqual([radius, area], [4, 1.26]);
assert.ok(Math.abs(ellipse.surface.value - (Math.PI * ellipse.a.value * ellipse.b.value) / 100) < 1e-9);
console.log('as stated');
process.exit(0);
JS
node run.mjs
