// Frames of encapsulated pixel data: where their parts lie, and what no browser decodes of them, RLE (PS3.5 annex G) and lossless JPEG.

import { tagAt } from "./dicom_elements.mjs";
import { losslessJpeg } from "./lossless_jpeg.mjs";

const ITEM = 0xfffee000;
export const RLE = "1.2.840.10008.1.2.5",
  LOSSLESS = ["1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"];

// Of each frame its parts, [from, to) each: by the table of offsets, else a part a frame, else where a JPEG ends (PS3.5 A.4).
export function framesOf(view, bytes, at, count) {
  const parts = [];
  while (at + 8 <= bytes.length && tagAt(view, at) === ITEM) {
    const end = at + 8 + view.getUint32(at + 4, true);
    if (end > bytes.length) break;
    parts.push([at + 8, end]);
    at = end;
  }
  const table = parts.shift();
  if (!table || !parts.length) throw new Error("it has no pixel data");
  const offsets = Array.from({ length: (table[1] - table[0]) >> 2 }, (_, i) => view.getUint32(table[0] + 4 * i, true));
  const frames = grouped(bytes, parts, offsets, table[1], count);
  if (frames.length !== count) throw new Error(`its ${count} frames lie in ${frames.length} pieces; use \`uniultra open\``);
  return frames;
}

function grouped(bytes, parts, offsets, base, count) {
  if (parts.length === count) return parts.map((part) => [part]);
  if (count === 1) return [parts];
  const begins = offsets.length === count ? new Set(offsets.map((offset) => base + offset + 8)) : null;
  const frames = [];
  let open = false;
  for (const part of parts) {
    if (begins ? begins.has(part[0]) : !open) frames.push([]);
    frames.at(-1)?.push(part);
    open = !endsJpeg(bytes, part[1]);
  }
  return frames;
}

// Whether a JPEG ends there; a byte may be padding.
function endsJpeg(bytes, end) {
  const at = bytes[end - 1] === 0 ? end - 1 : end;
  return bytes[at - 2] === 0xff && bytes[at - 1] === 0xd9;
}

export function joinedParts(bytes, parts) {
  if (parts.length === 1) return bytes.subarray(...parts[0]);
  const all = new Uint8Array(parts.reduce((sum, [from, to]) => sum + to - from, 0));
  let at = 0;
  for (const [from, to] of parts) {
    all.set(bytes.subarray(from, to), at);
    at += to - from;
  }
  return all;
}

const ADOBE_RGB = Uint8Array.of(0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0); // T.872: no transform

// A JPEG of three samples that doesn't say what they are, marked as the RGB that its file's header calls them: a browser would take them for YCbCr.
// Subsampled ones are no RGB (PS3.5 8.2.1), whatever the header says.
export function markedRgb(data) {
  const says = (at, word) => [...word].every((sign, i) => data[at + i] === sign.charCodeAt(0));
  for (let at = 2; at + 10 < data.length && data[at] === 0xff; at += 2 + data[at + 2] * 256 + data[at + 3]) {
    const marker = data[at + 1];
    if ((marker === 0xe0 && says(at + 4, "JFIF")) || (marker === 0xee && says(at + 4, "Adobe"))) return data;
    if (marker < 0xc0 || marker > 0xc2) continue;
    const whole = data[at + 9] === 3 && [0, 1, 2].every((i) => data[at + 11 + 3 * i] === data[at + 11]);
    if (!whole) return data;
    const marked = new Uint8Array(data.length + ADOBE_RGB.length);
    marked.set(data.subarray(0, 2));
    marked.set(ADOBE_RGB, 2);
    marked.set(data.subarray(2), 2 + ADOBE_RGB.length);
    return marked;
  }
  return data;
}

// {stored, planar}: the values of a frame as native pixel data has them, and whether colours follow each other plane by plane.
export function decodedFrame(data, syntax, { width, height, samples, packing: { allocated } }) {
  const wide = allocated >> 3,
    area = width * height;
  if (syntax === RLE) return { stored: unpacked(data, area, samples, wide), planar: true };
  const found = losslessJpeg(data);
  if (found.width !== width || found.height !== height || found.samples !== samples || found.bits > allocated)
    throw new Error(`a frame is coded as ${found.width} x ${found.height} pixels of ${found.samples} samples, which its header denies; export it again`);
  const stored = wide === 2 ? new Uint8Array(found.values.buffer) : Uint8Array.from(found.values);
  return { stored, planar: false };
}

// Planes of bytes, the highest byte of a value first, to values, lowest byte first.
function unpacked(data, area, samples, wide) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength),
    planes = samples * wide;
  if (data.length < 64 || view.getUint32(0, true) !== planes) throw new Error("its RLE data is damaged; export it again");
  const stored = new Uint8Array(area * planes);
  for (let plane = 0; plane < planes; plane++) {
    const from = view.getUint32(4 + 4 * plane, true),
      next = plane + 1 < planes ? view.getUint32(8 + 4 * plane, true) : data.length;
    const bytes = plainBytes(data, from, Math.min(next, data.length), area);
    const start = Math.floor(plane / wide) * area * wide + (wide - 1 - (plane % wide));
    if (wide === 1) stored.set(bytes, start);
    else for (let i = 0; i < area; i++) stored[start + wide * i] = bytes[i];
  }
  return stored;
}

function plainBytes(data, at, end, area) {
  const bytes = new Uint8Array(area);
  let filled = 0;
  while (at < end && filled < area) {
    const head = data[at++];
    if (head === 128) continue;
    const count = Math.min(head < 128 ? head + 1 : 257 - head, area - filled);
    if (head > 128) bytes.fill(data[at], filled, filled + count);
    else bytes.set(data.subarray(at, Math.min(at + count, end)), filled);
    at += head < 128 ? head + 1 : 1;
    filled += count;
  }
  if (filled < area) throw new Error("its RLE data is truncated; copy or export it again");
  return bytes;
}
