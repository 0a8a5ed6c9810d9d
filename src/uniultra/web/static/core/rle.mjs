// COCO's compressed run lengths, as uniultra/io/coco.py writes and io/rle.py reads them: runs in column
// order, background first.

// Text to a Uint8Array of 0 and 1, row by row.
export function decode(text, { width, height }) {
  const mask = new Uint8Array(width * height);
  const runs = numbers(text);
  let at = 0;
  for (let index = 0; index < runs.length; index++) {
    const end = at + runs[index];
    if (end > mask.length || runs[index] < 0) throw new Error("the runs of a mask don't fit its image");
    if (index % 2 === 1) fill(mask, at, end, width, height);
    at = end;
  }
  if (at !== mask.length) throw new Error("the runs of a mask don't fill its image");
  return mask;
}

// The pixels inside, without the mask being made.
export const areaOf = (text) => numbers(text).reduce((sum, run, index) => sum + (index % 2) * run, 0);

// A Uint8Array of 0 and 1 to text.
export function encode(mask, { width, height }) {
  const runs = [];
  let [value, run] = [0, 0];
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if (mask[y * width + x] === value) {
        run++;
        continue;
      }
      runs.push(run);
      [value, run] = [1 - value, 1];
    }
  }
  runs.push(run);
  return text(runs);
}

function fill(mask, from, to, width, height) {
  let x = Math.floor(from / height),
    y = from - x * height;
  for (let at = from; at < to; at++) {
    mask[y * width + x] = 1;
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
