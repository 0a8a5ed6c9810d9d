// DICOM in the browser: what ultrasound mostly is, which is 8 bits, grey or RGB, native or baseline JPEG,
// with its regions.

const LONG = new Set(["OB", "OW", "OF", "SQ", "UT", "UN", "OD", "OL", "UC", "UR"]);
const MOST_PIXELS = 64e6;
const [EXPLICIT, IMPLICIT, JPEG] = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50"];
const UNITS = { 3: "cm", 4: "seconds" };
const SHAPES = { 1: "2D", 2: "M-mode", 3: "spectral" };
const COLOURS = { 1: ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"], 3: ["RGB", "YBR_FULL"] };
const SPACINGS = [["PixelSpacing", 0x00280030], ["NominalScannedPixelSpacing", 0x00182010]];

export const isDicom = (bytes) => String.fromCharCode(...bytes.subarray(128, 132)) === "DICM";

// {width, height, count, times_s, calibration, frame(n)}; frame resolves to an RGBA ImageData or a picture's
// Blob.
export function readDicom(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const meta = elements(view, 132, bytes.length, true, (tag) => tag >> 16 !== 2);
  const syntax = text(view, meta.get(0x00020010)) || IMPLICIT;
  if (![EXPLICIT, IMPLICIT, JPEG].includes(syntax))
    throw new Error(`transfer syntax ${syntax} isn't read here; use \`uniultra open\``);
  const found = elements(view, meta.end, bytes.length, syntax !== IMPLICIT);
  const number = (tag, otherwise = 0) =>
    found.has(tag) ? view.getUint16(found.get(tag).at, true) : otherwise;
  const [height, width, samples] = [number(0x00280010), number(0x00280011), number(0x00280002, 1)];
  const count = parseInt(text(view, found.get(0x00280008)) || "1", 10);
  if (!(height * width > 0 && height * width <= MOST_PIXELS && count > 0 && number(0x00280100) === 8)) {
    throw new Error("only images of 8 bits a sample are read here; use `uniultra open`");
  }
  const pixels = found.get(0x7fe00010);
  if (!pixels) throw new Error("it has no pixel data");
  const photometric = text(view, found.get(0x00280004)),
    kind = { width, height, samples, planar: number(0x00280006), photometric };
  if (kind.photometric === "PALETTE COLOR") kind.palette = paletteOf(view, found);
  const parts = syntax === JPEG ? fragments(view, pixels.at, bytes.length) : null;
  refuseOthers(kind, parts, count);
  const step = parseFloat(text(view, found.get(0x00181063))) / 1000;
  return {
    width,
    height,
    count,
    scanner: [text(view, found.get(0x00080070)), text(view, found.get(0x00081090)), `${width} x ${height}`]
      .filter(Boolean)
      .join(" "),
    calibration: calibrationOf(view, found, syntax !== IMPLICIT),
    times_s: count > 1 && step > 0 ? Array.from({ length: count }, (_, i) => i * step) : null,
    frame: (n) =>
      parts ? new Blob([bytes.slice(...parts[n])], { type: "image/jpeg" }) : native(bytes, pixels, kind, n),
  };
}

// What would be shown in other colours, or with frames that aren't the file's.
function refuseOthers({ samples, photometric }, parts, count) {
  const native = COLOURS[samples] ?? [];
  if (parts ? photometric === "MONOCHROME1" : !native.includes(photometric))
    throw new Error(`its colours, ${photometric || "of no name"}, aren't read here; use \`uniultra open\``);
  if (parts && parts.length !== count)
    throw new Error(`its ${count} frames lie in ${parts.length} pieces; use \`uniultra open\``);
}

// Elements from `at` on: a Map of tag to {at, length}, with `end`, where reading stopped.
function elements(view, at, end, explicit, stop = () => false) {
  const found = new Map();
  while (at + 8 <= end) {
    const tag = ((view.getUint16(at, true) << 16) | view.getUint16(at + 2, true)) >>> 0;
    if (stop(tag)) break;
    let length, data;
    const vr =
      explicit && tag >>> 16 !== 0xfffe
        ? String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5))
        : "";
    if (!vr) [length, data] = [view.getUint32(at + 4, true), at + 8];
    else if (LONG.has(vr)) [length, data] = [view.getUint32(at + 8, true), at + 12];
    else [length, data] = [view.getUint16(at + 6, true), at + 8];
    found.set(tag, { at: data, length });
    if (tag === 0x7fe00010 || tag === 0xfffee0dd || tag === 0xfffee00d) {
      at = data;
      break;
    }
    at = length === 0xffffffff ? skip(view, data, end, explicit) : data + length;
  }
  found.end = at;
  return found;
}

