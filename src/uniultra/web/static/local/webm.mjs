// The coded frames of a WebM or Matroska (RFC 9559): where each lies, when it is shown, which ones stand alone.

import { av1Of, avcOf } from "./mp4.mjs";

const [SEGMENT, INFO, SCALE, TRACKS, ENTRY, CLUSTER, CLOCK, GROUP, BLOCK, SIMPLE, BACK] = [
  0x18538067, 0x1549a966, 0x2ad7b1, 0x1654ae6b, 0xae, 0x1f43b675, 0xe7, 0xa0, 0xa1, 0xa3, 0xfb,
];
const [NUMBER, TYPE, CODEC, PRIVATE, VIDEO, WIDTH, HEIGHT] = [0xd7, 0x83, 0x86, 0x63a2, 0xe0, 0xb0, 0xba];
const TOP = new Set([CLUSTER, INFO, TRACKS, 0x1c53bb6b, 0x1043a770, 0x1254c367, 0x1941a469, 0x114d9b74]);
const PLAIN_SCALE = 1e6; // nanoseconds

// As `readMp4`.
export function readWebm(bytes) {
  const segment = elements(bytes, 0, bytes.length).find(({ id }) => id === SEGMENT);
  if (!segment) throw new Error("it has no segment");
  const parts = elements(bytes, segment.at, segment.end),
    inside = (list, id) => list.filter((part) => part.id === id).flatMap(({ at, end }) => elements(bytes, at, end));
  const value = (list, id, otherwise) => number(bytes, list.find((part) => part.id === id), otherwise);
  const track = inside(parts, TRACKS)
    .filter(({ id }) => id === ENTRY)
    .map(({ at, end }) => elements(bytes, at, end))
    .find((entry) => value(entry, TYPE, 0) === 1);
  if (!track) throw new Error("it holds no video");
  const video = inside(track, VIDEO);
  const scale = value(inside(parts, INFO), SCALE, PLAIN_SCALE) / 1e9,
    samples = [];
  for (const cluster of parts.filter(({ id }) => id === CLUSTER)) {
    const blocks = elements(bytes, cluster.at, cluster.end),
      clock = value(blocks, CLOCK, 0);
    for (const block of blocks) samples.push(...frameOf(bytes, block, clock, scale, value(track, NUMBER, 1)));
  }
  return { width: value(video, WIDTH, 0), height: value(video, HEIGHT, 0), aspect: 1, ...codecOf(bytes, track), samples };
}

function codecOf(bytes, track) {
  const [named, own] = [CODEC, PRIVATE].map((id) => track.find((part) => part.id === id));
  const codec = named ? String.fromCharCode(...bytes.subarray(named.at, named.end)).replace(/\0+$/, "") : "";
  const record = own ? bytes.subarray(own.at, own.end) : null;
  if (codec === "V_VP8") return { codec: "vp8" };
  if (codec === "V_VP9") return { codec: "vp09.00.10.08" };
  if (codec === "V_AV1" && record) return { codec: av1Of(record) };
  if (codec === "V_MPEG4/ISO/AVC" && record) return avcOf(record);
  return { codec: codec || "none" };
}

// The frame of a block of the track, as a list of one or none.
function frameOf(bytes, { id, at, end }, clock, scale, track) {
  if (id === GROUP) {
    const parts = elements(bytes, at, end),
      key = !parts.some((part) => part.id === BACK);
    return parts.filter((part) => part.id === BLOCK).flatMap((part) => blockOf(bytes, part, clock, scale, track, key));
  }
  return id === SIMPLE ? blockOf(bytes, { at, end }, clock, scale, track, null) : [];
}

function blockOf(bytes, { at, end }, clock, scale, track, key) {
  const [number, from] = sized(bytes, at);
  if (number !== track) return [];
  const [high, low, flags] = bytes.subarray(from, from + 3);
  if (flags & 6) throw new Error("its blocks hold several frames each");
  const time = (clock + (((high << 8) | low) << 16 >> 16)) * scale;
  return [{ at: from + 3, length: end - from - 3, time, key: key ?? Boolean(flags & 128), shown: true }];
}

// {id, at, end} of each element; one of unknown size ends where the next of the top level begins.
function elements(bytes, at, end) {
  const found = [];
  while (at < end) {
    const width = Math.clz32(bytes[at]) - 23;
    if (width > 4) break;
    const id = bytes.subarray(at, at + width).reduce((sum, byte) => sum * 256 + byte, 0);
    const [size, from] = sized(bytes, at + width);
    const stop = size === Infinity ? unknownEnd(bytes, id, from, end) : Math.min(from + size, end);
    found.push({ id, at: from, end: stop });
    at = stop;
  }
  return found;
}

function unknownEnd(bytes, id, from, end) {
  if (id === SEGMENT) return end;
  let at = from;
  while (at < end) {
    const width = Math.clz32(bytes[at]) - 23;
    if (width > 4 || TOP.has(bytes.subarray(at, at + width).reduce((sum, byte) => sum * 256 + byte, 0))) break;
    const [size, start] = sized(bytes, at + width);
    at = start + size;
  }
  return Math.min(at, end);
}

// A number of variable width, and where it ends; all ones stand for an unknown size.
function sized(bytes, at) {
  const width = Math.clz32(bytes[at]) - 23;
  let value = bytes[at] & (0xff >> width),
    ones = value === 0xff >> width;
  for (let i = 1; i < width; i++) {
    value = value * 256 + bytes[at + i];
    ones &&= bytes[at + i] === 255;
  }
  return [ones ? Infinity : value, at + width];
}

const number = (bytes, part, otherwise) =>
  part ? bytes.subarray(part.at, part.end).reduce((sum, byte) => sum * 256 + byte, 0) : otherwise;
