// Masks decoded once: from COCO's text to pixels and to outlines that a canvas draws.

import { outlines } from "./core/outline.mjs";
import { decode } from "./core/rle.mjs";

const MOST = 160;
const kept = new Map();

// {mask, path, area, top}: `path` in image pixels, `top` the middle of its uppermost row or null.
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
  const first = mask.indexOf(1), row = Math.floor(first / size.width);
  const last = first < 0 ? -1 : mask.lastIndexOf(1, (row + 1) * size.width - 1);
  const area = mask.reduce((sum, inside) => sum + inside, 0);
  const top = area ? [((first % size.width) + (last % size.width)) / 2, row] : null;
  return { mask, path: pathOf(mask, size), area, top };
}
