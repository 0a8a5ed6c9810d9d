// A movie of VP9 or VP8 as WebM: the elements that a player needs (RFC 9559).

import { joined, utf8 } from "./bytes.mjs";

const MICROSECONDS = 1000; // in a tick, which is a millisecond
const SIMPLE_KEY = 0x80;

// The id as its bytes stand, the length in eight bytes, the data.
function element(id, ...parts) {
  const bytes = parts.map((part) => (part instanceof Uint8Array ? part : utf8(part)));
  const head = new DataView(new ArrayBuffer(8));
  head.setBigUint64(0, BigInt(bytes.reduce((sum, { length }) => sum + length, 0)));
  head.setUint8(0, 1);
  const hex = id.toString(16);
  return joined(Uint8Array.from(hex.match(/../g), (two) => parseInt(two, 16)), new Uint8Array(head.buffer), ...bytes);
}

function number(id, value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(Math.round(value)));
  return element(id, new Uint8Array(view.buffer));
}

function real(id, value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return element(id, new Uint8Array(view.buffer));
}

// chunks: [{bytes, key, at}] in order, `at` in microseconds.
export function written({ codec, width, height, rate, chunks }) {
  const ebml = element(0x1a45dfa3, number(0x4286, 1), number(0x42f7, 1), number(0x42f2, 4), number(0x42f3, 8), element(0x4282, "webm"), number(0x4287, 4), number(0x4285, 2));
  const about = element(0x1549a966, number(0x2ad7b1, 1e6), element(0x4d80, "UniUltra"), element(0x5741, "UniUltra"), real(0x4489, (1000 * chunks.length) / rate));
  const video = element(0xe0, number(0xb0, width), number(0xba, height));
  const kind = codec.startsWith("vp8") ? "V_VP8" : "V_VP9";
  const track = element(0xae, number(0xd7, 1), number(0x73c5, 1), number(0x83, 1), number(0x9c, 0), element(0x86, kind), number(0x23e383, 1e9 / rate), video);
  return joined(ebml, element(0x18538067, about, element(0x1654ae6b, track), ...clusters(chunks)));
}

// A cluster from one picture that stands alone to the next: a block's time is counted from its cluster's, in 16 bits.
function clusters(chunks) {
  const groups = [];
  for (const chunk of chunks) {
    const at = Math.round(chunk.at / MICROSECONDS);
    if (chunk.key || at - groups.at(-1).from > 30000) groups.push({ from: at, blocks: [] });
    const { from, blocks } = groups.at(-1),
      head = new DataView(new ArrayBuffer(4));
    head.setUint8(0, 0x81); // of track 1
    head.setInt16(1, at - from);
    head.setUint8(3, chunk.key ? SIMPLE_KEY : 0);
    blocks.push(element(0xa3, new Uint8Array(head.buffer), chunk.bytes));
  }
  return groups.map(({ from, blocks }) => element(0x1f43b675, number(0xe7, from), ...blocks));
}
