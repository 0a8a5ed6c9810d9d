// A movie of H.264 as MP4 (ISO/IEC 14496-12 and -15), its index before its pictures, as a browser begins to play it.

import { joined, utf8 } from "./bytes.mjs";

const TICKS = 1000; // a picture
const MATRIX = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];
// Numbers of ITU-T H.273 for what WebCodecs calls a colour space.
const PRIMARIES = { bt709: 1, bt470bg: 5, smpte170m: 6, bt2020: 9 };
const TRANSFERS = { bt709: 1, smpte170m: 6, linear: 8, "iec61966-2-1": 13, pq: 16, hlg: 18 };
const MATRICES = { rgb: 0, bt709: 1, bt470bg: 5, smpte170m: 6, "bt2020-ncl": 9 };
const UNKNOWN = 2;

const u16 = (...values) => values.flatMap((value) => [(value >>> 8) & 255, value & 255]);
const u32 = (...values) => values.flatMap((value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);

function box(name, ...parts) {
  const bytes = parts.map((part) => (part instanceof Uint8Array ? part : Uint8Array.from(part)));
  const size = 8 + bytes.reduce((sum, { length }) => sum + length, 0);
  return joined(Uint8Array.from(u32(size)), utf8(name), ...bytes);
}

// chunks: [{bytes, key, at}] in the order of decoding, `at` in microseconds; description: an avcC; colour: a VideoColorSpace or null.
export function written(of) {
  const brands = box("ftyp", utf8("isom"), u32(0x200), utf8("isomiso2avc1mp41"));
  const size = of.chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (size + 8 > 0xffffffff) throw new Error("the movie takes more than 4 GB; export it without");
  const before = brands.length + index(of, 0).length + 8;
  const pictures = joined(Uint8Array.from(u32(size + 8)), utf8("mdat"), ...of.chunks.map(({ bytes }) => bytes));
  return joined(brands, index(of, before), pictures);
}

function index({ width, height, rate, chunks, description, colour }, from) {
  const scale = Math.round(rate * TICKS),
    duration = chunks.length * TICKS;
  const sides = u32(width * 0x10000, height * 0x10000);
  const movie = box("mvhd", u32(0, 0, 0, scale, duration, 0x10000), u16(0x100, 0), u32(0, 0, ...MATRIX, 0, 0, 0, 0, 0, 0, 2));
  const track = box("tkhd", u32(3, 0, 0, 1, 0, duration, 0, 0), u16(0, 0, 0, 0), u32(...MATRIX), sides);
  const media = box("mdhd", u32(0, 0, 0, scale, duration), u16(0x55c4, 0));
  const handler = box("hdlr", u32(0, 0), utf8("vide"), u32(0, 0, 0), utf8("video\0"));
  const data = box("dinf", box("dref", u32(0, 1), box("url ", u32(1))));
  const samples = box("stbl", described({ width, height, description, colour }), ...sampleTables(chunks, rate, from));
  const whole = box("minf", box("vmhd", u32(1, 0, 0)), data, samples);
  return box("moov", movie, box("trak", track, box("mdia", media, handler, whole)));
}

function described({ width, height, description, colour }) {
  const config = box("avcC", new Uint8Array(description.buffer ?? description, description.byteOffset ?? 0, description.byteLength));
  const entry = [u32(0), u16(0, 1), u32(0, 0, 0, 0), u16(width, height), u32(0x480000, 0x480000, 0), u16(1), new Uint8Array(32), u16(24, 0xffff)];
  return box("stsd", u32(0, 1), box("avc1", ...entry, config, ...coloured(colour)));
}

function coloured(colour) {
  if (!colour) return [];
  const numbers = [PRIMARIES[colour.primaries], TRANSFERS[colour.transfer], MATRICES[colour.matrix]];
  return [box("colr", utf8("nclx"), u16(...numbers.map((number) => number ?? UNKNOWN)), [colour.fullRange ? 0x80 : 0])];
}

// How long, which stand alone, how large and where, all in one chunk; and when, where that isn't the order in which they are decoded.
function sampleTables(chunks, rate, from) {
  const later = chunks.map(({ at }, i) => Math.round((at * rate) / 1e6) - i),
    keys = chunks.flatMap(({ key }, i) => (key ? [i + 1] : []));
  const moved = later.some(Boolean) ? [box("ctts", u32(0x1000000, chunks.length, ...later.flatMap((by) => [1, by * TICKS])))] : [];
  return [
    box("stts", u32(0, 1, chunks.length, TICKS)),
    ...moved,
    box("stss", u32(0, keys.length, ...keys)),
    box("stsc", u32(0, 1, 1, chunks.length, 1)),
    box("stsz", u32(0, 0, chunks.length, ...chunks.map(({ bytes }) => bytes.length))),
    box("stco", u32(0, 1, from)),
  ];
}
