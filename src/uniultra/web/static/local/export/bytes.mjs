// Bytes packed as files need them: PNG, gzip and ZIP, by the browser's own deflate.

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});
const MOST_ZIP = 0xffffffff;

export const utf8 = (text) => new TextEncoder().encode(text);

export function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

async function packed(bytes, format) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export const gzip = (bytes) => packed(bytes, "gzip");

// A PNG of 8-bit grey, or of RGBA where there are four values a pixel.
export async function png(pixels, width, height) {
  const line = pixels.length / height,
    lines = new Uint8Array((line + 1) * height); // each behind its filter, which is none
  for (let y = 0; y < height; y++) lines.set(pixels.subarray(y * line, (y + 1) * line), y * (line + 1) + 1);
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, width);
  head.setUint32(4, height);
  head.setUint8(8, 8);
  head.setUint8(9, line === width ? 0 : 6);
  const chunks = [chunk("IHDR", new Uint8Array(head.buffer)), chunk("IDAT", await packed(lines, "deflate")), chunk("IEND", new Uint8Array(0))];
  return joined(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), ...chunks);
}

function chunk(name, data) {
  const body = joined(utf8(name), data),
    ends = new DataView(new ArrayBuffer(8));
  ends.setUint32(0, data.length);
  ends.setUint32(4, crc32(body));
  return joined(new Uint8Array(ends.buffer, 0, 4), body, new Uint8Array(ends.buffer, 4, 4));
}

// A ZIP of {name: bytes}, stored: what is large in it is compressed already.
export function zip(files) {
  const [locals, central] = [[], []];
  let at = 0;
  const entries = Object.entries(files);
  for (const [name, bytes] of entries) {
    const called = utf8(name),
      shared = new DataView(new ArrayBuffer(26)); // from the version needed to the length of the extra field
    const fields = [[0, 20], [2, 0x800], [8, 0x21]]; // version 2.0, names in UTF-8, 1 January 1980
    for (const [place, value] of fields) shared.setUint16(place, value, true);
    for (const [place, value] of [[10, crc32(bytes)], [14, bytes.length], [18, bytes.length]]) shared.setUint32(place, value, true);
    shared.setUint16(22, called.length, true);
    const about = new Uint8Array(shared.buffer);
    locals.push(utf8("PK\x03\x04"), about, called, bytes);
    const rest = new DataView(new ArrayBuffer(14)); // comment, disk, attributes, and where the file begins
    rest.setUint32(10, at, true);
    central.push(utf8("PK\x01\x02"), Uint8Array.of(20, 0), about, new Uint8Array(rest.buffer), called);
    at += 4 + about.length + called.length + bytes.length;
  }
  const size = central.reduce((sum, part) => sum + part.length, 0);
  if (at + size > MOST_ZIP || entries.length > 65535) throw new Error("the results take more than a ZIP holds; export fewer kinds");
  const end = new DataView(new ArrayBuffer(18));
  for (const place of [4, 6]) end.setUint16(place, entries.length, true);
  end.setUint32(8, size, true);
  end.setUint32(12, at, true);
  return joined(...locals, ...central, utf8("PK\x05\x06"), new Uint8Array(end.buffer));
}
