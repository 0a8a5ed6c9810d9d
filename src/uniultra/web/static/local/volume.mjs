// Volumes in this tab, as uniultra/measure/volume.py has them: the left ventricle by Simpson's discs (Lang et al., JASE 28, 2015), an ellipsoid
// from two planes, the ejection fraction.

import { decode } from "../core/rle.mjs";
import { edgeUncertainty, largestPart, measureMask } from "../core/measure.mjs";

// Whoever shows them knows their codes: `cube`, `square-pixels`, `equal-pixels`.
export const CUBE = "a factor by which millimetres are wrong makes a volume wrong by its cube";
export const SQUARE = "no millimetres are known: pixels are assumed to be square, and equally large at end-diastole and end-systole";
export const EQUAL = "no millimetres are known: pixels are assumed to be equally large at end-diastole and end-systole";
const DISCS = 20,
  DISAGREE = 0.1,
  ML = 1e-3, // millilitres a cubic millimetre
  SHORTEST_SYSTOLE_S = 0.1,
  TURNED_DEGREES = 30;

// views: {counts, size, scale} of end-diastole and end-systole; `frames` and `times`, theirs. The keys of the server's answer.
export function ejection(views, frames, times) {
  const alone = views.every(({ scale }) => !scale.mm && isUnset(scale)), // of a ratio only the shape of pixels is needed
    reason = alone ? needs(views[0].scale) : "";
  const sized = alone ? views.map((view) => ({ ...view, scale: { mm: [1, view.scale.aspect ?? 1], notes: [] } })) : views;
  const [diastole, systole] = sized.map((view) => simpson([view]));
  const [end, start] = [diastole.volume, systole.volume],
    [by, unit] = alone ? [1 / ML, "px3"] : [1, "ml"];
  if (start.value > end.value) {
    const volumes = `the systolic volume, ${(start.value * by).toFixed(1)} ${unit}, is above the diastolic one, ${(end.value * by).toFixed(1)} ${unit}`;
    throw new Error(`${volumes}; swap the masks, or correct them`);
  }
  const areas = sized.map(({ counts, size, scale }) => measureMask(decode(counts, size), size, scale.mm).area);
  const assumed = sized[0].scale.mm?.[1] === 1 ? SQUARE : EQUAL;
  const notes = alone ? [...views.flatMap(({ scale }) => scale.notes), assumed] : [];
  return {
    diastole: alone ? null : end,
    systole: alone ? null : start,
    fraction: shareLost(end, start),
    area_change: shareLost(...areas),
    method: diastole.method,
    reason,
    notes: [...new Set([...notes, ...diastole.notes, ...systole.notes, ...apart(frames, times), ...turned(diastole, systole)])],
  };
}

function shareLost(before, after) {
  const ratio = after.value / before.value,
    relative = Math.hypot(after.uncertainty / after.value, before.uncertainty / before.value);
  return { value: 100 * (1 - ratio), unit: "%", uncertainty: 100 * ratio * relative };
}

// By both methods, from two planes that cross along the long axis: each with its notes, or {problem}.
export function twoPlanes(views) {
  const or = (volume) => {
    try {
      const { volume: value, method, notes } = volume(views);
      return { volume: value, method, notes };
    } catch (error) {
      return { problem: error.message };
    }
  };
  return { ellipsoid: or(ellipsoid), simpson: or(simpson) };
}

function apart([diastole, systole], times) {
  const seconds = times && Math.abs(times[0] - times[1]);
  const close = times ? seconds < SHORTEST_SYSTOLE_S : Math.abs(diastole - systole) === 1;
  const how = times ? `are ${seconds.toFixed(3)} s apart` : "are next to each other";
  return close ? [`frames ${diastole} and ${systole} ${how}: one of the two masks is probably wrong`] : [];
}

// Discs are stacked along one mask's axis and across the other's.
function turned({ axis: [ax, ay] }, { axis: [bx, by] }) {
  const degrees = (Math.acos(Math.min(Math.abs(ax * bx + ay * by), 1)) * 180) / Math.PI;
  const where = `the masks' long axes are ${degrees.toFixed(0)} degrees apart`;
  return degrees > TURNED_DEGREES ? [`${where}: one of the two masks is wrong, or too round to have one`] : [];
}

// What speaks against the millimetres that a volume is made of.
function scaleNotes(views) {
  const found = new Set(views.flatMap(({ scale }) => scale.notes));
  return found.size ? [...found, CUBE] : [];
}

