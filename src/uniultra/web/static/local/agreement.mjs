// How far a second reader agrees with the first: the pairs, measures and columns of uniultra/web/workspace/readers.py.

import { decode } from "../core/rle.mjs";
import { maskBox } from "../core/masks.mjs";
import { measureMask } from "../core/measure.mjs";
import { scaleAt, withUserSize } from "../core/scale.mjs";
import { csv } from "./export/tables.mjs";
import { download } from "./exporting.mjs";
import { Refused } from "./refused.mjs";
import { saying } from "./said.mjs";

const COLUMNS = ["file", "frame", "structure", "dice", "unit"].concat(
  ["area", "long_diameter"].flatMap((name) => ["first", "second", "difference"].map((which) => `${name}_${which}`)),
);
const WIDTH = 1.96; // standard deviations from the mean difference to a 95 % limit of agreement (Bland and Altman, 1986)

// both: [{id, name, image, mine, other}], the documents of both readers. The table is downloaded.
export function agreement(reader, both) {
  const pairs = [];
  let alone = 0;
  for (const { id, name, image, mine, other } of both) {
    const matched = matches(mine, other);
    alone += matched.alone;
    pairs.push(...matched.pairs.map((pair) => ({ id, name, ...pair, ...compared(image, mine.spacing_mm_yx, pair.counts) })));
  }
  if (!pairs.length) throw new Refused("output", saying("no-pairs", "no structure was segmented on the same frame by both readers yet"));
  const file = `agreement-${reader}.csv`,
    dice = pairs.map((pair) => pair.dice).sort((a, b) => a - b);
  download(file, csv([COLUMNS, ...pairs.map(row)]), "text/csv");
  return {
    reader,
    pairs: pairs.length,
    files: new Set(pairs.map(({ id }) => id)).size,
    alone,
    dice: [dice[0], median(dice), mean(dice)],
    area: spread(pairs.map(({ areas, unit }) => [areas, unit === "mm" ? "mm²" : "px²"])),
    long_diameter: spread(pairs.map(({ lengths, unit }) => [lengths, unit])),
    csv: file,
  };
}

// What both have: by the name, or the only structure on a frame of each; and how many have no partner.
export function matches(mine, other) {
  const pairs = [];
  let alone = 0;
  for (const { number } of mine.frames) {
    const [own, rest] = [named(mine, number), named(other, number)];
    if (!own.size || !rest.size) continue; // a frame that one alone read
    if (own.size === 1 && rest.size === 1) {
      const [[label, counts]] = own;
      pairs.push({ frame: number, label, counts: [counts, ...rest.values()] });
      continue;
    }
    const shared = [...own.keys()].filter((label) => rest.has(label)).sort();
    pairs.push(...shared.map((label) => ({ frame: number, label, counts: [own.get(label), rest.get(label)] })));
    alone += own.size + rest.size - 2 * shared.length;
  }
  return { pairs, alone };
}

function named(doc, number) {
  const names = new Map(doc.objects.map(({ id, name }) => [id, name.trim().toLowerCase() || `${id}`]));
  const masks = doc.frames.find((frame) => frame.number === number)?.masks ?? [];
  return new Map(masks.filter(({ object }) => names.has(object)).map(({ object, counts }) => [names.get(object), counts]));
}

// Two masks, by the scale that holds for both.
function compared(image, spacing_mm_yx, counts) {
  const masks = counts.map((one) => decode(one, image)),
    union = masks[0].map((inside, i) => inside | masks[1][i]),
    box = maskBox(union, image);
  const { mm } = scaleAt(withUserSize(image.calibration, spacing_mm_yx), box ? [box.x0, box.y0, box.x1, box.y1] : [0, 0, 0, 0]);
  const pixels = masks.map((mask) => mask.reduce((sum, inside) => sum + inside, 0)),
    all = pixels[0] + pixels[1],
    common = all - union.reduce((sum, inside) => sum + inside, 0);
  return {
    dice: all ? (2 * common) / all : 1,
    areas: pixels.map((count) => count * (mm ? mm[0] * mm[1] : 1)),
    lengths: masks.map((mask) => measureMask(mask, image, mm).long_diameter?.value ?? 0),
    unit: mm ? "mm" : "px",
  };
}

function row({ name, frame, label, dice, unit, areas, lengths }) {
  const three = ([first, second]) => [first, second, second - first].map((value) => Number(value.toFixed(3)));
  return [name, frame, label, Number(dice.toFixed(4)), unit, ...three(areas), ...three(lengths)];
}

// Of those in millimetres, or where fewer than two are, of those in pixels: differences, second reader minus first.
function spread(found) {
  for (const unit of ["mm²", "mm", "px²", "px"]) {
    const differences = found.filter(([, its]) => its === unit).map(([[first, second]]) => second - first);
    if (differences.length < 2) continue;
    const bias = mean(differences),
      deviation = Math.sqrt(differences.reduce((sum, value) => sum + (value - bias) ** 2, 0) / (differences.length - 1));
    return { unit, pairs: differences.length, bias, deviation, low: bias - WIDTH * deviation, high: bias + WIDTH * deviation };
  }
  return null;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function median(ordered) {
  const middle = ordered.length >> 1;
  return ordered.length % 2 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
}
