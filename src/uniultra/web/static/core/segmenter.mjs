// One image and one prompt in, one mask out: what `Segmenter.segment` does in Python. Knows no files: `ort` is onnxruntime-web (or any other
// onnxruntime for JavaScript), so that this module runs in a page as well.

import { clipBox, fieldSide, pasteLogits, regionAround, sample, toModel, whole } from "./geometry.mjs";
import { maskBox, overlap, underClicks, withoutHoles, withoutSpecks } from "./masks.mjs";

const LEAST_LOGIT = 1e-6; // of a pixel in a hole that was filled

export class Segmenter {
  // `facts` is the folder's model.json, whose `passes` say how a prompt becomes a mask; `encoder` and `decoder` are sessions on its two graphs.
  constructor(ort, encoder, decoder, facts) {
    const passes = { max_hole: 0, agreed: 1, sure: 1, closer_by: 0, ...facts.passes };  // older folders don't say these four
    Object.assign(this, { ort, encoder, decoder, size: facts.input_size, stretch: facts.focus_stretch, passes });
  }

  // image: {width, height, pixels}, grey Uint8Array. prompt: {box: {x0, y0, x1, y1} or null, points: [[x, y], ...], negatives: [[x, y], ...]}.
  // Resolves to {mask, quality}: a Uint8Array of 0 and 1, row by row, and the predicted IoU, 0 to 1.
  async segment(image, prompt) {
    const given = { box: null, points: [], negatives: [], ...prompt };
    check(given, image);
    if (given.box) {
      const found = await this.focus(image, given, clipBox(given.box, image));
      return { ...found, mask: this.filled(withoutSpecks(found.mask, image, given.points, this.passes.min_part), image, given) };
    }
    const closer = regionAround(clickBox(given.points), this.passes.crop_scale, 1, this.passes.close_view * fieldSide(image));
    const far = await this.follow(image, given, whole(image));
    const longer = Math.max(image.width, image.height);
    const squeezed = fieldSide(image) < longer;  // a panorama: its whole view isn't preferred
    const [sure, closerBy] = squeezed ? [1, 0] : [this.passes.sure, this.passes.closer_by];
    if (closer.x1 - closer.x0 >= longer || far.trust > sure) return far.answer;
    const near = await this.follow(image, given, closer);
    return near.trust > far.trust + closerBy ? near.answer : far.answer;
  }

  // A first pass on a region, then passes on crops around the structure there that holds the clicks, until two agree. `answer.quality` is the
  // geometric mean over the passes, `trust` the last one's quality times the mean IoU of each with the one before.
  async follow(image, given, region) {
    const passes = [await this.onePass(image, given, region)];
    passes[0].mask = this.filled(underClicks(passes[0].mask, image, given.points), image, given);
    const agreements = [];
    for (let n = 0; n < this.passes.click_crops; n++) {
      const box = foundBox(passes[n].mask, image, given.points);
      const found = await this.focus(image, { ...given, box }, box);
      found.mask = this.filled(underClicks(found.mask, image, given.points), image, given);
      agreements.push(overlap(passes[n].mask, found.mask));
      passes.push(found);
      if (agreements[n] > this.passes.agreed) break;
    }
    const { mask, quality } = passes.at(-1);
    const logs = passes.reduce((sum, pass) => sum + Math.log(Math.max(pass.quality, 1e-6)), 0);
    const agreement = agreements.reduce((sum, each) => sum + each) / agreements.length;
    return { answer: { mask, quality: Math.exp(logs / passes.length) }, trust: quality * agreement };
  }

  filled(mask, image, { negatives }) {
    return withoutHoles(mask, image, negatives, this.passes.max_hole);
  }

  focus(image, prompt, around) {
    return this.onePass(image, prompt, this.cropOf(around));
  }

  // The region around a box, in the shape that the model was trained on.
  cropOf(box) {
    return regionAround(box, this.passes.crop_scale, this.stretch);
  }

  // One pass on a box with a click in it, for tracking: {mask, quality, logits}, whose logits are positive where the mask is.
  async refined(image, prompt) {
    const found = await this.focus(image, prompt, prompt.box);
    const mask = this.filled(withoutSpecks(found.mask, image, prompt.points, this.passes.min_part), image, prompt);
    const logits = found.logits.map((value, i) => {
      if (found.mask[i] === mask[i]) return value;
      return mask[i] ? Math.max(-value, LEAST_LOGIT) : -value;
    });
    return { mask, quality: found.quality, logits };
  }

