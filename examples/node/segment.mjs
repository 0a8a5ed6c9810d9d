// node segment.mjs --model FOLDER --image IMAGE.png --box x0,y0,x1,y1 --out mask.png
//   --box-fit FIT    what is known of the box: tight, it touches the structure on all sides; loose, it leaves room
//   --label NAME     what the structure is called, told to a model that has learned the name
//   --point x,y      a click inside, with or instead of a box; repeat for more
//   --negative x,y   a click outside; repeat for more
//   --mask PNG       the last answer, to go on from: what isn't black is inside
//   --force          overwrite an existing mask
// Prints one line of JSON. Bad input: one line on stderr, exit code 2.

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { clipBox } from "../../src/uniultra/web/static/core/geometry.mjs";
import { evenRound } from "../../src/uniultra/web/static/core/masks.mjs";
import { isLegalName, knownName } from "../../src/uniultra/web/static/core/named.mjs";
import { openModel, readImage, writeMask } from "./files.mjs";

const MOST_LISTED = 8; // of a model's names in a note
const OPTIONS = {
  model: { type: "string" }, image: { type: "string" }, out: { type: "string" }, box: { type: "string" },
  mask: { type: "string" },
  "box-fit": { type: "string", default: "" }, label: { type: "string", default: "" },
  point: { type: "string", multiple: true, default: [] }, negative: { type: "string", multiple: true, default: [] },
  force: { type: "boolean", default: false },
};

async function main() {
  const { values } = parseArgs({ options: OPTIONS });
  for (const name of ["model", "image", "out"]) if (!values[name]) throw new Error(`--${name} is missing`);
  if (existsSync(values.out) && !values.force) throw new Error(`'${values.out}' exists; pass --force to overwrite`);
  const [x0, y0, x1, y1] = values.box ? numbers(values.box, 4, "box") : [];
  const prompt = {
    box: values.box ? { x0, y0, x1, y1 } : null,
    fit: values["box-fit"],
    name: values.label,
    points: values.point.map((text) => numbers(text, 2, "point")),
    negatives: values.negative.map((text) => numbers(text, 2, "negative")),
  };
  if (values.label && !isLegalName(values.label))
    throw new Error(`--label ${JSON.stringify(values.label.slice(0, 80))} can't name a structure; give 1 to 64 characters without a backslash and control characters, as thyroid`);
  const image = readImage(values.image);
  if (values.mask) prompt.mask = maskOn(image, values.mask);
  const { segmenter, facts } = await openModel(values.model);
  const notes = [...labelAlone(values.label, facts), ...contradictions(prompt), ...clip(prompt, image)];
  const { mask, quality, even } = await segmenter.segment(image, prompt);
  if (even) notes.push("there is nothing to see where the prompt points: the image is of one even grey there");
  writeMask(values.out, mask, image);
  const pixels = mask.reduce((sum, inside) => sum + inside, 0);
  console.log(JSON.stringify({ model: facts.name, precision: facts.precision, mask: values.out, pixels, quality, notes }));
}

// A mask of the image's size, as Uint8Array of 0 and 1.
function maskOn(image, path) {
  const { width, height, pixels } = readImage(path);
  if (width !== image.width || height !== image.height)
    throw new Error(`--mask '${path}' is ${width} x ${height} and the image ${image.width} x ${image.height}; give the last answer on this image`);
  if (!pixels.some(Boolean)) throw new Error(`--mask '${path}' is empty; give the last answer, or leave it out`);
  return pixels.map((value) => (value ? 1 : 0));
}

// As `uniultra segment` does: a box ends at the image's edges, which a note says. One of which less than a pixel is left is refused later.
function clip(prompt, image) {
  if (!prompt.box) return [];
  const { x0, y0, x1, y1 } = prompt.box, clipped = clipBox(prompt.box, image);
  const same = x0 === clipped.x0 && y0 === clipped.y0 && x1 === clipped.x1 && y1 === clipped.y1;
  if (same || clipped.x1 - clipped.x0 < 1 || clipped.y1 - clipped.y0 < 1) return [];
  prompt.box = clipped;
  return [`box ${[x0, y0, x1, y1]} reaches beyond the image of ${image.width} x ${image.height} pixels and is clipped to it`];
}

// As `uniultra segment` does: a note on a name that a model which knows others isn't told.
function labelAlone(name, { name: model, structures = [] }) {
  if (!name || !structures.length || knownName(name, structures)) return [];
  const known = [...structures.slice(0, MOST_LISTED), ...(structures.length > MOST_LISTED ? ["..."] : [])].join(", ");
  return [`'${name}' is not a name that ${model} knows (${known}): it labels the result alone`];
}

// As `uniultra segment` does: a note on each pixel that is both inside and outside.
function contradictions({ points, negatives }) {
  const outside = new Set(negatives.map((point) => point.map(evenRound).join()));
  const both = new Set(points.map((point) => point.map(evenRound).join()).filter((pixel) => outside.has(pixel)));
  return [...both].map((pixel) => `point ${pixel} is given both as inside and as outside; leave one of them out`);
}

function numbers(text, count, name) {
  const found = text.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (found.length !== count || !found.every(Number.isFinite)) throw new Error(`--${name} ${text}: give ${count} numbers separated by commas`);
  return found;
}

main().catch((error) => {
  console.error(`segment.mjs: ${error.message.split("\n")[0]}`);
  process.exitCode = 2;
});
