// Registration to the frame that was confirmed: where that still explains what is seen, its mask is carried over directly
// (uniultra/tracking/anchor.py). An anchor is {grid, quality, view, region, patch, at, back: {dx, dy}, likeness}; `view` is that frame, shrunk.

import { atEdge, flowBetween } from "./flow.mjs";
import { sample, toModel } from "./geometry.mjs";
import { Grid, GRID, overCells, regionAfter, stepAt } from "./grid.mjs";
import { correlation, cropped } from "./resample.mjs";

const SIDE = 128, NEAR = 4, LEAST = 20;

export function anchored(image, grid, quality, view) {
  const back = { dx: new Float32Array(SIDE * SIDE), dy: new Float32Array(SIDE * SIDE) };
  return { grid, quality, view, region: grid.region, patch: crop(image, grid.region), at: grid.region, back, likeness: 1 };
}

// An anchor brought to the next frame; `flow` is null where nothing moved, `centre` where the structure is expected.
export function followed(anchor, image, flow, centre) {
  const [halfX, halfY] = [(anchor.region.x1 - anchor.region.x0) / 2, (anchor.region.y1 - anchor.region.y0) / 2];
  const [x, y] = [(centre.x0 + centre.x1) / 2, (centre.y0 + centre.y1) / 2];
  const at = { x0: x - halfX, y0: y - halfY, x1: x + halfX, y1: y + halfY };
  const back = steps(at, (px, py) => {
    const [dx, dy] = flow ? stepAt(flow, image, px, py) : [0, 0], [bx, by] = backAt(anchor.back, anchor.at, px + dx, py + dy);
    return [bx + dx, by + dy];
  });
  const seen = crop(image, at), expected = shown(anchor, at, back), rest = flowBetween(seen, expected);
  const [cell, line] = [(2 * halfX) / SIDE, (2 * halfY) / SIDE];
  let i = 0;
  const better = steps(at, (px, py) => {
    const [dx, dy] = [rest.dx[i] * cell, rest.dy[i++] * line], [bx, by] = backAt(back, at, px + dx, py + dy);
    return [bx + dx, by + dy];
  });
  const near = around(anchor, at, better);
  const alike = [[back, expected], [better, shown(anchor, at, better)]].map(([way, picture]) => ({ way, likeness: like(picture.pixels, seen.pixels, near) }));
  const best = alike[1].likeness > alike[0].likeness ? alike[1] : alike[0];
  return { ...anchor, at, back: best.way, likeness: best.likeness };
}

// An anchor on a frame by motion from the confirmed frame straight to this one (`flow`, between their views): nothing adds up.
export function atOnce(anchor, image, flow) {
  const at = regionAfter(anchor.grid, flow, image) ?? anchor.region, back = steps(at, (x, y) => stepAt(flow, image, x, y));
  const likeness = like(shown(anchor, at, back).pixels, crop(image, at).pixels, around(anchor, at, back));
  return { ...anchor, at, back, likeness };
}

// The confirmed mask as it lies on the last frame, over a region of that.
export function maskAt(anchor, region) {
  return new Grid(region, overCells(region, GRID, (x, y) => {
    const [bx, by] = backAt(anchor.back, anchor.at, x, y);
    return anchor.grid.at(x + bx, y + by);
  }));
}

// What a region shows; only the pixels near it are touched.
function crop(image, region) {
  const clamp = (value, most) => Math.trunc(Math.min(Math.max(value, 0), most));
  const [x0, x1] = [clamp(region.x0 - 8, image.width), clamp(region.x1 + 9, image.width)], [y0, y1] = [clamp(region.y0 - 8, image.height), clamp(region.y1 + 9, image.height)];
  if (x1 <= x0 || y1 <= y0) return { width: SIDE, height: SIDE, pixels: new Uint8Array(SIDE * SIDE) };
  const within = { x0: region.x0 - x0, y0: region.y0 - y0, x1: region.x1 - x0, y1: region.y1 - y0 };
  return { width: SIDE, height: SIDE, pixels: sample(cropped(image, x0, y0, x1, y1), within, SIDE) };
}

function steps(region, see) {
  const dy = new Float32Array(SIDE * SIDE);
  let i = 0;
  const dx = overCells(region, SIDE, (x, y) => {
    const [sx, sy] = see(x, y);
    dy[i++] = sy;
    return sx;
  });
  return { dx, dy };
}

function backAt(back, region, x, y) {
  const [cx, cy] = toModel([x, y], region, SIDE);
  return [atEdge(back.dx, SIDE, SIDE, cx, cy), atEdge(back.dy, SIDE, SIDE, cx, cy)];
}

// The confirmed frame's crop as it should look now.
function shown(anchor, at, { dx, dy }) {
  let i = 0;
  const pixels = overCells(at, SIDE, (x, y) => {
    const [cx, cy] = toModel([x + dx[i], y + dy[i++]], anchor.region, SIDE);
    return Math.round(atEdge(anchor.patch.pixels, SIDE, SIDE, cx, cy));
  });
  return { width: SIDE, height: SIDE, pixels };
}

// The mask and what is near it: 0 or 1 a pixel of the crop.
function around(anchor, at, { dx, dy }) {
  let i = 0;
  const inside = overCells(at, SIDE, (x, y) => (anchor.grid.at(x + dx[i], y + dy[i++]) > 0 ? 1 : 0));
  const wide = spread(inside, 1);
  return spread(wide, SIDE);
}

// Each pixel the largest of those up to NEAR before and after it, `stride` apart.
function spread(inside, stride) {
  return inside.map((_, i) => {
    const place = stride === 1 ? i % SIDE : Math.floor(i / SIDE);
    for (let k = Math.max(-NEAR, -place); k <= Math.min(NEAR, SIDE - 1 - place); k++) if (inside[i + k * stride]) return 1;
    return 0;
  });
}

const like = (a, b, where) => (where.reduce((sum, one) => sum + one, 0) < LEAST ? 0 : correlation(a, b, where));
