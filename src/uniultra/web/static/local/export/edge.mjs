// The edge of a mask as one closed line along the outer edges of its pixels: what uniultra/measure/edge.py gives, but for the corners that
// thinning leaves out.

import { outlines } from "../../core/outline.mjs";
import { simplified } from "../../core/polygon.mjs";

const THINNING = [0.75, 0.5, 0.35],
  MOST_CHANGE = 0.003; // of the area

// Corners [[x, y], ...] of the largest part, its holes filled, first = last; 0 is the outer CORNER of the first pixel.
export function edgeLine(mask, size, mostPoints) {
  const loops = outlines(mask, size).map(corners);
  const exact = loops.reduce((most, loop) => (areaWithin(loop) > areaWithin(most) ? loop : most)),
    area = areaWithin(exact);
  for (const distance of THINNING) {
    const line = simplified(exact, distance);
    const alike = Math.abs(Math.abs(areaWithin(line)) - area) <= MOST_CHANGE * area;
    if (line.length > 3 && line.length < mostPoints && alike) return [...line, line[0]];
  }
  let [line, distance] = [exact, 1];
  for (; line.length >= mostPoints; distance *= 2) line = simplified(exact, distance);
  return [...line, line[0]];
}

// Of a line through the middles of pixel edges, those ends of the edges at which it turns.
function corners(loop) {
  return loop.flatMap(([x, y], i) => {
    const [nextX, nextY] = loop[(i + 1) % loop.length];
    if (x === nextX || y === nextY) return [];
    const across = Number.isInteger(x); // an edge above or below a pixel
    return [[(across ? nextX : x) + 0.5, (across ? y : nextY) + 0.5]];
  });
}

// Above 0 of an outer edge.
function areaWithin(loop) {
  return loop.reduce((sum, [x, y], i) => {
    const [px, py] = loop[(i + loop.length - 1) % loop.length];
    return sum + (px * y - x * py) / 2;
  }, 0);
}
