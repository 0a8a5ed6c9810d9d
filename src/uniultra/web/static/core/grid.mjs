// A soft mask over a region of a frame, of fixed size: {region, logits}, GRID x GRID, cut to FAR either way (uniultra/tracking/state.py).

import { pasteLogits, toModel } from "./geometry.mjs";
import { atEdge } from "./flow.mjs";
import { depths, innermost } from "./resample.mjs";

export const GRID = 96, FAR = 8, SLOPE = 4;

export class Grid {
  constructor(region, logits) {
    Object.assign(this, { region, logits });
  }

  // The logit at a place of the frame; -FAR beyond the grid.
  at(x, y) {
    const [gx, gy] = toModel([x, y], this.region, GRID);
    return bordered(this.logits, GRID, GRID, gx, gy);
  }

  // {mask, logits} on the whole frame.
  pasted(image) {
    const logits = pasteLogits(this.logits, GRID, this.region, image);
    return { logits, mask: Uint8Array.from(logits, (value) => (value > 0 ? 1 : 0)) };
  }
}

// Bilinear, -FAR beyond the edges.
function bordered(pixels, width, height, x, y) {
  const left = Math.floor(x), top = Math.floor(y), fx = x - left, fy = y - top;
  const value = (px, py) => (px < 0 || py < 0 || px >= width || py >= height ? -FAR : pixels[py * width + px]);
  const upper = value(left, top) * (1 - fx) + value(left + 1, top) * fx;
  return upper * (1 - fy) + (value(left, top + 1) * (1 - fx) + value(left + 1, top + 1) * fx) * fy;
}

// Calls `see` with the place (x, y) on the frame of each cell of a grid of `side` over a region, row by row; what it gives, as an array.
export function overCells(region, side, see) {
  const out = new Float32Array(side * side), [cell, line] = [(region.x1 - region.x0) / side, (region.y1 - region.y0) / side];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) out[row * side + column] = see((column + 0.5) * cell + region.x0, (row + 0.5) * line + region.y0);
  }
  return out;
}

// A grid over a region of a frame's logits.
export function gridOf(logits, { width, height }, region) {
  const cut = (value) => Math.min(Math.max(value, -FAR), FAR), near = logits.map(cut);
  return new Grid(region, overCells(region, GRID, (x, y) => bordered(near, width, height, x, y)));
}

// Logits on the frame of a mask in which there is no doubt, from the distance to its outline: SLOPE a cell of a grid over a region that holds it.
export function logitsOf(mask, { width, height }, region) {
  const steep = (SLOPE * GRID) / Math.max(region.x1 - region.x0, region.y1 - region.y0), logits = new Float32Array(width * height).fill(-FAR);
  const [left, top] = [Math.max(Math.floor(region.x0), 0), Math.max(Math.floor(region.y0), 0)];
  const across = Math.min(Math.ceil(region.x1) + 1, width) - left, down = Math.min(Math.ceil(region.y1) + 1, height) - top;
  const inside = new Uint8Array(across * down), row = (y) => (top + y) * width + left;
  for (let y = 0; y < down; y++) inside.set(mask.subarray(row(y), row(y) + across), y * across);
  const [within, beyond] = [inside, inside.map((value) => 1 - value)].map((part) => depths(part, across, down, Infinity));
  for (let i = 0; i < inside.length; i++) {
    const away = inside[i] ? within[i] - 0.5 : 0.5 - beyond[i];
    logits[row(Math.floor(i / across)) + (i % across)] = Math.min(Math.max(away * steep, -FAR), FAR);
  }
  return logits;
}

// Pixels of the frame inside.
export function areaOf({ region, logits }) {
  let inside = 0;
  for (const value of logits) inside += value > 0;
  return (inside * (region.x1 - region.x0) * (region.y1 - region.y0)) / GRID ** 2;
}

// Dice of two masks on the cells of the first; 1 where both are empty there.
export function agreement(a, b) {
  const other = overCells(a.region, GRID, (x, y) => b.at(x, y));
  let [both, size] = [0, 0];
  for (let i = 0; i < GRID * GRID; i++) {
    const [one, two] = [a.logits[i] > 0, other[i] > 0];
    both += one && two;
    size += one + two;
  }
  return size ? (2 * both) / size : 1;
}

// The tight box by outer edges; null where nothing is inside.
export function boxOf({ region, logits }) {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < GRID * GRID; i++) {
    if (!(logits[i] > 0)) continue;
    const x = i % GRID, y = (i - x) / GRID;
    [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
  }
  if (x0 === Infinity) return null;
  const [cell, line] = [(region.x1 - region.x0) / GRID, (region.y1 - region.y0) / GRID];
  return { x0: x0 * cell + region.x0, y0: y0 * line + region.y0, x1: (x1 + 1) * cell + region.x0, y1: (y1 + 1) * line + region.y0 };
}

// The centre of the largest circle inside, on the frame.
export function innerPoint({ region, logits }) {
  const [x, y] = innermost(logits.map((value) => (value > 0 ? 1 : 0)), GRID, GRID);
  return [((x + 0.5) * (region.x1 - region.x0)) / GRID + region.x0, ((y + 0.5) * (region.y1 - region.y0)) / GRID + region.y0];
}

const shifted = ({ x0, y0, x1, y1 }, dx, dy) => ({ x0: x0 + dx, y0: y0 + dy, x1: x1 + dx, y1: y1 + dy });

export const moved = ({ region, logits }, dx, dy) => new Grid(shifted(region, dx, dy), logits);

// The step of a flow (of a smaller view) at a place of the frame, in the frame's pixels.
export function stepAt({ width, height, dx, dy }, size, x, y) {
  const [sx, sy] = [width / size.width, height / size.height], at = [(x + 0.5) * sx - 0.5, (y + 0.5) * sy - 0.5];
  return [atEdge(dx, width, height, ...at) / sx, atEdge(dy, width, height, ...at) / sy];
}

// A mask of the frame before, carried to this one by the flow; its region moves along.
export function carried(grid, flow, size) {
  const region = regionAfter(grid, flow, size);
  if (!region) return grid;
  return new Grid(region, overCells(region, GRID, (x, y) => {
    const [dx, dy] = stepAt(flow, size, x, y);
    return grid.at(x + dx, y + dy);
  }));
}

// A mask's region after the flow, moved by the median of the steps inside; null where nothing is inside.
export function regionAfter(grid, flow, size) {
  const steps = [[], []];
  let i = 0;
  overCells(grid.region, GRID, (x, y) => {
    if (grid.logits[i++] > 0) stepAt(flow, size, x, y).forEach((step, axis) => steps[axis].push(step));
    return 0;
  });
  return steps[0].length ? shifted(grid.region, -median(steps[0]), -median(steps[1])) : null;
}

function median(values) {
  const sorted = Float64Array.from(values).sort(), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
