// JPEG baseline (ITU-T T.81), chroma halved across (4:2:2) as DICOM's YBR_FULL_422 has it; a browser's own encoder can't be told so.

import { joined } from "./bytes.mjs";

const QUALITY = 95;
const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29,
  22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];
// Tables of annex K: steps of luma and chroma, row by row, and of both the codes: how many of each length, and what they stand for.
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103,
  77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMA = [17, 18, 24, 47, 18, 21, 26, 66, 24, 26, 56, 99, 47, 66, 99, 99];
const STEPS = [LUMA, Array.from({ length: 64 }, (_, i) => (i % 8 < 4 && i < 32 ? CHROMA[4 * (i >> 3) + (i % 8)] : 99))].map((table) =>
  table.map((step) => Math.max(1, Math.floor((step * (200 - 2 * QUALITY) + 50) / 100))),
);
const CLASSES = Array.from({ length: 12 }, (_, i) => i);
const LUMA_AC =
  "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a5354555657" +
  "58595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8" +
  "d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa";
const CHROMA_AC =
  "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a53545556" +
  "5758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6" +
  "d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa";
const bytesOf = (hex) => hex.match(/../g).map((two) => parseInt(two, 16));
const TABLES = [
  { kind: 0x00, lengths: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], values: CLASSES },
  { kind: 0x10, lengths: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], values: bytesOf(LUMA_AC) },
  { kind: 0x01, lengths: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], values: CLASSES },
  { kind: 0x11, lengths: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], values: bytesOf(CHROMA_AC) },
];
const CODES = TABLES.map(codesOf);
const COSINES = Float64Array.from({ length: 64 }, (_, i) => (i < 8 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * (i % 8) + 1) * (i >> 3) * Math.PI) / 16));

// [code, length] by what it stands for.
function codesOf({ lengths, values }) {
  const found = [];
  let [code, at] = [0, 0];
  lengths.forEach((count, index) => {
    for (let i = 0; i < count; i++) found[values[at++]] = [code++, index + 1];
    code *= 2;
  });
  return found;
}

// A picture, {width, height, data} of RGBA, as a JPEG file.
export function jpeg({ width, height, data }) {
  const planes = planesOf(data, width, height),
    out = new Bits(),
    before = [0, 0, 0];
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 16) {
      for (const x of [left, left + 8]) before[0] = block(out, planes[0], [x, top], before[0], 0);
      for (const chroma of [1, 2]) before[chroma] = block(out, planes[chroma], [left / 2, top], before[chroma], 1);
    }
  }
  return joined(head(width, height), out.finished(), Uint8Array.of(0xff, 0xd9));
}

// Luma, and two of chroma of half the width, each {values, across}, in whole units of 16 x 8 whose rest repeats the border.
function planesOf(data, width, height) {
  const wide = 16 * Math.ceil(width / 16),
    high = 8 * Math.ceil(height / 8);
  const [luma, blue, red] = [wide, wide / 2, wide / 2].map((across) => ({ across, values: new Float32Array(across * high) }));
  for (let y = 0; y < high; y++) {
    const row = Math.min(y, height - 1) * width;
    for (let x = 0; x < wide; x++) {
      const at = 4 * (row + Math.min(x, width - 1)),
        [r, g, b] = [data[at], data[at + 1], data[at + 2]],
        half = y * (wide / 2) + (x >> 1);
      luma.values[y * wide + x] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
      blue.values[half] += (-0.168736 * r - 0.331264 * g + 0.5 * b) / 2;
      red.values[half] += (0.5 * r - 0.418688 * g - 0.081312 * b) / 2;
    }
  }
  return [luma, blue, red];
}

const [ROWS, FOUND] = [new Float64Array(64), new Int32Array(64)];

// One block of 8 x 8, transformed, rounded to steps and written; its first coefficient.
function block(out, { values, across }, [left, top], before, kind) {
  for (let y = 0; y < 8; y++) {
    const from = (top + y) * across + left;
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += values[from + x] * COSINES[8 * u + x];
      ROWS[8 * u + y] = sum;
    }
  }
  for (let i = 0; i < 64; i++) {
    const place = ZIGZAG[i],
      [v, u] = [place >> 3, place & 7];
    let sum = 0;
    for (let y = 0; y < 8; y++) sum += ROWS[8 * u + y] * COSINES[8 * v + y];
    FOUND[i] = Math.round(sum / STEPS[kind][place]);
  }
  const [first, rest] = [CODES[2 * kind], CODES[2 * kind + 1]];
  coefficient(out, first, 0, FOUND[0] - before);
  let [zeros, last] = [0, 63];
  while (last > 0 && !FOUND[last]) last--;
  for (let i = 1; i <= last; i++) {
    if (!FOUND[i]) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) out.add(...rest[0xf0]);
    coefficient(out, rest, zeros, FOUND[i]);
    zeros = 0;
  }
  if (last < 63) out.add(...rest[0]);
  return FOUND[0];
}

// A value behind some zeros: the code of both and of its length, then its bits, of what is below 0 one less.
function coefficient(out, codes, zeros, value) {
  const length = 32 - Math.clz32(Math.abs(value));
  out.add(...codes[16 * zeros + length]);
  if (length) out.add(value < 0 ? value + (1 << length) - 1 : value, length);
}

// Bits as they come, a zero behind each byte of ones (B.1.1.5).
class Bits {
  constructor() {
    Object.assign(this, { bytes: new Uint8Array(65536), size: 0, held: 0, count: 0 });
  }

  add(value, length) {
    this.held = (this.held << length) | value;
    this.count += length;
    for (; this.count >= 8; this.count -= 8) this.byte((this.held >>> (this.count - 8)) & 255);
    this.held &= 255;
  }

  byte(value) {
    if (this.size + 2 > this.bytes.length) this.bytes = joined(this.bytes, new Uint8Array(this.bytes.length));
    this.bytes[this.size++] = value;
    if (value === 255) this.bytes[this.size++] = 0;
  }

  finished() {
    if (this.count) this.add(127, 7);
    return this.bytes.subarray(0, this.size);
  }
}

function head(width, height) {
  const size = (length) => [length >> 8, length & 255];
  const marker = (kind, ...bytes) => [0xff, kind, ...size(bytes.length + 2), ...bytes];
  const steps = STEPS.flatMap((table, kind) => marker(0xdb, kind, ...ZIGZAG.map((place) => table[place])));
  const codes = TABLES.flatMap(({ kind, lengths, values }) => marker(0xc4, kind, ...lengths, ...values));
  return Uint8Array.from([
    0xff,
    0xd8,
    ...marker(0xe0, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0),
    ...steps,
    ...marker(0xc0, 8, ...size(height), ...size(width), 3, 1, 0x21, 0, 2, 0x11, 1, 3, 0x11, 1),
    ...codes,
    ...marker(0xda, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0),
  ]);
}
