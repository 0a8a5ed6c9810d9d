// What points at a structure: prompts as the model takes them, the boxes that they span, and what is wrong with them.

import { clipBox, fieldSide, toModel } from "./geometry.mjs";
import { evenRound, maskBox } from "./masks.mjs";
import { toldLabels } from "./named.mjs";

const MOST_OUTSIDE = 4; // so many clicks outside have a turn each
const CORNER_LABELS = { "": [2, 3], tight: [4, 5], loose: [6, 7] }; // by what is known of a box

// Points in model pixels with SAM's labels: 1 inside, 0 outside, 2 and 3 the box's corners, or those of its fit; and those that tell a name. Never padded: the
// model would see it, so that whoever decodes several prompts in one run batches those with equally many points.
export function promptPoints({ box, fit, points, negatives, name }, region, size, { fits, structures }) {
  const corners = box ? [[box.x0, box.y0], [box.x1, box.y1]] : [];
  const telling = toldLabels(name, structures);
  const labels = [...points.map(() => 1), ...negatives.map(() => 0), ...(box ? CORNER_LABELS[(fits && fit) || ""] : [])];
  return {
    points: [...[...points, ...negatives, ...corners].map((point) => toModel(point, region, size)), ...telling.map(() => [0, 0])],
    labels: [...labels, ...telling],
  };
}

// The box of an answer, stretched to hold the clicks; a twelfth of the image around them where it found nothing.
export function foundBox(mask, image, points) {
  const { x0, y0, x1, y1 } = clickBox(points), side = fieldSide(image) / 24;
  const box = maskBox(mask, image) ?? { x0: x0 - side, y0: y0 - side, x1: x1 + side, y1: y1 + side };
  return clipBox(aroundClicks(box, points), image);
}

// A box, stretched to hold the clicks inside.
export function aroundClicks(box, points) {
  const { x0, y0, x1, y1 } = points.length ? clickBox(points) : box, edge = points.length ? 0.5 : 0;
  return { x0: Math.min(box.x0, x0 - edge), y0: Math.min(box.y0, y0 - edge), x1: Math.max(box.x1, x1 + edge), y1: Math.max(box.y1, y1 + edge) };
}

export function filledIn(prompt) {
  const given = { box: null, points: [], negatives: [], mask: null, ...prompt };
  return given.mask?.includes(1) ? given : { ...given, mask: null };
}

// Where a prompt's structure is: its box, else its previous mask's, stretched to hold the clicks; null where it has neither.
export function givenBox({ box, mask, points }, image) {
  if (box) return clipBox(box, image);
  return mask && aroundClicks(maskBox(mask, image), points);
}

// The prompt as the model knows it: with a mask there is always a box or a click inside; where there is none, one is put into the mask's depth,
// away from the clicks outside.
export async function pointing(given, { width, height }) {
  if (!given.mask || given.box || given.points.length) return given;
  const inside = given.mask.slice();
  for (const [x, y] of given.negatives) inside[Math.min(evenRound(y), height - 1) * width + Math.min(evenRound(x), width - 1)] = 0;
  if (!inside.includes(1)) return given;
  const { innermost } = await import("./resample.mjs"); // seldom needed: a page loads it then
  return { ...given, points: [innermost(inside, width, height)] };
}

// The prompts that a prompt is answered by, each on the mask of the one before: its box alone, or the clicks inside; the clicks inside, now with that
// mask; then those outside, one more a turn, or all in one turn where they are more than MOST_OUTSIDE. One turn: a prompt with a previous mask, with a
// box alone, or with clicks inside alone; and every prompt of a model that is given all clicks at once.
export function turns(given, { in_turns: inTurns }) {
  const { box, points, negatives, mask } = given, alone = negatives.length === 0 && !(box && points.length > 0);
  if (!inTurns || mask || alone) return [given];
  const inside = { ...given, negatives: [] }, steps = points.length ? [inside] : [];
  const first = negatives.length > MOST_OUTSIDE ? negatives.length : 1;
  for (let count = first; count <= negatives.length; count++) steps.push({ ...given, negatives: negatives.slice(0, count) });
  return [box ? { ...inside, points: [] } : inside, ...steps];
}

// From the first to the last click inside, across and down.
export function clickBox(points) {
  const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  return { x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys) };
}

export function check({ box, fit = "", points, negatives, mask }, image) {
  const range = `0,0 to ${image.width - 1},${image.height - 1}`;
  if (!box && fit) throw new Error(`box fit '${fit}' without a box; give the box, or leave it out`);
  if (mask && mask.length !== image.width * image.height) {
    throw new Error(`the previous mask has ${mask.length} pixels and the image ${image.width * image.height}; give the last answer on this image`);
  }
  if (!box && !mask && points.length === 0) throw new Error("there is nothing to segment; give --box x0,y0,x1,y1 or --point x,y");
  if (box) {
    const { x0, y0, x1, y1 } = clipBox(box, image);
    const given = [box.x0, box.y0, box.x1, box.y1].join(",");
    if (!(fit in CORNER_LABELS)) throw new Error(`box fit '${fit}' is unknown; give tight or loose, or leave it out`);
    if (!(x1 - x0 >= 1 && y1 - y0 >= 1)) throw new Error(`box ${given} has less than a pixel on the image; give x0,y0,x1,y1 within ${range}`);
  }
  for (const [x, y] of [...points, ...negatives]) {
    const inside = x >= -0.5 && x <= image.width - 0.5 && y >= -0.5 && y <= image.height - 0.5;
    if (!inside) throw new Error(`point ${x},${y} is outside the image; give x,y within ${range}`);
  }
}