  // The mask that a click would give, in one pass on the whole image, which is encoded once for as long as it is the same object: for a
  // mask under the pointer.
  async underPointer(image, prompt) {
    const given = { box: null, points: [], negatives: [], ...prompt };
    check(given, image);
    if (this.seen?.image !== image) this.seen = { image, features: this.encode(image, whole(image)) };
    const found = await this.decode(image, given, whole(image), await this.seen.features);
    return { ...found, mask: underClicks(found.mask, image, given.points) };
  }

  // Encodes one region of the image and decodes the prompt on it.
  async onePass(image, prompt, region) {
    return this.decode(image, prompt, region, await this.encode(image, region));
  }

  encode(image, region) {
    const { ort, size } = this;
    const view = new ort.Tensor("uint8", sample(image, region, size), [1, size, size]);
    return this.encoder.run({ images: view });
  }

  async decode(image, prompt, region, features) {
    const { ort, size } = this, grid = size / 4;
    const { points, labels } = promptPoints(prompt, region, size);
    const answer = await this.decoder.run({
      ...features,
      point_coords: new ort.Tensor("float32", Float32Array.from(points.flat()), [1, points.length, 2]),
      point_labels: new ort.Tensor("int64", BigInt64Array.from(labels, BigInt), [1, labels.length]),
      mask_input: new ort.Tensor("float32", new Float32Array(grid * grid), [1, 1, grid, grid]),
      has_mask_input: new ort.Tensor("float32", new Float32Array(1), [1]),
    });
    const logits = pasteLogits(answer.low_res_masks.data, grid, region, image);
    const quality = Math.min(Math.max(answer.iou_predictions.data[0], 0), 1);
    return { mask: Uint8Array.from(logits, (value) => (value > 0 ? 1 : 0)), quality, logits };
  }
}

// Points in model pixels with SAM's labels: 1 inside, 0 outside, 2 and 3 the box's corners. Never padded: the model would see it, so that
// whoever decodes several prompts in one run batches those with equally many points.
function promptPoints({ box, points, negatives }, region, size) {
  const corners = box ? [[box.x0, box.y0], [box.x1, box.y1]] : [];
  const labels = [...points.map(() => 1), ...negatives.map(() => 0), ...(box ? [2, 3] : [])];
  return { points: [...points, ...negatives, ...corners].map((point) => toModel(point, region, size)), labels };
}

// The box of an answer, stretched to hold the clicks; a twelfth of the image around them where it found nothing.
function foundBox(mask, image, points) {
  const { x0: left, y0: top, x1: right, y1: bottom } = clickBox(points), side = fieldSide(image) / 24;
  const box = maskBox(mask, image) ?? { x0: left - side, y0: top - side, x1: right + side, y1: bottom + side };
  const held = {
    x0: Math.min(box.x0, left - 0.5), y0: Math.min(box.y0, top - 0.5), x1: Math.max(box.x1, right + 0.5), y1: Math.max(box.y1, bottom + 0.5),
  };
  return clipBox(held, image);
}

// From the first to the last click inside, across and down.
function clickBox(points) {
  const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  return { x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys) };
}

function check({ box, points, negatives }, image) {
  const range = `0,0 to ${image.width - 1},${image.height - 1}`;
  if (!box && points.length === 0) throw new Error("there is nothing to segment; give --box x0,y0,x1,y1 or --point x,y");
  if (box) {
    const { x0, y0, x1, y1 } = clipBox(box, image);
    const given = [box.x0, box.y0, box.x1, box.y1].join(",");
    if (!(x1 - x0 >= 1 && y1 - y0 >= 1)) throw new Error(`box ${given} has less than a pixel on the image; give x0,y0,x1,y1 within ${range}`);
  }
  for (const [x, y] of [...points, ...negatives]) {
    const inside = x >= -0.5 && x <= image.width - 0.5 && y >= -0.5 && y <= image.height - 0.5;
    if (!inside) throw new Error(`point ${x},${y} is outside the image; give x,y within ${range}`);
  }
}
