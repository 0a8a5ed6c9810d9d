// Measures as CSV, in the columns of uniultra/measure/measured.py: a measure a line of a still, a structure a line of a cine.

import { utf8 } from "./bytes.mjs";

const SIGNS = "=+\\-@＝＋－＠";
const NUMBER = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/;
const FORMULA = new RegExp(`^'*(?:[\\t\\r]|[^\\S]*[${SIGNS}]|[\\s\\p{C}]+[${SIGNS}])`, "u");
const SEPARATED = new RegExp(`(?<=[;\\t\\n\\r])(?=[^\\S]*[${SIGNS}])`, "gu");
export const MEASURES = [
  "area",
  "perimeter",
  "long_diameter",
  "short_diameter",
  "ellipse_long_axis",
  "ellipse_short_axis",
  "ellipse_circumference",
  "equivalent_diameter",
];
const STILL = ["image", "frame", "id", "name", "measure", "value", "unit", "uncertainty", "x0", "y0", "x1", "y1", "scale", "note"];
const CINE = ["image", "frame", "time_s", "id", "name", "quality", "area_px", "unit"].concat(
  MEASURES.flatMap((name) => [name, `${name}_uncertainty`]),
  ["centroid_x", "centroid_y", "scale", "note"],
);

// found: [{image, frame, id, name, scale, measures}] of each structure; of a caliper `measures` is its length.
export function stillTable(found) {
  const lines = found.flatMap((one) => {
    const head = [one.image, one.frame, one.id, one.name],
      end = scaleCells(one);
    const known = [...MEASURES, "length"].filter((name) => one.measures[name]);
    if (!known.length) return [[...head, "none", ...Array(7).fill(""), ...end]];
    return known.map((name) => {
      const { value, unit, uncertainty, ends_xy } = one.measures[name];
      const ends = ends_xy ? ends_xy.flat().map((place) => rounded(place, 2)) : Array(4).fill("");
      return [...head, name, rounded(value, 4), unit, rounded(uncertainty, 4), ...ends, ...end];
    });
  });
  return csv([STILL, ...lines]);
}

// The same with the time, the quality and the pixels of each, and what it has of `more`; the status where one has it.
export function cineTable(found, more = found.some(({ status }) => status !== undefined) ? ["status"] : []) {
  const both = ({ value, uncertainty }) => [rounded(value, 4), rounded(uncertainty, 4)];
  const lines = found.map((one) => {
    const { measures } = one;
    const about = [one.image, one.frame, one.time_s === null ? "" : rounded(one.time_s, 6), one.id, one.name];
    const values = MEASURES.flatMap((name) => (measures[name] ? both(measures[name]) : ["", ""]));
    const centre = measures.centroid_xy?.map((place) => rounded(place, 2)) ?? ["", ""];
    const quality = one.quality === null ? "" : rounded(one.quality, 4);
    return [...about, quality, one.area_px, measures.perimeter?.unit ?? "", ...values, ...centre, ...scaleCells(one), ...more.map((key) => one[key])];
  });
  return csv([[...CINE, ...more], ...lines]);
}

// What says how large a pixel is, and why nothing does, what speaks against it, and notes on the mask.
const scaleCells = ({ scale: { source, reason, notes }, notes: own = [] }) => [source || "none", [reason, ...notes, ...own].filter(Boolean).join("; ")];

const rounded = (value, digits) => (typeof value === "number" ? Number(value.toFixed(digits)) : ""); // an uncertainty may be unknown

export function csv(rows) {
  const cell = (value) => {
    const text = inert(`${value}`);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return utf8(rows.map((row) => row.map(cell).join(",") + "\n").join(""));
}

// Text that a spreadsheet would run as a formula gets an apostrophe before it, also behind a separator within.
function inert(text) {
  if (NUMBER.test(text)) return text;
  const guarded = text.replace(SEPARATED, "'");
  return FORMULA.test(text) ? `'${guarded}` : guarded;
}
