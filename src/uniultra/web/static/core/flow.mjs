// How a picture moved: dense inverse search (Kroeger et al., ECCV 2016), as uniultra/tracking/motion.py asks OpenCV for it. Pictures are
// {width, height, pixels} with grey levels 0 to 255.

import { areaResized } from "./resample.mjs";

const PATCH = 8, STRIDE = 4, STEPS = 8, LEAST_SIDE = 16;

// For each pixel of `now` the step to where it came from in `before`: {width, height, dx, dy}, Float32Arrays in pixels.
export function flowBetween(now, before) {
  const { width, height } = now;
  if (Math.min(width, height) < LEAST_SIDE) return { width, height, dx: new Float32Array(width * height), dy: new Float32Array(width * height) };
  const levels = [[now, before]];
  for (let n = coarsest(width, height); n > 0; n--) levels.push(levels.at(-1).map(halved));
  let flow = null;
  for (const [here, there] of levels.reverse()) flow = refined(here, there, flow && doubled(flow, here));
  return flow;
}

// How often the pictures are halved: until a quarter of the longer side is a patch, or the shorter side is one.
function coarsest(width, height) {
  const far = Math.floor(Math.log2(Math.max(width, height) / (4 * PATCH)) + 0.5), most = Math.floor(Math.log2(Math.min(width, height) / PATCH));
  return Math.max(0, Math.min(far, most));
}

const halved = (picture) => areaResized(picture, picture.width >> 1, picture.height >> 1);

function doubled({ width, height, dx, dy }, to) {
  const grow = (pixels) => {
    const out = new Float32Array(to.width * to.height);
    for (let y = 0; y < to.height; y++) {
      for (let x = 0; x < to.width; x++) {
        const value = atEdge(pixels, width, height, ((x + 0.5) * width) / to.width - 0.5, ((y + 0.5) * height) / to.height - 0.5);
        out[y * to.width + x] = 2 * value;
      }
    }
    return out;
  };
  return { width: to.width, height: to.height, dx: grow(dx), dy: grow(dy) };
}

// Bilinear, the nearest pixel beyond the edges.
export function atEdge(pixels, width, height, x, y) {
  x = x < 0 ? 0 : x > width - 1 ? width - 1 : x;
  y = y < 0 ? 0 : y > height - 1 ? height - 1 : y;
  const left = Math.floor(x), top = Math.floor(y), fx = x - left, fy = y - top;
  const right = left + 1 < width ? left + 1 : left, row = top * width, below = top + 1 < height ? row + width : row;
  const upper = pixels[row + left] * (1 - fx) + pixels[row + right] * fx;
  return upper * (1 - fy) + (pixels[below + left] * (1 - fx) + pixels[below + right] * fx) * fy;
}

// One level: a search from each patch of a grid, then the mean of the patches over each pixel.
function refined(here, there, start) {
  const { width, height } = here, across = 1 + Math.floor((width - PATCH) / STRIDE), down = 1 + Math.floor((height - PATCH) / STRIDE);
  const grid = { across, down, ux: new Float32Array(across * down), uy: new Float32Array(across * down) };
  const search = new Search(here, there);
  for (let i = 0; i < across * down; i++) {
    const middle = ((i / across | 0) * STRIDE + PATCH / 2) * width + (i % across) * STRIDE + PATCH / 2;
    if (start) [grid.ux[i], grid.uy[i]] = [start.dx[middle], start.dy[middle]];
  }
  for (const step of [1, -1]) {
    for (let n = 0; n < across * down; n++) {
      const i = step > 0 ? n : across * down - 1 - n, column = i % across, row = (i - column) / across;
      const beside = column - step >= 0 && column - step < across ? i - step : i, above = row - step >= 0 && row - step < down ? i - step * across : i;
      search.patch(column * STRIDE, row * STRIDE);
      let [best, ux, uy] = [Infinity, 0, 0];
      for (const j of [i, beside, above]) {
        const cost = search.cost(grid.ux[j], grid.uy[j]);
        if (cost < best) [best, ux, uy] = [cost, grid.ux[j], grid.uy[j]];
      }
      [grid.ux[i], grid.uy[i]] = search.descended(ux, uy, best);
    }
  }
  return densified(here, there, grid);
}

