// The accepted images of the work list as one data set: pictures, masks, COCO, and the manifest that `uniultra adapt`, `evaluate` and
// `data check` read; the layout of uniultra/web/workspace/teach.py.

import { maskBox } from "../../core/masks.mjs";
import { decode } from "../../core/rle.mjs";
import { isDefaultName } from "../../doc.mjs";
import { png, utf8 } from "./bytes.mjs";
import { byHand } from "./makers.mjs";
import { csv } from "./tables.mjs";

const COLUMNS = ["id", "dataset", "organ", "split", "image", "mask", "width", "height", "pixel_mm", "subject", "group", "class", "objects", "licence"];
const UNNAMED = "structure",
  FIVE = 5;

// {name: bytes}. accepted: [{name, image, doc, banners}]; one of every five files is of split val.
export async function datasetOf(accepted) {
  const files = {},
    rows = [],
    coco = { images: [], categories: [], annotations: [] };
  const left = leftOut(accepted.map((_, index) => stem(index)));
  for (const [index, one] of accepted.entries()) {
    for (const frame of one.doc.frames.filter(({ masks }) => masks.length)) {
      const picture = `${stem(index)}.frame${frame.number}.png`,
        size = { width: one.image.width, height: one.image.height };
      const grey = covered((await one.image.grey(frame.number)).pixels, size, one.banners);
      files[`images/${picture}`] = await png(grey, size.width, size.height);
      coco.images.push({ id: coco.images.length + 1, file_name: `images/${picture}`, ...size, source: one.name, frame: frame.number });
      for (const [kind, [label, masks]] of byName(one.doc, frame).entries()) {
        const mask = picture.replace(/png$/, `mask${kind + 1}.png`),
          decoded = masks.map(({ counts }) => decode(counts, size));
        const ids = new Uint8Array(grey.length);
        decoded.forEach((inside, value) => inside.forEach((on, i) => on && (ids[i] = value + 1)));
        files[`masks/${mask}`] = await png(ids, size.width, size.height);
        rows.push(rowOf({ picture, mask, label, size, group: stem(index), split: left.has(stem(index)) ? "val" : "train" }));
        decoded.forEach((inside, value) => annotate(coco, label, inside, masks[value], size));
      }
    }
  }
  files["manifest.csv"] = csv([COLUMNS, ...rows]);
  files["coco.json"] = utf8(JSON.stringify(coco));
  return files;
}

const stem = (index) => `${index + 1}`.padStart(5, "0");

// Of each whole five of files one, by a hash of its name, so that nobody picks it.
function leftOut(names) {
  const hash = (name) => [...name].reduce((sum, sign) => Math.imul(sum ^ sign.charCodeAt(0), 16777619) >>> 0, 2166136261);
  const fives = Array.from({ length: Math.floor(names.length / FIVE) }, (_, i) => names.slice(FIVE * i, FIVE * (i + 1)));
  return new Set(fives.map((five) => five.reduce((a, b) => (hash(b) < hash(a) ? b : a))));
}

// [[name, [mask, ...]], ...] of a frame.
function byName(doc, frame) {
  const names = new Map(doc.objects.map(({ id, name }) => [id, name && !isDefaultName(name) ? name : UNNAMED])),
    found = new Map();
  for (const mask of frame.masks) {
    if (!names.has(mask.object)) continue;
    const name = names.get(mask.object);
    found.set(name, [...(found.get(name) ?? []), mask]);
  }
  return [...found];
}

// Every pixel that a box touches is black.
function covered(pixels, { width, height }, banners) {
  const made = pixels.slice();
  for (const [x0, y0, x1, y1] of banners) {
    const [left, top] = [x0, y0].map((edge) => Math.max(0, Math.floor(edge + 0.5))),
      right = Math.min(width, Math.ceil(x1 + 0.5));
    for (let y = top; y < Math.min(height, Math.ceil(y1 + 0.5)); y++) if (right > left) made.fill(0, y * width + left, y * width + right);
  }
  return made;
}

function rowOf({ picture, mask, label, size, group, split }) {
  const said = {
    id: mask.replace(/\.png$/, ""),
    dataset: "project",
    organ: label,
    split,
    image: `images/${picture}`,
    mask: `masks/${mask}`,
    ...size,
    group,
    licence: "the project's own",
  };
  return COLUMNS.map((column) => said[column] ?? "");
}

function annotate(coco, label, inside, mask, { width, height }) {
  let category = coco.categories.find(({ name }) => name === label);
  if (!category) coco.categories.push((category = { id: coco.categories.length + 1, name: label }));
  const box = maskBox(inside, { width, height }) ?? { x0: -0.5, y0: -0.5, x1: -0.5, y1: -0.5 };
  coco.annotations.push({
    id: coco.annotations.length + 1,
    image_id: coco.images.length,
    category_id: category.id,
    iscrowd: 0,
    area: inside.reduce((sum, on) => sum + on, 0),
    bbox: [box.x0 + 0.5, box.y0 + 0.5, box.x1 - box.x0, box.y1 - box.y0],
    segmentation: { size: [height, width], counts: mask.counts },
    ...originOf(mask),
  });
}

// What COCO says of a mask beside its pixels; JSON leaves out what is undefined.
function originOf(mask) {
  const hand = byHand(mask);
  return {
    score: hand ? undefined : (mask.quality ?? undefined),
    model: hand === "drawn" ? undefined : mask.model || undefined,
    by_hand: hand,
    tracked: mask.source === "track" || undefined,
  };
}
