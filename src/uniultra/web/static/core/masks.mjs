// Connected parts of masks (Uint8Array of 0 and 1), as uniultra/postprocess.py keeps and drops them.

// The mask without parts below `minPart` of its largest one; parts that hold a positive click stay.
export function withoutSpecks(mask, size, clicks, minPart) {
  const { parts, counts } = connectedParts(mask, size);
  const largest = Math.max(0, ...counts);
  const large = counts.flatMap((count, index) => (count >= minPart * largest ? [index + 1] : []));
  return only(parts, new Set([...large, ...clicked(parts, size, clicks)]));
}

// The parts that hold a positive click; the largest where none does.
export function underClicks(mask, size, clicks) {
  const { parts, counts } = connectedParts(mask, size);
  const hit = clicked(parts, size, clicks);
  if (hit.size > 0 || counts.length === 0) return only(parts, hit);
  return only(parts, new Set([1 + counts.indexOf(Math.max(...counts))]));
}

// The mask with its holes filled that are below `maxHole` of its area, but those with a negative click. A hole is background that the
// mask encloses, neighbours by their sides; what reaches the image's border is none.
export function withoutHoles(mask, { width, height }, negatives, maxHole) {
  if (!maxHole) return mask;
  const { parts, counts } = connectedParts(mask.map((value) => 1 - value), { width, height }, false);
  const open = clicked(parts, { width, height }, negatives);
  for (let x = 0; x < width; x++) open.add(parts[x]).add(parts[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) open.add(parts[y * width]).add(parts[(y + 1) * width - 1]);
  const most = maxHole * mask.reduce((sum, value) => sum + value, 0);
  return mask.map((value, i) => (value || (!open.has(parts[i]) && counts[parts[i] - 1] < most) ? 1 : 0));
}

// IoU of two masks of one size; 1 for two empty ones.
export function overlap(a, b) {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) [both, either] = [both + (a[i] & b[i]), either + (a[i] | b[i])];
  return either === 0 ? 1 : both / either;
}

// The tight box by outer pixel edges; null for an empty mask.
export function maskBox(mask, { width, height }) {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x]) [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
    }
  }
  return x0 === Infinity ? null : { x0: x0 - 0.5, y0: y0 - 0.5, x1: x1 + 0.5, y1: y1 + 0.5 };
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

function clicked(parts, { width, height }, clicks) {
  const at = ([x, y]) => parts[Math.min(evenRound(y), height - 1) * width + Math.min(evenRound(x), width - 1)];
  return new Set(clicks.map(at).filter((number) => number > 0));
}

// Halves to the even neighbour, as Python rounds.
export function evenRound(value) {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}

const only = (parts, kept) => Uint8Array.from(parts, (number) => (kept.has(number) ? 1 : 0));