// Gauss-Newton steps for one patch of `here` after the other; a difference of brightness doesn't count.
class Search {
  constructor(here, there) {
    Object.assign(this, { here, there, seen: new Float32Array(PATCH * PATCH), gx: new Float32Array(PATCH * PATCH), gy: new Float32Array(PATCH * PATCH) });
    this.apart = new Float32Array(PATCH * PATCH);
  }

  patch(left, top) {
    const { width, height, pixels } = this.here, count = PATCH * PATCH;
    const at = (x, y) => pixels[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)];
    let [sx, sy, xx, xy, yy] = [0, 0, 0, 0, 0];
    for (let k = 0; k < count; k++) {
      const x = left + (k % PATCH), y = top + (k / PATCH | 0);
      const gx = (2 * (at(x + 1, y) - at(x - 1, y)) + at(x + 1, y - 1) - at(x - 1, y - 1) + at(x + 1, y + 1) - at(x - 1, y + 1)) / 8;
      const gy = (2 * (at(x, y + 1) - at(x, y - 1)) + at(x - 1, y + 1) - at(x - 1, y - 1) + at(x + 1, y + 1) - at(x + 1, y - 1)) / 8;
      [this.seen[k], this.gx[k], this.gy[k]] = [at(x, y), gx, gy];
      sx += gx; sy += gy; xx += gx * gx; xy += gx * gy; yy += gy * gy;
    }
    xx -= sx * sx / count; xy -= sx * sy / count; yy -= sy * sy / count;
    const det = xx * yy - xy * xy;
    Object.assign(this, { left, top, sx, sy, inverse: det > 1e-3 ? [yy / det, -xy / det, xx / det] : null });
  }

  // The spread of the differences to `there`, moved by (ux, uy); their sum is kept for the step.
  cost(ux, uy) {
    const { width, height, pixels } = this.there, count = PATCH * PATCH;
    let [sum, squares] = [0, 0];
    for (let k = 0; k < count; k++) {
      const apart = atEdge(pixels, width, height, this.left + (k % PATCH) + ux, this.top + (k / PATCH | 0) + uy) - this.seen[k];
      this.apart[k] = apart;
      sum += apart; squares += apart * apart;
    }
    this.sum = sum;
    return squares - sum * sum / count;
  }

  descended(ux, uy, cost) {
    if (!this.inverse) return [ux, uy];
    const [a, b, c] = this.inverse, count = PATCH * PATCH, from = [ux, uy];
    this.cost(ux, uy);
    for (let n = 0; n < STEPS; n++) {
      let [bx, by] = [0, 0];
      for (let k = 0; k < count; k++) { bx += this.gx[k] * this.apart[k]; by += this.gy[k] * this.apart[k]; }
      bx -= this.sx * this.sum / count; by -= this.sy * this.sum / count;
      const nx = ux - (a * bx + b * by), ny = uy - (b * bx + c * by), next = this.cost(nx, ny);
      if (!(next < cost)) break;
      [ux, uy, cost] = [nx, ny, next];
    }
    return Math.hypot(ux - from[0], uy - from[1]) > PATCH ? from : [ux, uy];
  }
}

function densified(here, there, { across, down, ux, uy }) {
  const { width, height } = here, dx = new Float32Array(width * height), dy = new Float32Array(width * height);
  const span = (x, count) => {
    const last = Math.min(Math.floor(x / STRIDE), count - 1);
    return [Math.min(Math.max(Math.ceil((x - PATCH + 1) / STRIDE), 0), last), last];
  };
  for (let y = 0; y < height; y++) {
    const [top, bottom] = span(y, down);
    for (let x = 0; x < width; x++) {
      const [left, right] = span(x, across), i = y * width + x;
      let [sum, sx, sy] = [0, 0, 0];
      for (let row = top; row <= bottom; row++) {
        for (let column = left; column <= right; column++) {
          const j = row * across + column;
          const apart = Math.abs(atEdge(there.pixels, width, height, x + ux[j], y + uy[j]) - here.pixels[i]), weight = 1 / Math.max(1, apart);
          sum += weight; sx += weight * ux[j]; sy += weight * uy[j];
        }
      }
      [dx[i], dy[i]] = [sx / sum, sy / sum];
    }
  }
  return { width, height, dx, dy };
}
