// Sizes of a mask in the terms of uniultra/measure/shape.py: its outline's farthest points, the width across
// them, the ellipse with its moments. Lengths are Python's within 2 % or a pixel (a test holds that), not to
// the last digit.

import { outlines } from "./outline.mjs";
import { filled } from "./polygon.mjs";

// mask: Uint8Array of 0 and 1; mm: [down, right] or null. The keys of the server's answer; {} for an empty
// mask. Lengths are of the largest part, its holes filled; area and centre of all.
export function measureMask(mask, size, mm) {
  const [down, right] = mm ?? [1, 1],
    [one, two] = mm ? ["mm", "mm2"] : ["px", "px2"];
  const part = largestPart(mask, size, [down, right]);
  if (!part) return {};
  const { points, moments: { long, short } } = part;
  const { count, centre } = part.inside === mask ? part.moments : momentsOf(mask, size, down, right);
  const [a, b] = farthest(points);
  const [c, d] = across(points, a, b);
  const ends = (p, q) => [p, q].map(([x, y]) => [x / right, y / down]);
  const distance = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]);
  const area = count * down * right,
    perimeter = length(points),
    diameter = 2 * Math.sqrt(area / Math.PI);
  const edge = edgeUncertainty([down, right]),
    tips = tipUncertainty(long, short, edge, Math.max(down, right));
  const as = (value, unit, uncertainty, ends_xy) => ({ value, unit, uncertainty, ...(ends_xy ? { ends_xy } : {}) });
  return {
    area: as(area, two, perimeter * edge),
    perimeter: as(perimeter, one, Math.hypot(2 * Math.PI * edge, TRACING_ERROR * perimeter) + tips),
    long_diameter: as(distance(a, b), one, 2 * edge + tips, ends(a, b)),
    short_diameter: as(distance(c, d), one, 2 * edge, ends(c, d)),
    ellipse_long_axis: as(long, one, 2 * edge + tips),
    ellipse_short_axis: as(short, one, 2 * edge),
    ellipse_circumference: as(ramanujan(long / 2, short / 2), one, 2 * Math.PI * edge + tips),
    equivalent_diameter: as(diameter, one, (perimeter * edge * 2) / (Math.PI * diameter)),
    centroid_xy: centre,
  };
}

const TRACING_ERROR = 0.005;

// The standard uncertainty of where an edge lies, and how much of an ellipse's long diameter lies where it is narrower than a pixel: both as in
// uniultra/measure/shape.py.
export const edgeUncertainty = (spacing) => Math.hypot(...spacing) / Math.sqrt(24);

function tipUncertainty(long, short, edge, pixel) {
  const least = Math.max(short - 4 * edge, 0.5 * short);
  return (pixel ** 2 * long) / (2 * least ** 2);
}

// The largest connected part, its holes filled: {inside, points, moments}, its outline in the units of `spacing`, [down, right]; null where
// the mask is empty.
export function largestPart(mask, size, [down, right]) {
  const loops = outlines(mask, size);
  if (!loops.length) return null;
  const loop = loops.reduce((most, one) => (areaWithin(one) > areaWithin(most) ? one : most));
  const inside = loops.length > 1 ? filled([loop], size) : mask;
  const points = smoothed(loop).map(([x, y]) => [x * right, y * down]);
  return { inside, points, moments: momentsOf(inside, size, down, right) };
}

// Of an outer edge; below 0 of a hole's, which runs the other way round.
function areaWithin(loop) {
  return loop.reduce((sum, [x, y], i) => {
    const [px, py] = loop[(i + loop.length - 1) % loop.length];
    return sum + (px * y - x * py) / 2;
  }, 0);
}

// Without the stairs of the pixel grid, which make an outline too long.
function smoothed(loop) {
  let points = loop;
  for (let pass = 0; pass < 3 && loop.length > 12; pass++) {
    const at = (i) => points[(i + points.length) % points.length];
    points = points.map(([x, y], i) => [
      (at(i - 1)[0] + 2 * x + at(i + 1)[0]) / 4,
      (at(i - 1)[1] + 2 * y + at(i + 1)[1]) / 4,
    ]);
  }
  return points;
}

function momentsOf(mask, { width, height }, down, right) {
  let [count, sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!mask[y * width + x]) continue;
      count++;
      sx += x;
      sy += y;
      sxx += x * x;
      syy += y * y;
      sxy += x * y;
    }
  }
  const [mx, my] = [sx / count, sy / count];
  const xx = (sxx / count - mx * mx + 1 / 12) * right ** 2,
    yy = (syy / count - my * my + 1 / 12) * down ** 2;
  const xy = (sxy / count - mx * my) * right * down;
  const middle = (xx + yy) / 2,
    apart = Math.hypot((xx - yy) / 2, xy),
    angle = Math.atan2(2 * xy, xx - yy) / 2; // of the long axis, from the right
  return { count, centre: [mx, my], angle, long: 4 * Math.sqrt(middle + apart), short: 4 * Math.sqrt(Math.max(middle - apart, 0)) };
}

// Ramanujan's second approximation of an ellipse's circumference.
function ramanujan(a, b) {
  const h = ((a - b) / (a + b)) ** 2;
  return Math.PI * (a + b) * (1 + (3 * h) / (10 + Math.sqrt(4 - 3 * h)));
}

function length(loop) {
  return loop.reduce((sum, [x, y], i) => {
    const [px, py] = loop[(i + loop.length - 1) % loop.length];
    return sum + Math.hypot(x - px, y - py);
  }, 0);
}

function farthest(points) {
  const hull = convexHull(points);
  let best = [hull[0], hull[0]],
    most = -1;
  for (const p of hull) {
    for (const q of hull) {
      const far = (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2;
      if (far > most) [best, most] = [[p, q], far];
    }
  }
  return best;
}

// The longest line within the outline at right angles to the one from a to b.
function across(points, a, b) {
  const whole = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1,
    [ux, uy] = [(b[0] - a[0]) / whole, (b[1] - a[1]) / whole];
  const bins = new Map();
  const step = Math.max(whole / 400, 0.5);
  for (const [x, y] of points) {
    const along = Math.round(((x - a[0]) * ux + (y - a[1]) * uy) / step),
      side = (y - a[1]) * ux - (x - a[0]) * uy;
    const bin = bins.get(along) ?? { low: side, high: side, along };
    bins.set(along, { along, low: Math.min(bin.low, side), high: Math.max(bin.high, side) });
  }
  const widest = [...bins.values()].reduce((most, bin) =>
    bin.high - bin.low > most.high - most.low ? bin : most,
  );
  const place = (side) => [
    a[0] + widest.along * step * ux - side * uy,
    a[1] + widest.along * step * uy + side * ux,
  ];
  return [place(widest.low), place(widest.high)];
}

function convexHull(points) {
  const sorted = [...points].sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  const turn = (o, p, q) => (p[0] - o[0]) * (q[1] - o[1]) - (p[1] - o[1]) * (q[0] - o[0]);
  const half = (list) => {
    const kept = [];
    for (const point of list) {
      while (kept.length > 1 && turn(kept.at(-2), kept.at(-1), point) <= 0) kept.pop();
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  const hull = [...half(sorted), ...half(sorted.reverse())];
  return hull.length ? hull : [points[0]];
}
