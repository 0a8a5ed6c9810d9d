// Between an image's pixels and the model's: the same maps as uniultra/geometry.py. 0 is the centre of the first pixel in both systems,
// x to the right, y down. A region {x0, y0, x1, y1} is given by its outer edges, in image pixels.

const OUTSIDE_LOGIT = -20; // of pixels that a pass didn't cover

export const whole = ({ width, height }) => ({ x0: -0.5, y0: -0.5, x1: width - 0.5, y1: height - 0.5 });

export const clipBox = (box, { width, height }) => ({
  x0: Math.max(box.x0, -0.5), y0: Math.max(box.y0, -0.5), x1: Math.min(box.x1, width - 0.5), y1: Math.min(box.y1, height - 0.5),
});

// The side that views around clicks are sized by: an image's longer one, but of a panorama no more than twice its shorter one.
export const fieldSide = ({ width, height }) => Math.min(Math.max(width, height), 2 * Math.min(width, height));

// What a crop shows of a box: its centre, `scale` times its sides, the longer at most `stretch` times the shorter.
export function regionAround(box, scale, stretch, minSide = 16) {
  const [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
  const halfX = 0.5 * Math.max(scale * Math.max(width, height / stretch), minSide);
  const halfY = 0.5 * Math.max(scale * Math.max(height, width / stretch), minSide);
  const [cx, cy] = [0.5 * (box.x0 + box.x1), 0.5 * (box.y0 + box.y1)];
  return { x0: cx - halfX, y0: cy - halfY, x1: cx + halfX, y1: cy + halfY };
}

// Model pixels per image pixel, to the right and down, where the region is stretched onto a square of `size`.
const scales = (region, size) => [size / (region.x1 - region.x0), size / (region.y1 - region.y0)];

export function toModel([x, y], region, size) {
  const [sx, sy] = scales(region, size);
  return [(x - region.x0) * sx - 0.5, (y - region.y0) * sy - 0.5];
}

// The region's pixels as a (size, size) Uint8Array, black outside the image; blurred first where it shrinks, so that speckle doesn't alias.
export const sample = (image, region, size) => sampled(image, region, new Uint8Array(size * size), size);

// The same of a mask of the image's size, in shares from 0 to 1.
export const sampleMask = (mask, { width, height }, region, size) =>
  sampled({ width, height, pixels: mask }, region, new Float32Array(size * size), size);

// Bytes are rounded to whole grey levels, as is what they were blurred to; floats aren't.
function sampled(whole, part, out, size) {
  const bytes = out instanceof Uint8Array, [sx, sy] = scales(part, size), [image, region] = near(whole, part, 1 + Math.ceil(1 / sx), 1 + Math.ceil(1 / sy));
  const { width, height, pixels } = Math.min(sx, sy) < 1 ? blur(image, 1 / sx, 1 / sy, bytes) : image;
  const across = taps((x) => (x + 0.5) / sx + region.x0, 0, size), down = taps((y) => (y + 0.5) / sy + region.y0, 0, size);
  const at = (row, x) => (x < 0 || x >= width ? 0 : pixels[row + x]);
  for (let y = 0; y < size; y++) {
    const top = down.low[y], fy = down.share[y];
    for (let x = 0; x < size; x++) {
      const left = across.low[x], fx = across.share[x];
      let upper = 0, lower = 0;
      if (top >= 0 && top < height) upper = at(top * width, left) * (1 - fx) + at(top * width, left + 1) * fx;
      if (top >= -1 && top < height - 1) lower = at((top + 1) * width, left) * (1 - fx) + at((top + 1) * width, left + 1) * fx;
      const value = upper * (1 - fy) + lower * fy;
      out[y * size + x] = bytes ? Math.round(value) : value;
    }
  }
  return out;
}

// The neighbour below each of some positions along an axis, and how far beyond it the position lies; `placed` says where the ith one is.
function taps(placed, first, end) {
  const low = new Int32Array(end - first), share = new Float64Array(end - first);
  for (let i = first; i < end; i++) {
    const at = placed(i);
    low[i - first] = Math.floor(at);
    share[i - first] = at - low[i - first];
  }
  return { low, share };
}

// [image, region]: what of an image lies within a region and a margin of whole pixels around it, so that no more is blurred than is seen.
function near(image, region, across, down) {
  const { width, height, pixels } = image;
  const x0 = Math.max(0, Math.floor(region.x0) - across), x1 = Math.min(width, Math.ceil(region.x1) + across + 1);
  const y0 = Math.max(0, Math.floor(region.y0) - down), y1 = Math.min(height, Math.ceil(region.y1) + down + 1);
  if (x1 <= x0 || y1 <= y0 || (x1 - x0) * (y1 - y0) > 0.8 * width * height) return [image, region];
  const out = new Uint8Array((x1 - x0) * (y1 - y0));
  for (let y = y0; y < y1; y++) out.set(pixels.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0));
  const moved = { x0: region.x0 - x0, y0: region.y0 - y0, x1: region.x1 - x0, y1: region.y1 - y0 };
  return [{ width: x1 - x0, height: y1 - y0, pixels: out }, moved];
}

