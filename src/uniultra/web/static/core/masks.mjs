// Connected parts of masks (Uint8Array of 0 and 1), as uniultra/postprocess.py keeps and drops them.

// The mask without parts below `minPart` of its largest one; parts that hold a positive click stay.
export function withoutSpecks(mask, size, clicks, minPart) {
  const found = partsOf(mask, size);
  if (!found) return mask;
  const largest = Math.max(...found.counts);
  const large = found.counts.flatMap((count, index) => (count >= minPart * largest ? [index + 1] : []));
  return only(found, size, new Set([...large, ...clicked(found, size, clicks)]));
}

// The parts that hold a positive click; the largest where none does.
export function underClicks(mask, size, clicks) {
  const found = partsOf(mask, size);
  if (!found) return mask;
  const hit = clicked(found, size, clicks);
  return only(found, size, hit.size > 0 ? hit : new Set([1 + found.counts.indexOf(Math.max(...found.counts))]));
}

// The mask with its holes filled that are below `maxHole` of its area, but those with a negative click. A hole is background that the
// mask encloses, neighbours by their sides: it lies within the mask's box, off its border.
export function withoutHoles(mask, size, negatives, maxHole) {
  const window = maxHole ? windowOf(mask, size) : null;
  if (!window) return mask;
  const { left, top, width, height, pixels } = window;
  let area = 0;
  for (let i = 0; i < pixels.length; i++) area += pixels[i];
  const background = pixels.map((value) => 1 - value), found = { ...window, ...connectedParts(background, window, false) };
  const { parts, counts } = found, open = clicked(found, size, negatives).add(0);
  for (let x = 0; x < width; x++) open.add(parts[x]).add(parts[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) open.add(parts[y * width]).add(parts[(y + 1) * width - 1]);
  const filled = counts.map((count, index) => !open.has(index + 1) && count < maxHole * area);
  if (!filled.includes(true)) return mask;
  const out = mask.slice();
  for (let i = 0; i < parts.length; i++) {
    if (filled[parts[i] - 1]) out[(top + Math.floor(i / width)) * size.width + left + (i % width)] = 1;
  }
  return out;
}

// IoU of two masks of one size; 1 for two empty ones.
// Where the mask of a tight box, whose `logits` are positive in the mask, spans that box best: [mask, logits] above the logit, of -2.5 to 2.5 in
// eighths, with the highest IoU of the box and the mask's own, less `cost` times its distance from 0; null where that is 0, or the mask is empty.
export function spanning(mask, logits, { width, height }, box, cost) {
  if (!mask.includes(1)) return null;
  const rows = new Float32Array(height).fill(-Infinity), columns = new Float32Array(width).fill(-Infinity);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (logits[at] > rows[y]) rows[y] = logits[at];
      if (logits[at] > columns[x]) columns[x] = logits[at];
    }
  }
  let best = -Infinity, cut = 0;
  for (let step = -20; step <= 20; step++) {
    const score = spanned(rows, columns, step / 8, box) - (cost * Math.abs(step)) / 8;
    if (score > best) [best, cut] = [score, step / 8];
  }
  if (cut === 0) return null;
  const moved = logits.map((value) => value - cut);
  return [Uint8Array.from(moved, (value) => (value > 0 ? 1 : 0)), moved];
}

// IoU of a box with that of the pixels above a cut, of which the highest logit of each row and column is given; 0 where there is none.
function spanned(rows, columns, cut, { x0, y0, x1, y1 }) {
  const above = (value) => value > cut, top = rows.findIndex(above) - 0.5, left = columns.findIndex(above) - 0.5;
  if (top < -0.5) return 0;
  const bottom = rows.findLastIndex(above) + 0.5, right = columns.findLastIndex(above) + 0.5;
  const across = Math.max(Math.min(x1, right) - Math.max(x0, left), 0), down = Math.max(Math.min(y1, bottom) - Math.max(y0, top), 0);
  return (across * down) / ((right - left) * (bottom - top) + (x1 - x0) * (y1 - y0) - across * down);
}

export function overlap(a, b) {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) [both, either] = [both + (a[i] & b[i]), either + (a[i] | b[i])];
  return either === 0 ? 1 : both / either;
}

// The tight box by outer pixel edges; null for an empty mask.
export function maskBox(mask, { width }) {
  const first = mask.indexOf(1);
  if (first < 0) return null;
  const y0 = Math.floor(first / width), y1 = Math.floor(mask.lastIndexOf(1) / width);
  let [x0, x1] = [width, -1];
  for (let y = y0; y <= y1; y++) {
    const row = mask.subarray(y * width, (y + 1) * width), left = row.indexOf(1);
    if (left < 0) continue;
    if (left < x0) x0 = left;
    const right = row.lastIndexOf(1);
    if (right > x1) x1 = right;
  }
  return { x0: x0 - 0.5, y0: y0 - 0.5, x1: x1 + 0.5, y1: y1 + 0.5 };
}

// The part of a mask within its box: {left, top, width, height, pixels}; null of an empty one. Beyond it a mask costs nothing.
function windowOf(mask, size) {
  const box = maskBox(mask, size);
  if (!box) return null;
  const [left, top] = [box.x0 + 0.5, box.y0 + 0.5], [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * size.width + left;
    pixels.set(mask.subarray(from, from + width), y * width);
  }
  return { left, top, width, height, pixels };
}

// The window of a mask with its connected parts; null of an empty mask.
function partsOf(mask, size) {
  const window = windowOf(mask, size);
  return window && { ...window, ...connectedParts(window.pixels, window) };
}

// Parts numbered from 1 in reading order, neighbours by sides and, unless told otherwise, corners; and their pixel counts.
function connectedParts(mask, { width, height }, corners = true) {
  const parts = new Int32Array(width * height), counts = [];
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || parts[start]) continue;
    const number = counts.push(0), stack = [start];
    parts[start] = number;
    while (stack.length > 0) {
      const index = stack.pop(), x = index % width, y = (index - x) / width;
      counts[number - 1]++;
      for (let ny = Math.max(y - 1, 0); ny <= Math.min(y + 1, height - 1); ny++) {
        for (let nx = Math.max(x - 1, 0); nx <= Math.min(x + 1, width - 1); nx++) {
          const next = ny * width + nx, near = corners || nx === x || ny === y;
          if (near && mask[next] && !parts[next]) { parts[next] = number; stack.push(next); }
        }
      }
    }
  }
  return { parts, counts };
}

function clicked({ parts, left, top, width, height }, size, clicks) {
  const at = ([x, y]) => {
    const [column, row] = [Math.min(evenRound(x), size.width - 1) - left, Math.min(evenRound(y), size.height - 1) - top];
    return column >= 0 && row >= 0 && column < width && row < height ? parts[row * width + column] : 0;
  };
  return new Set(clicks.map(at).filter((number) => number > 0));
}

// Halves to the even neighbour, as Python rounds.
export function evenRound(value) {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

function only({ parts, left, top, width }, size, kept) {
  const out = new Uint8Array(size.width * size.height);
  for (let i = 0; i < parts.length; i++) {
    if (kept.has(parts[i])) out[(top + Math.floor(i / width)) * size.width + left + (i % width)] = 1;
  }
  return out;
}
