// Masks decoded once: from COCO's text to pixels and to outlines that a canvas draws.

import { outlines } from "./core/outline.mjs";
import { decode } from "./core/rle.mjs";

const MOST = 160;
const kept = new Map();

// {mask, path, area, centre}: `path` in image pixels, `centre` the mean of its pixels or null.
export function shapeOf(counts, size) {
  const key = `${size.width} ${size.height} ${counts}`;
  const found = kept.get(key) ?? made(counts, size);
  kept.delete(key);
  kept.set(key, found);
  if (kept.size > MOST) kept.delete(kept.keys().next().value);
  return found;
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
  let [area, sumX, sumY] = [0, 0, 0];
  for (let y = 0, index = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++, index++) {
      if (mask[index]) { area++; sumX += x; sumY += y; }
    }
  }
  return { mask, path: pathOf(mask, size), area, centre: area ? [sumX / area, sumY / area] : null };
}