// In one view discs are circles, in two ellipses, of the longer of the two lengths.
function simpson(views) {
  const planes = views.map(discs),
    value = stacked(planes, 0);
  const uncertainty = stacked(planes, Math.max(...planes.map(({ edge }) => edge))) - value;
  const lengths = planes.map(({ length }) => length),
    [short, long] = [Math.min(...lengths), Math.max(...lengths)];
  const notes = [];
  if ((long - short) / long > DISAGREE) {
    const share = `${lengths.map((length) => length.toFixed(1)).join(" and ")} mm long, ${(100 * (1 - short / long)).toFixed(0)} % apart`;
    notes.push(`the two views are ${share}: one is foreshortened`);
  }
  notes.push(...scaleNotes(views));
  const name = planes.length === 2 ? "biplane" : "single-plane";
  return { volume: { value, unit: "ml", uncertainty }, method: `${name} Simpson, ${DISCS} discs`, notes, axis: planes[0].axis };
}

// Whether a size of a pixel is all that is missing.
const isUnset = (scale) => ["uncalibrated", "no-lengths"].includes(scale.said?.[scale.reason]?.code);

function needs(scale) {
  const unset = isUnset(scale);
  const helps = unset ? "set the scale with a caliper, or open an image with calibration" : "keep the mask within one region of the image";
  return `a volume needs millimetres, but ${scale.reason}; ${helps}`;
}

function discs({ counts, size, scale }) {
  if (!scale.mm) throw new Error(needs(scale));
  const part = largestPart(decode(counts, size), size, scale.mm);
  if (!part) throw new Error("a ventricle's mask is empty; at least 1 pixel must be set; segment it first");
  const { points, moments } = part,
    [down, right] = scale.mm;
  const turn = moments.angle < 0 ? moments.angle + Math.PI : moments.angle, // from the top of the picture downwards
    [ux, uy] = [Math.cos(turn), Math.sin(turn)];
  const [cx, cy] = [moments.centre[0] * right, moments.centre[1] * down];
  const placed = points.map(([x, y]) => [(x - cx) * ux + (y - cy) * uy, (y - cy) * ux - (x - cx) * uy]);
  const along = placed.map(([place]) => place),
    top = along.reduce((a, b) => Math.min(a, b)),
    length = along.reduce((a, b) => Math.max(a, b)) - top;
  const widths = Array.from({ length: DISCS }, (_, i) => widthAt(placed, top + ((i + 0.5) / DISCS) * length));
  return { length, widths, edge: edgeUncertainty(scale.mm), axis: [ux, uy] };
}

// From the outermost edge to the outermost edge across a place along the axis.
function widthAt(placed, place) {
  let [low, high] = [Infinity, -Infinity];
  placed.forEach(([s1, t1], i) => {
    const [s0, t0] = placed[(i + placed.length - 1) % placed.length];
    if (s0 <= place === s1 <= place) return;
    const met = t0 + ((place - s0) / (s1 - s0)) * (t1 - t0);
    [low, high] = [Math.min(low, met), Math.max(high, met)];
  });
  return high > low ? high - low : 0;
}

// The discs in ml, every edge moved outwards by `edge` mm.
function stacked(planes, edge) {
  const [first, last] = [planes[0], planes.at(-1)].map(({ widths }) => widths.map((width) => width + 2 * edge));
  const length = Math.max(...planes.map((plane) => plane.length)) + 2 * edge;
  const sum = first.reduce((all, width, i) => all + width * last[i], 0);
  return ((Math.PI / 4) * sum * length * ML) / DISCS;
}

// pi/6 times three diameters; the planes cross along the axis on which their diameters agree best.
function ellipsoid(views) {
  const pairs = views.map(({ counts, size, scale }) => {
    const { long_diameter: long, short_diameter: short } = measureMask(decode(counts, size), size, scale.mm);
    if (!long) throw new Error("a plane's mask is empty; at least 1 pixel must be set; segment it first");
    return [[long, short], [short, long]];
  });
  if (views.some(({ scale }) => !scale.mm))
    throw new Error("a volume needs millimetres in both planes; set the scale with a caliper, or open images with calibration");
  const differ = (a, b) => Math.abs(a.value - b.value) / Math.max(a.value, b.value);
  const fours = pairs[0].flatMap(([a, p]) => pairs[1].map(([b, q]) => [a, b, p, q]));
  const [shared, second, one, other] = fours.reduce((best, four) => (differ(four[0], four[1]) < differ(best[0], best[1]) ? four : best));
  const value = (Math.PI / 6) * ((shared.value + second.value) / 2) * one.value * other.value * ML;
  const relative = [shared, one, other].reduce((sum, { value: length, uncertainty }) => sum + uncertainty / length, 0);
  const notes = [],
    share = differ(shared, second);
  if (share > DISAGREE) {
    const both = `${shared.value.toFixed(1)} and ${second.value.toFixed(1)} mm: ${(100 * share).toFixed(0)} % apart`;
    notes.push(`the planes' common diameters are ${both}`);
  }
  notes.push(...scaleNotes(views));
  return { volume: { value, unit: "ml", uncertainty: value * relative }, method: "ellipsoid from two planes", notes };
}
