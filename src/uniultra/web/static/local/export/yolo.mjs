// The lines of YOLO segmentation: a polygon each, of its class and of x and y as shares of the image's sides, counted from the corner of the
// first pixel. The outer edge of each part; the format knows no holes.

import { outlines } from "../../core/outline.mjs";
import { simplified } from "../../core/polygon.mjs";

const TOLERANCE = 0.25; // of pixels; an outline itself lies up to half a pixel from the edge

// masks: [{mask, label}]; `classes`: the labels, in the order of their numbers.
export function yolo(masks, size, classes) {
  const lines = masks.flatMap(({ mask, label }) =>
    polygons(mask, size).map((points) => {
      const shares = points.flatMap(([x, y]) => [(x + 0.5) / size.width, (y + 0.5) / size.height]);
      return [classes.indexOf(label), ...shares.map((share) => Math.min(Math.max(share, 0), 1).toFixed(6))].join(" ") + "\n";
    }),
  );
  return lines.join("");
}

// Outer edges [[x, y], ...], largest part first; 0 is the centre of the first pixel.
export function polygons(mask, size) {
  const loops = outlines(mask, size).map((loop) => ({ points: loop, area: areaOf(loop) }));
  const outer = loops.filter(({ area }) => area > 0).sort((a, b) => b.area - a.area);
  const found = outer.filter(({ points }, index) => !outer.slice(0, index).some((other) => isWithin(points[0], other.points)));
  return found.map(({ points }) => simplified(points, TOLERANCE)).filter((points) => points.length > 2);
}

// Above 0 for an outer edge; holes run the other way round.
function areaOf(loop) {
  return loop.reduce((sum, [x, y], i) => {
    const [px, py] = loop[(i + loop.length - 1) % loop.length];
    return sum + (px * y - x * py) / 2;
  }, 0);
}

function isWithin([x, y], loop) {
  let inside = false;
  loop.forEach(([bx, by], i) => {
    const [ax, ay] = loop[(i + loop.length - 1) % loop.length];
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  });
  return inside;
}
