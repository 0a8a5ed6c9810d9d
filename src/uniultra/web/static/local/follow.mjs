// Tracking in this tab: some frames a call, as the page asks a server. What a track remembers is kept between calls; where it is gone, or
// the mask was corrected, it begins anew from the mask that the page sends.

import { decode, encode } from "../core/rle.mjs";
import { begin, step } from "../core/track.mjs";
import { engine } from "./engine.mjs";

let place = null; // of the last call: {key, number, counts, state}

export async function follow(id, image, start, { object, counts, backwards, frames }) {
  const key = [id, object, backwards].join(), segmenter = await engine();
  if (place?.key !== key || place.number !== start || place.counts !== counts) {
    const state = await begin(segmenter, await image.grey(start), decode(counts, image));
    place = { key, number: start, counts, state };
  }
  const found = [], by = backwards ? -1 : 1;
  for (let number = start + by; found.length < frames && number >= 0 && number < image.count; number += by) {
    const frame = await image.grey(number), [answer, state] = await step(segmenter, place.state, frame);
    const rle = encode(answer.mask, frame);
    found.push({ number, counts: rle, quality: Math.min(answer.quality, answer.confidence), status: answer.status });
    place = { key, number, counts: rle, state };
  }
  return found;
}