// Past a sequence or item of undefined length.
function skip(view, at, end, explicit) {
  while (at + 8 <= end) {
    const tag = ((view.getUint16(at, true) << 16) | view.getUint16(at + 2, true)) >>> 0,
      length = view.getUint32(at + 4, true);
    if (tag === 0xfffee0dd) return at + 8;
    at = length === 0xffffffff ? elements(view, at + 8, end, explicit).end : at + 8 + length;
  }
  return end;
}

function text(view, element) {
  if (!element) return "";
  let out = "";
  for (let i = 0; i < Math.min(element.length, 64); i++)
    out += String.fromCharCode(view.getUint8(element.at + i));
  return out.replace(/[\0 ]+$/, "").trim();
}

// [from, to) of each frame's JPEG, one fragment a frame, after the table of offsets.
function fragments(view, at, end) {
  const parts = [];
  while (at + 8 <= end) {
    const tag = ((view.getUint16(at, true) << 16) | view.getUint16(at + 2, true)) >>> 0,
      length = view.getUint32(at + 4, true);
    if (tag !== 0xfffee000) break;
    parts.push([at + 8, at + 8 + length]);
    at += 8 + length;
  }
  return parts.slice(1);
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

function native(bytes, pixels, { width, height, samples, planar, photometric, palette }, n) {
  const area = width * height,
    from = pixels.at + n * area * samples;
  if (from + area * samples > bytes.length)
    throw new Error(`frame ${n} isn't in the file, which is truncated`);
  const image = new ImageData(width, height),
    inverse = photometric === "MONOCHROME1",
    [pixel, channel] = planar ? [1, area] : [samples, 1];
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) {
      const value = bytes[from + i * pixel + (samples === 3 ? c * channel : 0)];
      image.data[4 * i + c] = palette ? palette[c][value] : inverse ? 255 - value : value;
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

function calibrationOf(view, found, explicit) {
  const regions = [],
    sequence = found.get(0x00186011);
  let at = sequence?.at ?? Infinity;
  const end = sequence ? (sequence.length === 0xffffffff ? view.byteLength : at + sequence.length) : 0;
  while (at + 8 <= end && view.getUint32(at, true) === 0xe000fffe) {
    const length = view.getUint32(at + 4, true);
    const item = elements(view, at + 8, length === 0xffffffff ? end : at + 8 + length, explicit);
    const one = region(view, item);
    if (one.box_xyxy[2] > one.box_xyxy[0] + 1 && one.box_xyxy[3] > one.box_xyxy[1] + 1) regions.push(one);
    at = length === 0xffffffff ? item.end : at + 8 + length;
  }
  const fallbacks = SPACINGS.map(([name, tag]) => [name, text(view, found.get(tag)).split("\\").map(Number)]);
  const usable = ([, sizes]) => sizes.length === 2 && sizes.every((mm) => mm > 0 && Number.isFinite(mm));
  return { regions, fallbacks: fallbacks.filter(usable), notes: [], pixel_aspect: 1 };
}

function region(view, item) {
  const u32 = (tag) => (item.has(tag) ? view.getUint32(item.get(tag).at, true) : 0);
  const u16 = (tag) => (item.has(tag) ? view.getUint16(item.get(tag).at, true) : 0);
  const f64 = (tag) => (item.has(tag) ? view.getFloat64(item.get(tag).at, true) : 0);
  const box = [u32(0x00186018) - 0.5, u32(0x0018601a) - 0.5, u32(0x0018601c) + 0.5, u32(0x0018601e) + 0.5];
  const shape = SHAPES[u16(0x00186012)] ?? "other",
    units = [UNITS[u16(0x00186024)] ?? "other", UNITS[u16(0x00186026)] ?? "other"];
  const [dx, dy] = [f64(0x0018602c), f64(0x0018602e)];
  let fault = "";
  if (shape !== "2D") fault = `it is ${shape}, x in ${units[0]} and y in ${units[1]}`;
  else if (units.some((unit) => unit !== "cm"))
    fault = `its units are ${units[0]} to the right and ${units[1]} down, not cm`;
  else if (![dx, dy].every((delta) => Number.isFinite(delta) && delta))
    fault = `its pixel deltas ${dx} and ${dy} cm have no length`;
  return {
    box_xyxy: box,
    shape,
    fault,
    low_priority: Boolean(u32(0x00186016) & 1),
    spacing_mm_yx: fault ? null : [10 * Math.abs(dy), 10 * Math.abs(dx)],
  };
}
