// COCO's compressed run lengths, as uniultra/io/coco.py writes and reads them: runs in column
// order, background first.

// Text to a Uint8Array of 0 and 1, row by row.
export function decode(text, size) {
  const mask = new Uint8Array(size.width * size.height);
  const { left, top, width, height, pixels } = decodeWindow(text, size);
  for (let y = 0; y < height; y++) {
    mask.set(pixels.subarray(y * width, (y + 1) * width), (top + y) * size.width + left);
  }
  return mask;
}

// The part of a mask that holds all that is inside: {left, top, width, height, pixels}; nothing of an empty one.
export function decodeWindow(text, { width, height }) {
  const runs = numbers(text), inside = []; // pairs of first and end, in column order
  let at = 0;
  for (let index = 0; index < runs.length; index++) {
    const end = at + runs[index];
    if (end > width * height || runs[index] < 0) throw new Error("the runs of a mask don't fit its image");
    if (index % 2 === 1 && end > at) inside.push(at, end);
    at = end;
  }
  if (at !== width * height) throw new Error("the runs of a mask don't fill its image");
  if (!inside.length) return { left: 0, top: 0, width: 0, height: 0, pixels: new Uint8Array(0) };
  const left = Math.floor(inside[0] / height),
    right = Math.floor((inside.at(-1) - 1) / height);
  const [top, bottom] = rowsOf(inside, height);
  const found = { left, top, width: right - left + 1, height: bottom - top + 1 };
  found.pixels = new Uint8Array(found.width * found.height);
  for (let index = 0; index < inside.length; index += 2) fill(found, inside[index], inside[index + 1], height);
  return found;
}

// The pixels inside, without the mask being made.
export const areaOf = (text) => numbers(text).reduce((sum, run, index) => sum + (index % 2) * run, 0);

// A Uint8Array of 0 and 1 to text.
export function encode(mask, { width, height }) {
  const first = mask.indexOf(1);
  if (first < 0) return text([width * height]);
  const [top, bottom] = [Math.floor(first / width), Math.floor(mask.lastIndexOf(1) / width)];
  const runs = [];
  let [value, run] = [0, 0];
  for (let x = 0; x < width; x++) {
    if (value && top > 0) {
      runs.push(run);
      [value, run] = [0, 0];
    }
    run += top; // background, or nothing
    for (let y = top; y <= bottom; y++) {
      if (mask[y * width + x] === value) run++;
      else {
        runs.push(run);
        [value, run] = [1 - value, 1];
      }
    }
    if (value && bottom < height - 1) {
      runs.push(run);
      [value, run] = [0, 0];
    }
    if (!value) run += height - 1 - bottom;
  }
  runs.push(run);
  return text(runs);
}

// The first and last row that runs in column order reach.
function rowsOf(inside, height) {
  let [top, bottom] = [height - 1, 0];
  for (let index = 0; index < inside.length; index += 2) {
    const first = inside[index] % height,
      length = inside[index + 1] - inside[index];
    if (first + length > height) return [0, height - 1]; // around a column's end
    top = Math.min(top, first);
    bottom = Math.max(bottom, first + length - 1);
  }
  return [top, bottom];
}

function fill({ left, top, width, pixels }, from, to, height) {
  let x = Math.floor(from / height),
    y = from - x * height;
  for (let at = from; at < to; at++) {
    pixels[(y - top) * width + x - left] = 1;
    if (++y === height) {
      y = 0;
      x++;
    }
  }
}

// Five bits a sign, lowest first, from "0" on; from the fourth run on each is less the one two before it.
function text(runs) {
  let out = "";
  runs.forEach((run, index) => {
    let left = index > 2 ? run - runs[index - 2] : run;
    for (let more = true; more;) {
      const part = left & 0x1f;
      left >>= 5;
      more = left !== (part & 0x10 ? -1 : 0);
      out += String.fromCharCode((more ? part | 0x20 : part) + 48);
    }
  });
  return out;
}

function numbers(signs) {
  const runs = [];
  let [value, shift] = [0, 0];
  for (const sign of signs) {
    const part = sign.charCodeAt(0) - 48;
    value |= (part & 0x1f) << shift;
    shift += 5;
    if (part & 0x20) continue;
    if (part & 0x10 && shift < 32) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
    [value, shift] = [0, 0];
  }
  return runs;
}
