// DICOM in the browser: what ultrasound mostly is, which is grey of 8 or 16 bits or RGB of 8, native, RLE, baseline or
// lossless JPEG, with its window, its times and its regions.

import { LOSSLESS, RLE, decodedFrame, framesOf, joinedParts, markedRgb } from "./dicom_coded.mjs";
import { elements, text, uint16 } from "./dicom_elements.mjs";
import { greyTable, packingOf, patternsOf } from "./dicom_grey.mjs";
import { calibrationOf } from "./dicom_scale.mjs";
import { timesOf } from "./dicom_times.mjs";

const MOST_PIXELS = 64e6;
const [EXPLICIT, IMPLICIT, JPEG] = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50"];
// Deflated, big endian, 12-bit JPEG's process at 8 bits, JPEG-LS, JPEG 2000: what the server reads beside. Not HTJ2K, nor video.
const OPENED = ["1.99", "2", "4.51", "4.80", "4.81", "4.90", "4.91"].map((end) => `1.2.840.10008.1.2.${end}`);
const MONOCHROME = ["MONOCHROME1", "MONOCHROME2"];
const COLOURS = { 1: [...MONOCHROME, "PALETTE COLOR"], 3: ["RGB", "YBR_FULL"] };

// {width, height, count, times_s, notes, calibration, table, raw, frame(n)}; frame resolves to an RGBA ImageData, or to a
// JPEG's Blob, whose grey `table` maps to what is shown where it isn't null; `raw` is what a derived file refers to.
export function readDicom(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const meta = elements(view, 132, bytes.length, true, (tag) => tag >> 16 !== 2);
  const syntax = text(view, meta.get(0x00020010)) || IMPLICIT,
    explicit = syntax !== IMPLICIT;
  refuseSyntax(syntax);
  const found = elements(view, meta.end, bytes.length, explicit);
  const kind = kindOf(view, found),
    { width, height } = kind;
  const count = parseInt(text(view, found.get(0x00280008)) || "1", 10);
  if (!(height * width > 0 && height * width <= MOST_PIXELS && count > 0)) throw new Error("it has no picture of a legal size");
  const pixels = found.get(0x7fe00010);
  if (!pixels) throw new Error("it has no pixel data");
  const parts = [EXPLICIT, IMPLICIT].includes(syntax) ? null : framesOf(view, bytes, pixels.at, count);
  const jpeg = syntax === JPEG;
  refuseOthers(kind, jpeg);
  if (kind.photometric === "PALETTE COLOR") kind.palette = paletteOf(view, found);
  const source = { bytes, pixels, syntax, parts };
  if (MONOCHROME.includes(kind.photometric))
    kind.table = greyTable(view, found, explicit, kind.packing, () => storedOf(source, kind, 0).stored);
  return {
    width,
    height,
    count,
    scanner: [text(view, found.get(0x00080070)), text(view, found.get(0x00081090)), `${width} x ${height}`]
      .filter(Boolean)
      .join(" "),
    calibration: calibrationOf(view, found, explicit, { width, height }),
    ...timesOf(view, found, count),
    table: kind.table ?? null,
    raw: { view, found, syntax, parts, samples: kind.samples },
    frame: (n) => (jpeg ? pictureOf(joinedParts(bytes, parts[n]), kind) : painted(source, kind, n)),
  };
}

const pictureOf = (data, { photometric }) => new Blob([photometric === "RGB" ? markedRgb(data) : data.slice()], { type: "image/jpeg" });

function kindOf(view, found) {
  const number = (tag, otherwise = 0) => uint16(view, found.get(tag)) ?? otherwise;
  return {
    width: number(0x00280011),
    height: number(0x00280010),
    samples: number(0x00280002, 1),
    planar: number(0x00280006),
    photometric: text(view, found.get(0x00280004)),
    packing: packingOf(view, found),
  };
}

function refuseSyntax(syntax) {
  if ([EXPLICIT, IMPLICIT, JPEG, RLE, ...LOSSLESS].includes(syntax)) return;
  if (OPENED.includes(syntax)) throw new Error(`transfer syntax ${syntax} isn't read here; use \`uniultra open\``);
  throw new Error(`transfer syntax ${syntax} isn't read, nor by \`uniultra open\`; export it uncompressed`);
}

// What would be shown in other colours, or with frames that aren't the file's.
function refuseOthers({ samples, photometric, packing: { allocated } }, jpeg) {
  const grey = MONOCHROME.includes(photometric);
  if (allocated !== 8 && !(allocated === 16 && grey && !jpeg))
    throw new Error(`its ${allocated} bits a sample aren't read here; use \`uniultra open\``);
  if (!jpeg && !(COLOURS[samples] ?? []).includes(photometric))
    throw new Error(`its colours, ${photometric || "of no name"}, aren't read here; use \`uniultra open\``);
}

// The colour of each stored value: three lists of 256 (PS3.3 C.7.6.3.1.5 and 6).
function paletteOf(view, found) {
  return [1, 2, 3].map((colour) => {
    const descriptor = found.get(0x00281100 + colour),
      data = found.get(0x00281200 + colour);
    if (!descriptor || !data) throw new Error("its colour palette is missing or in segments; use `uniultra open`");
    const count = view.getUint16(descriptor.at, true) || 65536,
      first = view.getUint16(descriptor.at + 2, true);
    const wide = data.length >= 2 * count,
      last = Math.min(count, wide ? data.length >> 1 : data.length) - 1;
    if (last < 0) throw new Error("its colour palette is empty; export it again");
    const entries = Array.from({ length: 256 }, (_, value) => {
      const at = Math.min(Math.max(value - first, 0), last);
      return wide ? view.getUint16(data.at + 2 * at, true) : view.getUint8(data.at + at);
    });
    return entries.some((entry) => entry > 255) ? entries.map((entry) => entry >> 8) : entries;
  });
}

// {stored, planar}: the stored values of a frame, of grey ones the bits that are used.
function storedOf({ bytes, pixels, syntax, parts }, kind, n) {
  const { width, height, samples, photometric, packing } = kind,
    wide = packing.allocated >> 3,
    length = width * height * samples * wide,
    from = pixels.at + n * length;
  if (!parts && from + length > bytes.length) throw new Error(`frame ${n} isn't in the file, which is truncated`);
  const { stored, planar } = parts
    ? decodedFrame(joinedParts(bytes, parts[n]), syntax, kind)
    : { stored: bytes.subarray(from, from + length), planar: kind.planar };
  if (!MONOCHROME.includes(photometric)) return { stored, planar };
  return { stored: patternsOf(packing, wide === 2 ? new Uint16Array(stored.slice().buffer) : stored), planar };
}

function painted(source, kind, n) {
  const { width, height, samples, photometric, palette, table } = kind,
    area = width * height,
    { stored, planar } = storedOf(source, kind, n);
  const image = new ImageData(width, height),
    [pixel, channel] = planar ? [1, area] : [samples, 1];
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) {
      const value = stored[i * pixel + (samples === 3 ? c * channel : 0)];
      image.data[4 * i + c] = palette ? palette[c][value] : table ? table[value] : value;
    }
    if (photometric === "YBR_FULL") toRgb(image.data, 4 * i);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

// Luma and chroma of one pixel to RGB, in place (PS3.3 C.7.6.3.1.2); the array rounds and clamps.
function toRgb(data, at) {
  const [y, cb, cr] = [data[at], data[at + 1] - 128, data[at + 2] - 128];
  data[at] = y + 1.402 * cr;
  data[at + 1] = y - 0.344136 * cb - 0.714136 * cr;
  data[at + 2] = y + 1.772 * cb;
}
