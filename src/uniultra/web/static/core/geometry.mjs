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
export function sample(whole, part, size) {
  const [sx, sy] = scales(part, size), [image, region] = near(whole, part, 1 + Math.ceil(1 / sx), 1 + Math.ceil(1 / sy));
  const source = Math.min(sx, sy) < 1 ? blur(image, 1 / sx, 1 / sy) : image;
  const out = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const value = bilinear(source, (x + 0.5) / sx + region.x0, (y + 0.5) / sy + region.y0, blackOutside);
      out[y * size + x] = Math.round(value);
    }
  }
  return out;
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
  const grid = { width: side, height: side, pixels: logits };
  const full = new Float32Array(width * height).fill(OUTSIDE_LOGIT);
  const [left, right] = covered(region.x0, region.x1, width);
  const [top, bottom] = covered(region.y0, region.y1, height);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const [gx, gy] = toModel([x, y], region, side);
      full[y * width + x] = bilinear(grid, gx, gy, nearestInside);
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

const blackOutside = ({ width, height, pixels }, x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : pixels[y * width + x]);
const nearestInside = ({ width, height, pixels }, x, y) => pixels[clamp(y, 0, height - 1) * width + clamp(x, 0, width - 1)];

function bilinear(image, x, y, at) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - left, y - top];
  const upper = at(image, left, top) * (1 - fx) + at(image, left + 1, top) * fx;
  const lower = at(image, left, top + 1) * (1 - fx) + at(image, left + 1, top + 1) * fx;
  return upper * (1 - fy) + lower * fy;
}

// Gaussian blur, as OpenCV's of 8 bits with its own size for this sigma.
export function smoothed(image, sigma) {
  const weights = gaussian(sigma, 2 * Math.floor(3 * sigma + 0.5) + 1);
  return blurred(image, weights, weights);
}

// For shrinking by these factors.
function blur(image, shrinkX, shrinkY) {
  const weights = (shrink) => gaussian(Math.max(0.35 * shrink, 1e-3), 2 * Math.ceil(Math.max(shrink, 1)) - 1);
  return blurred(image, weights(shrinkX), weights(shrinkY));
}

// By weights across and down, mirrored at the border without repeating it, rounded to whole grey levels.
function blurred({ width, height, pixels }, across, down) {
  const [reachX, reachY] = [(across.length - 1) / 2, (down.length - 1) / 2];
  const rows = new Float32Array(width * height), out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < across.length; k++) sum += across[k] * pixels[y * width + mirrored(x + k - reachX, width)];
      rows[y * width + x] = sum;
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < down.length; k++) sum += down[k] * rows[mirrored(y + k - reachY, height) * width + x];
      out[y * width + x] = Math.round(sum);
    }
  }
  return { width, height, pixels: out };
}

function gaussian(sigma, length) {
  const weights = Array.from({ length }, (_, k) => Math.exp(-((k - (length - 1) / 2) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

function mirrored(index, length) {
  if (length === 1) return 0;
  const period = 2 * (length - 1), inside = ((index % period) + period) % period;
  return inside < length ? inside : period - inside;
}
