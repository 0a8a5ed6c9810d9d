// One image and one prompt in, one mask out: what `Segmenter.segment` does in Python. Knows no files: `ort` is onnxruntime-web (or any other
// onnxruntime for JavaScript), so that this module runs in a page as well.

import { clipBox, fieldSide, pasteLogits, regionAround, sample, sampleMask, whole } from "./geometry.mjs";
import { evenRound, overlap, spanning, underClicks, withoutHoles, withoutSpecks } from "./masks.mjs";
import { knownName } from "./named.mjs";
import { check, clickBox, filledIn, foundBox, givenBox, pointing, promptPoints, turns } from "./prompts.mjs";
import { rated } from "./quality.mjs";

const QUICK_SIDE = 512, MOST_KEPT = 6;
const EVEN = 2; // pixels whose grey values differ by at most this much show nothing
const SAME = 0.8; // from this IoU on, two answers count as one
const MASK_LOGIT = 6; // a previous mask becomes logits of +- this
const LEAST_LOGIT = 1e-6; // of a pixel in a hole that was filled

export class Segmenter {
  // `facts` is the folder's model.json, whose `passes` say how a prompt becomes a mask and `quality` by what its quality is corrected, if by
  // anything; `encoder` and `decoder` are sessions on its two graphs.
  constructor(ort, encoder, decoder, facts) {
    const passes = { max_hole: 0, agreed: 1, sure: 1, closer_by: 0, span_cost: 0, box_agreed: 0, in_turns: 0, ...facts.passes }; // older folders don't say these seven
    this.encoded = new WeakMap(); // features by image, then by region
    this.ofNothing = new WeakSet(); // features of regions that are of one even grey
    const told = { fits: facts.box_fits ?? false, structures: facts.structures ?? [] };
    Object.assign(this, { ort, encoder, decoder, size: facts.input_size, stretch: facts.focus_stretch, passes, told });
    const { clicks, named = clicks, mask } = facts.quality ?? {};
    this.terms = { clicks, named, mask };
  }

  // image: {width, height, pixels}, grey Uint8Array. prompt: {box: {x0, y0, x1, y1} or null, points: [[x, y], ...], negatives: [[x, y], ...]},
  // and with a box `fit`: "tight", "loose" or "", what is known of it; a model that can't be told takes it as drawn. `name`: what the structure
  // is called, told to a model that has learned the name. `mask`: the last answer, which this one goes on from, a Uint8Array of 0 and 1 of the
  // image's size; one that is empty doesn't count.
  // Resolves to {mask, quality, even}: a Uint8Array of 0 and 1, row by row, the predicted IoU, 0 to 1, and whether the image is of one even grey
  // there, so that there is nothing to see and the quality is 0. What several clicks say at once is answered in turns, each on the mask before.
  async segment(image, prompt) {
    const given = filledIn(prompt);
    check(given, image);
    const [first, ...further] = turns(given, this.passes);
    let answer = await this.inOneTurn(image, first);
    for (const later of further) answer = await this.inOneTurn(image, filledIn({ ...later, mask: answer.mask }));
    return answer;
  }

  async inOneTurn(image, given) {
    const around = givenBox(given, image);
    if (around) return this.ofMask(image, given, this.ofBox(image, given, await this.inBox(image, given, around)));
    const closer = this.closer(image, given, this.passes.close_view);
    const far = await this.follow(image, given, whole(image));
    if (!closer || far.trust > this.passesIn(image).sure) return far.answer;
    return this.preferred(image, far, await this.follow(image, given, closer)).answer;
  }

  // One pass on the crop around a box or a previous mask. Clicks on a mask are also answered by its box.
  async inBox(image, given, around) {
    const corrected = given.mask && !given.box && given.points.length + given.negatives.length > 0;
    const second = corrected && this.passes.box_agreed ? { ...given, mask: null, box: clipBox(around, image) } : null;
    return this.focus(image, await pointing(given, image), around, second);
  }

  // The answer to a previous mask without a box, with the quality that the model's terms make of it.
  ofMask(image, { mask, box }, found) {
    const terms = mask && !box && !found.even ? this.terms.mask : null;
    return terms ? { ...found, quality: rated(found.quality, settled(found.logits, found.mask), terms) } : found;
  }

  // The answer to a box or a previous mask without specks and holes; of a tight box alone also cut where it spans the box.
  ofBox(image, given, found) {
    const cleaned = (mask) => this.filled(withoutSpecks(mask, image, given.points, this.passes.min_part), image, given);
    const mask = cleaned(found.mask), { span_cost: cost } = this.passes, alone = !given.mask && !given.points.length && !given.negatives.length;
    if (!cost || !this.told.fits || given.fit !== "tight" || !alone) return { ...found, mask };
    const cut = spanning(mask, settled(found.logits, mask), image, clipBox(given.box, image), cost);
    if (!cut) return { ...found, mask };
    return { ...found, mask: cleaned(cut[0]), logits: cut[1] };
  }

