// Masks decoded once: from COCO's text to pixels and to outlines that a canvas draws.

import { outlines } from "./core/outline.mjs";
import { areaOf, decode, decodeWindow } from "./core/rle.mjs";

const MOST = 160;
const kept = new Map();

// {mask, path, top}: `path` in image pixels, `top` the middle of its uppermost row or null. `mask` is made when it is read.
export function shapeOf(counts, size) {
  const key = `${size.width} ${size.height} ${counts}`;
  const found = kept.get(key) ?? made(counts, size);
  kept.delete(key);
  kept.set(key, found);
  if (kept.size > MOST) kept.delete(kept.keys().next().value);
  return found;
}

const areas = new Map();

// A mask's pixels, counted once: a cine has thousands of masks.
export function areaIn(counts) {
  let area = areas.get(counts);
  if (area === undefined) {
    if (areas.size > 20_000) areas.clear();
    areas.set(counts, (area = areaOf(counts)));
  }
  return area;
}

export function pathOf(mask, size, left = 0, top = 0) {
  const path = new Path2D();
  for (const loop of outlines(mask, size)) {
    loop.forEach(([x, y], index) => (index ? path.lineTo(x + left, y + top) : path.moveTo(x + left, y + top)));
    path.closePath();
  }
  return path;
}

function made(counts, size) {
  const { left, top, width, height, pixels } = decodeWindow(counts, size);
  const first = pixels.indexOf(1),
    last = first < 0 ? -1 : pixels.lastIndexOf(1, width - 1);
  return {
    get mask() {
      return decode(counts, size);
    },
    path: pathOf(pixels, { width, height }, left, top),
    top: first < 0 ? null : [left + (first + last) / 2, top],
  };
}
