// A linear model of a structure on the encoder's features, as uniultra/tracking/target_model.py has it, and why: ridge regression from a
// view's cells to how much of each is inside the mask. Its size depends on the encoder's width alone. A model is {mean, spread, first, since,
// weights}, Float32Arrays; of the symmetric equations only the lower half is kept, row by row, and then the right side.

import { PARTS } from "./tissue.mjs";

const DAMPING = 0.01, KEPT = 0.8, FIRST_SHARE = 0.5, RIM = 2;
const AT_ONCE = 4; // cells added to the equations in one go

// The cells of a view that `Segmenter.features` gives, with `parts` of them inside a mask (`partsInside`): {features, depth, inside, rim}, the
// features of one cell after the other; null where nothing of the mask or nothing right beside it is in view.
export function cellsOf({ levels }, parts) {
  const { side } = levels[0], cells = side * side, wider = dilated(parts, side * PARTS);
  const inside = shares(parts, side), rim = shares(wider.map((near, i) => near - parts[i]), side);
  if (!inside.some(Boolean) || !rim.some(Boolean)) return null;
  const depth = levels.reduce((sum, level) => sum + level.depth, 0), features = new Float32Array(cells * depth);
  let first = 0;
  for (const level of levels) {
    pool(level, side, features, depth, first);
    first += level.depth;
  }
  return { features, depth, inside, rim };
}

// The model of the frame on which the mask is confirmed; null where its cells can't be told apart.
export function learnt(cells) {
  if (!cells) return null;
  const { features, depth } = cells, count = features.length / depth, sums = new Float64Array(depth), squares = new Float64Array(depth);
  for (let i = 0; i < features.length; i++) sums[i % depth] += features[i];
  const mean = Float32Array.from(sums, (sum) => sum / count);
  for (let i = 0; i < features.length; i++) squares[i % depth] += (features[i] - mean[i % depth]) ** 2;
  const spread = Float32Array.from(squares, (sum) => Math.sqrt(sum / count) + 1e-3);
  const first = equations(cells, mean, spread), weights = solved(first, depth + 1);
  return weights && { mean, spread, first, since: first, weights };
}

// The same after a sure frame.
export function withSure(model, cells) {
  const { mean, spread, first } = model, seen = equations(cells, mean, spread);
  const since = mixed(model.since, KEPT, seen), weights = solved(mixed(first, FIRST_SHARE, since), cells.depth + 1);
  return weights ? { ...model, since, weights } : model;
}

// The mean score inside a mask less that just outside of it, -1 to 1.
export function contrastOf({ mean, spread, weights }, { features, depth, inside, rim }) {
  const slopes = Float64Array.from(spread, (one, i) => weights[i] / one), constant = slopes.reduce((sum, one, i) => sum - one * mean[i], weights[depth]);
  let [inner, outer, within, beside] = [0, 0, 0, 0];
  for (let cell = 0; cell < inside.length; cell++) {
    if (!inside[cell] && !rim[cell]) continue;
    let score = constant;
    for (let k = 0, i = cell * depth; k < depth; k++, i++) score += slopes[k] * features[i];
    score = Math.min(Math.max(score, 0), 1);
    inner += score * inside[cell]; within += inside[cell];
    outer += score * rim[cell]; beside += rim[cell];
  }
  return inner / within - outer / beside;
}

const mixed = (one, share, other) => one.map((value, i) => share * value + (1 - share) * other[i]);

// How much of each cell is in some parts, 0 to 1.
function shares(parts, side) {
  const out = new Float32Array(side * side), count = side * PARTS;
  for (let i = 0; i < parts.length; i++) out[Math.floor(i / count / PARTS) * side + Math.floor((i % count) / PARTS)] += parts[i];
  return out.map((sum) => sum / PARTS ** 2);
}

// Parts with one inside that lies up to RIM before or after them, across and down.
function dilated(parts, count) {
  const spread = (from, stride) => from.map((_, i) => {
    const place = stride === 1 ? i % count : Math.floor(i / count);
    for (let k = Math.max(-RIM, -place); k <= Math.min(RIM, count - 1 - place); k++) if (from[i + k * stride]) return 1;
    return 0;
  });
  return spread(spread(parts, 1), count);
}

// A level's means over the cells, as columns of the features from `first` on.
function pool({ data, depth, side: fine }, side, features, width, first) {
  const times = fine / side, share = 1 / times ** 2;
  for (let k = 0, i = 0; k < depth; k++) {
    for (let y = 0; y < fine; y++) {
      const row = Math.floor(y / times) * side;
      for (let x = 0; x < fine; x++, i++) features[(row + Math.floor(x / times)) * width + first + k] += share * data[i];
    }
  }
}

// The normal equations of a frame; what is inside and what is outside have half of the weight each.
function equations({ features, depth, inside }, mean, spread) {
  const width = depth + 1, half = (width * (width + 1)) / 2, found = new Float64Array(half + width), cells = inside.length;
  const within = inside.reduce((sum, share) => sum + share, 0), total = [Math.max(within, 1e-3), Math.max(cells - within, 1e-3)];
  const rows = Array.from({ length: AT_ONCE }, () => new Float64Array(width)), [a, b, c, d] = rows, weights = new Float64Array(AT_ONCE);
  for (let start = 0; start < cells; start += AT_ONCE) {
    for (let n = 0; n < AT_ONCE; n++) {
      const cell = start + n, share = cell < cells ? inside[cell] : 0, weight = cell < cells ? (share / total[0] + (1 - share) / total[1]) / 2 : 0;
      weights[n] = weight;
      if (!weight) continue; // what is left in its row counts nothing
      for (let k = 0; k < depth; k++) rows[n][k] = (features[cell * depth + k] - mean[k]) / spread[k];
      rows[n][depth] = 1;
      for (let k = 0; k < width; k++) found[half + k] += weight * share * rows[n][k];
    }
    const [wa, wb, wc, wd] = weights;
    for (let i = 0, at = 0; i < width; i++) {
      const ai = wa * a[i], bi = wb * b[i], ci = wc * c[i], di = wd * d[i];
      for (let j = 0; j <= i; j++, at++) found[at] += ai * a[j] + bi * b[j] + ci * c[j] + di * d[j];
    }
  }
  return new Float32Array(found);
}

// The weights, by Cholesky's decomposition; null where the equations have no solution, as with features that aren't numbers.
function solved(given, width) {
  const half = (width * (width + 1)) / 2, low = new Float64Array(given.subarray(0, half)), weights = new Float64Array(given.subarray(half));
  for (let i = 0, row = 0; i < width; row += ++i) {
    low[row + i] += i < width - 1 ? DAMPING : 1e-6;
    for (let j = 0, other = 0; j <= i; other += ++j) {
      let rest = low[row + j];
      for (let k = 0; k < j; k++) rest -= low[row + k] * low[other + k];
      if (j < i) low[row + j] = rest / low[other + j];
      else if (rest > 1e-12) low[row + i] = Math.sqrt(rest);
      else return null;
    }
    for (let k = 0; k < i; k++) weights[i] -= low[row + k] * weights[k];
    weights[i] /= low[row + i];
  }
  for (let i = width - 1, row = half - width; i >= 0; row -= i--) {
    weights[i] /= low[row + i];
    for (let k = 0; k < i; k++) weights[k] -= low[row + k] * weights[i];
  }
  return weights.every(Number.isFinite) ? new Float32Array(weights) : null;
}