  // What clicks may mean: up to `most` answers that differ, that of `segment` first, then by trust. The further ones come from views closer to
  // the clicks, where a part of a structure looks like a whole one; a prompt with a box or a previous mask means one thing.
  async alternatives(image, prompt, most = 3) {
    const given = filledIn(prompt);
    if (given.box || given.mask) return [await this.segment(image, given)];
    check(given, image);
    const { close_view: share } = this.passes;
    const closer = [share, share / 2].map((part) => this.closer(image, given, part)).filter(Boolean), found = [];
    for (const view of [whole(image), ...closer]) found.push(await this.follow(image, given, view));
    const [far, near] = found, ranked = [near ? this.preferred(image, far, near) : far, ...[...found].sort((a, b) => b.trust - a.trust)];
    const inTurns = turns(given, this.passes).length > 1 ? [await this.segment(image, given)] : [];
    return distinct([...inTurns, ...ranked.map(({ answer }) => answer)]).slice(0, most);
  }

  // A square around the clicks, `share` of the image's side; null where that shows all of it.
  closer(image, { points }, share) {
    const region = regionAround(clickBox(points), this.passes.crop_scale, 1, share * fieldSide(image));
    return region.x1 - region.x0 < Math.max(image.width, image.height) ? region : null;
  }

  // The model's passes; a panorama's first view shows it squeezed, and isn't preferred.
  passesIn(image) {
    const squeezed = fieldSide(image) < Math.max(image.width, image.height), { sure, closer_by: closerBy } = this.passes;
    return squeezed ? { sure: 1, closerBy: 0 } : { sure, closerBy };
  }

  preferred(image, far, near) {
    const { sure, closerBy } = this.passesIn(image);
    return far.trust <= sure && near.trust > far.trust + closerBy ? near : far;
  }

