// What the quality of an answer to clicks is corrected by, as `uniultra.quality` does it in Python: how clear the edge is.

const EDGE = 1e-4; // qualities and stabilities are kept this far from 0 and 1
const SHIFT = 1; // in logits, as SAM has it

export function rated(quality, logits, { slope = 1, offset = 0, stability = 0 }) {
  let [inner, outer] = [0, 0];
  for (const value of logits) {
    inner += value > SHIFT;
    outer += value > -SHIFT;
  }
  const sum = slope * logit(quality) + offset + stability * logit(outer ? inner / outer : 0);
  return 1 / (1 + Math.exp(-Math.min(Math.max(sum, -30), 30)));
}

function logit(share) {
  const kept = Math.min(Math.max(share, EDGE), 1 - EDGE);
  return Math.log(kept / (1 - kept));
}