// Logits on a square grid over the region, back to the image's size; OUTSIDE_LOGIT beyond the region.
export function pasteLogits(logits, side, region, { width, height }) {
  const full = new Float32Array(width * height).fill(OUTSIDE_LOGIT);
  const [left, right] = covered(region.x0, region.x1, width);
  const [top, bottom] = covered(region.y0, region.y1, height);
  const across = taps((x) => toModel([x, 0], region, side)[0], left, right), down = taps((y) => toModel([0, y], region, side)[1], top, bottom);
  const inside = (index) => clamp(index, 0, side - 1);
  for (let y = top; y < bottom; y++) {
    const fy = down.share[y - top], above = inside(down.low[y - top]) * side, below = inside(down.low[y - top] + 1) * side;
    for (let x = left; x < right; x++) {
      const fx = across.share[x - left], before = inside(across.low[x - left]), after = inside(across.low[x - left] + 1);
      const upper = logits[above + before] * (1 - fx) + logits[above + after] * fx;
      const lower = logits[below + before] * (1 - fx) + logits[below + after] * fx;
      full[y * width + x] = upper * (1 - fy) + lower * fy;
    }
  }
  return full;
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// The pixels [first, last) whose centres lie between two edges.
function covered(low, high, length) {
  const first = Math.ceil(clamp(low, -0.5, length));
  return [first, Math.max(first, Math.floor(clamp(high, -1, length - 0.5)) + 1)];
}

// Gaussian blur, as OpenCV's of 8 bits with its own size for this sigma.
export function smoothed(image, sigma) {
  const weights = gaussian(sigma, 2 * Math.floor(3 * sigma + 0.5) + 1);
  return blurred(image, weights, weights);
}

// For shrinking by these factors.
function blur(image, shrinkX, shrinkY, bytes) {
  const weights = (shrink) => gaussian(Math.max(0.35 * shrink, 1e-3), 2 * Math.ceil(Math.max(shrink, 1)) - 1);
  return blurred(image, weights(shrinkX), weights(shrinkY), bytes);
}

// By weights across and down, mirrored at the border without repeating it; `bytes`: rounded to whole grey levels.
function blurred({ width, height, pixels }, across, down, bytes = true) {
  const [reachX, reachY] = [(across.length - 1) / 2, (down.length - 1) / 2];
  const rows = new Float32Array(width * height), out = bytes ? new Uint8Array(width * height) : new Float32Array(width * height);
  const columns = mirroredAll(width, reachX), lines = mirroredAll(height, reachY);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < across.length; k++) sum += across[k] * pixels[y * width + columns[x + k]];
      rows[y * width + x] = sum;
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < down.length; k++) sum += down[k] * rows[lines[y + k] * width + x];
      out[y * width + x] = bytes ? Math.round(sum) : sum;
    }
  }
  return { width, height, pixels: out };
}

function gaussian(sigma, length) {
  const weights = Array.from({ length }, (_, k) => Math.exp(-((k - (length - 1) / 2) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

// Where each place from `reach` before an axis to `reach` beyond it is read.
const mirroredAll = (length, reach) => Int32Array.from({ length: length + 2 * reach }, (_, i) => mirrored(i - reach, length));

function mirrored(index, length) {
  if (length === 1) return 0;
  const period = 2 * (length - 1), inside = ((index % period) + period) % period;
  return inside < length ? inside : period - inside;
}