  // A first pass on a region, then passes on crops around the structure there that holds the clicks, until two agree. `answer.quality` is the
  // geometric mean over the passes, or, where the model says how, what the first one's quality is corrected to; `trust` is the last one's
  // quality times the mean IoU of each with the one before.
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
    const { mask, quality, even, logits } = passes.at(-1);
    const logs = passes.reduce((sum, pass) => sum + Math.log(Math.max(pass.quality, 1e-6)), 0);
    const agreement = agreements.reduce((sum, each) => sum + each) / agreements.length;
    const mean = Math.exp(logs / passes.length);
    const terms = this.terms[knownName(given.name, this.told.structures) ? "named" : "clicks"];
    const said = even || !terms ? mean : rated(passes[0].quality, settled(logits, mask), terms);
    return { answer: { mask, even, quality: said }, trust: quality * agreement };
  }

  filled(mask, image, { negatives }) {
    return withoutHoles(mask, image, negatives, this.passes.max_hole);
  }

  focus(image, prompt, around, second) {
    return this.onePass(image, prompt, this.cropOf(around), second);
  }

  // The region around a box, in the shape that the model was trained on.
  cropOf(box) {
    return regionAround(box, this.passes.crop_scale, this.stretch);
  }

  // One pass on a box with a click in it, for tracking: {mask, quality, logits}, whose logits are positive where the mask is.
  async refined(image, prompt) {
    const found = await this.focus(image, prompt, prompt.box);
    const mask = this.filled(withoutSpecks(found.mask, image, prompt.points, this.passes.min_part), image, prompt);
    return { mask, quality: found.quality, logits: settled(found.logits, mask) };
  }

  // The mask that a click would give, in one pass on the whole image and in at most QUICK_SIDE pixels a side: for a mask under the pointer.
  // Resolves to {mask, quality, size}, `size` the mask's {width, height}.
  async underPointer(image, prompt) {
    const given = filledIn(prompt);
    check(given, image);
    const by = Math.min(1, QUICK_SIDE / Math.max(image.width, image.height));
    const size = { width: Math.max(1, evenRound(image.width * by)), height: Math.max(1, evenRound(image.height * by)) };
    const moved = ([x, y]) => [((x + 0.5) * size.width) / image.width - 0.5, ((y + 0.5) * size.height) / image.height - 0.5];
    const clicks = { ...given, box: null, points: given.points.map(moved), negatives: given.negatives.map(moved) };
    const found = await this.decode(size, clicks, whole(size), await this.encode(image, whole(image)));
    return { ...found, size, mask: underClicks(found.mask, size, clicks.points) };
  }

  // Encodes one region of the image and decodes the prompt on it.
  async onePass(image, prompt, region, second) {
    return this.decode(image, prompt, region, await this.encode(image, region), second);
  }

  // The features of one region, for tracking: levels of `depth` planes of `side` x `side`, the coarsest first.
  async features(image, region) {
    const { image_embed: coarse, high_res_feats_1: finer, high_res_feats_0: finest } = await this.encode(image, region);
    return { region, levels: [coarse, finer, finest].map(({ data, dims }) => ({ data, depth: dims[1], side: dims[3] })) };
  }

  // The features of one region, encoded once for as long as the image is the same object: the whole of it, and the last few others.
  encode(image, region) {
    if (!this.encoded.has(image)) this.encoded.set(image, new Map());
    const kept = this.encoded.get(image), key = keyOf(region);
    const features = kept.get(key) ?? this.encodeAnew(image, region);
    kept.delete(key);
    kept.set(key, features);
    const all = keyOf(whole(image));
    if (kept.size > MOST_KEPT) kept.delete([...kept.keys()].find((other) => other !== all));
    features.catch(() => kept.delete(key));
    return features;
  }

  async encodeAnew(image, region) {
    const { ort, size } = this;
    const view = new ort.Tensor("uint8", sample(image, region, size), [1, size, size]);
    const features = await this.encoder.run({ images: view });
    if (isEven(image, region)) this.ofNothing.add(features);
    return features;
  }

  // One prompt's answer on the image; averaged with that to the `second` prompt, if there is one, where both agree by as much as the passes say.
  async decode(image, prompt, region, features, second = null) {
    let { grid, quality } = await this.answer(image, prompt, region, features);
    if (second) {
      const { grid: other } = await this.answer(image, second, region, features);
      if (overlap(positive(grid), positive(other)) > this.passes.box_agreed) grid = grid.map((value, i) => (value + other[i]) / 2);
    }
    const logits = pasteLogits(grid, this.size / 4, region, image);
    const even = this.ofNothing.has(features);
    return { mask: positive(logits), quality: even ? 0 : Math.min(Math.max(quality, 0), 1), even, logits };
  }

  // The decoder's own answer to a prompt: its grid of logits, and the predicted IoU.
  async answer(image, prompt, region, features) {
    const { ort, size } = this, grid = size / 4;
    const { points, labels } = promptPoints(prompt, region, size, this.told), { mask: before } = prompt;
    const shares = before ? sampleMask(before, image, region, grid) : new Float32Array(grid * grid);
    const { low_res_masks: masks, iou_predictions: qualities } = await this.decoder.run({
      ...features,
      point_coords: new ort.Tensor("float32", Float32Array.from(points.flat()), [1, points.length, 2]),
      point_labels: new ort.Tensor("int64", BigInt64Array.from(labels, BigInt), [1, labels.length]),
      mask_input: new ort.Tensor("float32", before ? shares.map((share) => (2 * share - 1) * MASK_LOGIT) : shares, [1, 1, grid, grid]),
      has_mask_input: new ort.Tensor("float32", Float32Array.of(before ? 1 : 0), [1]),
    });
    return { grid: masks.data, quality: qualities.data[0] };
  }
}

const keyOf = ({ x0, y0, x1, y1 }) => [x0, y0, x1, y1].join();

function positive(logits) {
  const mask = new Uint8Array(logits.length);
  for (let i = 0; i < mask.length; i++) mask[i] = logits[i] > 0 ? 1 : 0;
  return mask;
}

// The logits of a pass once parts were dropped and holes filled: positive where the mask is.
function settled(logits, mask) {
  return logits.map((value, i) => {
    if (value > 0 === (mask[i] === 1)) return value;
    return mask[i] ? Math.max(-value, LEAST_LOGIT) : -value;
  });
}

// Those that differ from every one before.
const distinct = (answers) =>
  answers.reduce((kept, one) => (kept.every((other) => overlap(one.mask, other.mask) < SAME) ? [...kept, one] : kept), []);

// Whether the region's pixels on the image are of one grey, so that there is nothing to find.
function isEven({ width, height, pixels }, region) {
  const left = Math.max(0, Math.ceil(region.x0)), right = Math.min(width - 1, Math.floor(region.x1));
  const top = Math.max(0, Math.ceil(region.y0)), bottom = Math.min(height - 1, Math.floor(region.y1));
  let low = 255, high = 0;
  for (let y = top; y <= bottom && high - low <= EVEN; y++) {
    for (let at = y * width + left; at <= y * width + right; at++) {
      low = Math.min(low, pixels[at]);
      high = Math.max(high, pixels[at]);
    }
  }
  return high - low <= EVEN;
}
