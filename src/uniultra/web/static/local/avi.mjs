// The frames of an AVI that stand alone: JPEG, and uncompressed pictures, which become BMP files by the head that the file has of them.

const FORMATS = { 0: "dib", 0x47504a4d: "jpeg", 0x67706a6d: "jpeg" }; // BI_RGB, MJPG, mjpg
const FILE_HEAD = 14;

// As `readMp4`; `head` is what each picture needs before its bytes.
export function readAvi(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = { stream: -1, streams: 0, samples: [], slots: 0 };
  walk(view, 0, bytes.length, found);
  if (!found.format) throw new Error("it holds no video");
  const { format, rate, samples } = found;
  const compression = view.getUint32(format.at + 16, true);
  const width = view.getInt32(format.at + 4, true),
    height = Math.abs(view.getInt32(format.at + 8, true));
  const fourcc = String.fromCharCode(...[0, 8, 16, 24].map((bits) => (compression >> bits) & 255));
  const codec = FORMATS[compression] ?? fourcc.replace(/[^\x20-\x7e]/g, "?");
  const head = codec === "dib" ? headOf(bytes.subarray(format.at, format.at + format.length)) : null;
  return { width, height, aspect: 1, codec, head, samples: samples.map((one) => ({ ...one, time: one.slot / rate, key: true, shown: true })) };
}

function walk(view, at, end, found) {
  const name = (place) => String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(place + i)));
  while (at + 8 <= end) {
    const type = name(at),
      length = view.getUint32(at + 4, true),
      from = at + 8;
    if (type === "RIFF" || type === "LIST") walk(view, from + 4, Math.min(from + length, end), found);
    else if (type === "strh") header(view, from, name(from) === "vids", found);
    else if (type === "strf" && found.stream === found.streams - 1 && !found.format) found.format = { at: from, length };
    else if (found.format && /^\d\dd[bc]$/.test(type) && parseInt(type, 10) === found.stream) {
      if (length && from + length <= view.byteLength) found.samples.push({ at: from, length, slot: found.slots });
      found.slots++; // an empty one repeats the frame before it
    }
    at = from + length + (length % 2);
  }
}

function header(view, at, isVideo, found) {
  if (isVideo && found.stream < 0) {
    found.stream = found.streams;
    found.rate = view.getUint32(at + 24, true) / view.getUint32(at + 20, true) || 25;
  }
  found.streams++;
}

// The head of a BMP file before a picture of this BITMAPINFO.
function headOf(info) {
  const head = new Uint8Array(FILE_HEAD + info.length),
    view = new DataView(head.buffer);
  head.set([0x42, 0x4d]);
  view.setUint32(10, head.length, true);
  head.set(info, FILE_HEAD);
  return head;
}
