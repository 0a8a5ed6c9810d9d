// Masks decoded once: from COCO's text to pixels and to outlines that a canvas draws.

import { outlines } from "./core/outline.mjs";
import { areaOf, decode } from "./core/rle.mjs";

const MOST = 160;
const kept = new Map();

// {mask, path, top}: `path` in image pixels, `top` the middle of its uppermost row or null.
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

export function pathOf(mask, size) {
  const path = new Path2D();
  for (const loop of outlines(mask, size)) {
    loop.forEach(([x, y], index) => (index ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
  }
  return path;
}

function made(counts, size) {
  const mask = decode(counts, size);
  const first = mask.indexOf(1);
  if (first < 0) return { mask, path: new Path2D(), top: null };
  const row = Math.floor(first / size.width),
    last = mask.lastIndexOf(1, (row + 1) * size.width - 1);
  return { mask, path: pathOf(mask, size), top: [((first % size.width) + (last % size.width)) / 2, row] };
}
