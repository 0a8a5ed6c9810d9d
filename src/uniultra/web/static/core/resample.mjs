// Pictures made smaller, smoothed and compared, as OpenCV does it for uniultra/tracking.

// The picture with each pixel the mean of what lies under it; where a side grows, between the two nearest pixels. Whole grey levels.
export function areaResized(image, width, height) {
  const shrinks = image.width >= width && image.height >= height;
  const taps = shrinks ? means : between, columns = taps(image.width, width), rows = taps(image.height, height);
  const half = new Float32Array(width * image.height), out = new Uint8Array(width * height);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x];
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * image.pixels[y * image.width + first + k];
      half[y * width + x] = sum;
    }
  }
  for (let y = 0; y < height; y++) {
    const { first, weights } = rows[y];
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * half[(first + k) * width + x];
      out[y * width + x] = Math.round(sum);
    }
  }
  return { width, height, pixels: out };
}

function means(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const [start, end] = [i * scale, Math.min((i + 1) * scale, from)], first = Math.floor(start + 1e-9), last = Math.max(first + 1, Math.ceil(end - 1e-9));
    const shares = Array.from({ length: last - first }, (_, k) => Math.min(end, first + k + 1) - Math.max(start, first + k));
    const sum = shares.reduce((a, b) => a + b);
    return { first, weights: shares.map((share) => share / sum) };
  });
}

function between(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const low = Math.floor(i * scale), rest = i + 1 - (low + 1) / scale, share = rest <= 0 ? 0 : rest - Math.floor(rest);
    return low + 1 < from && share > 0 ? { first: low, weights: [1 - share, share] } : { first: Math.min(low, from - 1), weights: [1] };
  });
}

// A part of a picture, by whole pixels [x0, x1) and [y0, y1) within it.
export function cropped({ width, pixels }, x0, y0, x1, y1) {
  const out = new Uint8Array((x1 - x0) * (y1 - y0));
  for (let y = y0; y < y1; y++) out.set(pixels.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0));
  return { width: x1 - x0, height: y1 - y0, pixels: out };
}

// Pearson's correlation of two lists of pixels; 0 where one of them is flat. `where` tells which count.
export function correlation(a, b, where = null) {
  let [count, sa, sb, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    if (where && !where[i]) continue;
    count++; sa += a[i]; sb += b[i]; aa += a[i] * a[i]; bb += b[i] * b[i]; ab += a[i] * b[i];
  }
  if (!count) return 0;
  const size = Math.sqrt(Math.max(aa - sa * sa / count, 0) * Math.max(bb - sb * sb / count, 0));
  return size > 1e-6 ? (ab - sa * sb / count) / size : 0;
}

// The place of the picture that is most like the pattern, by normalised cross-correlation: [column, row] of its first pixel.
export function matched(image, pattern) {
  let [best, place] = [-Infinity, [0, 0]];
  const part = new Float32Array(pattern.pixels.length);
  for (let row = 0; row + pattern.height <= image.height; row++) {
    for (let column = 0; column + pattern.width <= image.width; column++) {
      for (let y = 0; y < pattern.height; y++) {
        const from = (row + y) * image.width + column;
        for (let x = 0; x < pattern.width; x++) part[y * pattern.width + x] = image.pixels[from + x];
      }
      const like = correlation(part, pattern.pixels);
      if (like > best) [best, place] = [like, [column, row]];
    }
  }
  return place;
}

// Distances from the pixels of a mask to the nearest that is none, by a chamfer of 5 x 5; `edge` is that of what lies beyond the array.
export function depths(inside, width, height, edge = 0) {
  const side = width + 4, far = new Float32Array(side * (height + 4)).fill(edge), found = new Float32Array(width * height);
  const steps = [1, side, side + 1, side - 1, side + 2, 2 * side + 1, 2 * side - 1, side - 2], lengths = [1, 1, 1.4, 1.4, 2.1969, 2.1969, 2.1969, 2.1969];
  const at = (y) => (y + 2) * side + 2;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) far[at(y) + x] = inside[y * width + x] ? 1e6 : 0;
  const shorten = (i, sign) => {
    let least = far[i];
    for (let k = 0; k < 8; k++) least = Math.min(least, far[i + sign * steps[k]] + lengths[k]);
    far[i] = least;
  };
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (inside[y * width + x]) shorten(at(y) + x, -1);
  for (let y = height - 1; y >= 0; y--) for (let x = width - 1; x >= 0; x--) if (inside[y * width + x]) shorten(at(y) + x, 1);
  for (let y = 0; y < height; y++) found.set(far.subarray(at(y), at(y) + width), y * width);
  return found;
}

// The pixel of a mask that lies farthest from its border (the array's edge is one): [x, y].
export function innermost(inside, width, height) {
  const far = depths(inside, width, height);
  let most = 0;
  for (let i = 1; i < far.length; i++) if (far[i] > far[most]) most = i;
  return [most % width, Math.floor(most / width)];
}
