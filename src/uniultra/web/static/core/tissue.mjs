// What the encoder makes of a structure and of what lies around it (uniultra/tracking/tissue.py, and why).

import { boxOf, overCells } from "./grid.mjs";

const AROUND = 0.25, ALIKE = 0.999;
export const PARTS = 4; // a cell of the features counts by how many of its parts, so many a side, are inside

// Whether each part of a view's cells is inside a mask, 0 or 1, row by row. `view` is what `Segmenter.features` gives.
export const partsInside = ({ levels: [{ side }], region }, grid) => Uint8Array.from(overCells(region, side * PARTS, (x, y) => (grid.at(x, y) > 0 ? 1 : 0)));

// Mean features inside a mask and around it, each of length 1; null where the view shows nothing of one of them.
export function tissueOf(view, grid, parts) {
  const box = boxOf(grid), { levels: [coarse], region } = view, { side } = coarse;
  if (!box) return null;
  const [inside, around] = [new Float32Array(side * side), new Float32Array(side * side)];
  const [farX, farY] = [AROUND * (box.x1 - box.x0) + 4, AROUND * (box.y1 - box.y0) + 4];
  let i = 0;
  overCells(region, side * PARTS, (x, y) => {
    const cell = Math.floor(i / (side * PARTS) / PARTS) * side + Math.floor((i % (side * PARTS)) / PARTS);
    if (parts[i++]) inside[cell]++;
    else if (x > box.x0 - farX && x < box.x1 + farX && y > box.y0 - farY && y < box.y1 + farY) around[cell]++;
    return 0;
  });
  const means = [inside, around].map((shares) => mean(coarse, shares));
  return means.includes(null) ? null : { inside: means[0], around: means[1] };
}

// How far what is inside is the tissue that was confirmed rather than what lay around it, 0 to 1.
export function resemblance(now, first) {
  if (!first || dot(first.inside, first.around) > ALIKE) return 0.5;
  if (!now) return 0;
  const same = dot(now.inside, first.inside), other = dot(now.inside, first.around);
  return Math.min(Math.max((same - other) / Math.max(1 - other, 1e-6), 0), 1);
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

function mean({ data, depth, side }, shares) {
  const cells = side * side, total = new Float32Array(depth);
  for (let cell = 0; cell < cells; cell++) {
    if (!shares[cell]) continue;
    let square = 0;
    for (let k = 0; k < depth; k++) square += data[k * cells + cell] ** 2;
    const share = shares[cell] / Math.max(Math.sqrt(square), 1e-6);
    for (let k = 0; k < depth; k++) total[k] += share * data[k * cells + cell];
  }
  const length = Math.sqrt(dot(total, total));
  return length > 1e-6 ? total.map((value) => value / length) : null;
}
