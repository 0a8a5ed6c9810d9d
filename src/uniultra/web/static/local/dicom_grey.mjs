// From stored values to grey: modality LUT, VOI LUT or window, and MONOCHROME1 become one table a file, as
// uniultra/io/dicom/grayscale.py computes it (PS3.3 C.11).

import { itemsOf, real, text, uint16 } from "./dicom_elements.mjs";

const ENTRIES = 65536;

// How a stored value is packed: `bits` of them used, from bit `shift` on, in two's complement where `signed`.
export function packingOf(view, found) {
  const allocated = uint16(view, found.get(0x00280100)) || 8,
    bits = uint16(view, found.get(0x00280101)) || allocated,
    high = uint16(view, found.get(0x00280102)) ?? bits - 1;
  if (!(bits >= 1 && bits <= allocated && high >= bits - 1 && high < allocated))
    throw new Error(`${bits} bits stored with high bit ${high} in ${allocated} allocated can't be; export it again`);
  return { allocated, bits, shift: high - bits + 1, signed: uint16(view, found.get(0x00280103)) === 1 };
}

export function patternsOf({ allocated, bits, shift }, stored) {
  return bits === allocated ? stored : stored.map((value) => (value >> shift) & ((1 << bits) - 1));
}

// The grey of each bit pattern, a Uint8Array; null where it is the pattern itself. `patterns` are those of the first
// frame, which decide what is black and white where more than 8 bits have no window.
export function greyTable(view, found, explicit, packing, patterns) {
  const values = rampOf(packing),
    physical = modality(view, found, explicit, packing, values),
    voi = itemsOf(view, found.get(0x00283010), explicit)[0];
  const padding = paddingOf(view, found, packing, values);
  let share;
  if (voi) share = byTable(view, voi, packing, physical);
  else share = windowed(view, found, physical) ?? spread(physical, usedOf(values, packing, patterns, padding));
  if (text(view, found.get(0x00280004)) === "MONOCHROME1") share = share.map((one) => 1 - one);
  const table = Uint8Array.from(share, (one, pattern) =>
    padding?.(values[pattern]) ? 0 : rint(255 * Math.min(Math.max(one, 0), 1)),
  );
  return table.length === 256 && table.every((grey, pattern) => grey === pattern) ? null : table;
}

// Every value that can be stored, in the order of its bit pattern.
function rampOf({ bits, signed }) {
  const half = 1 << (bits - 1);
  return Float64Array.from({ length: 1 << bits }, (_, value) => (signed && value >= half ? value - 2 * half : value));
}

// Halves to the even neighbour, as Python rounds.
function rint(value) {
  const near = Math.round(value);
  return near - value === 0.5 && near % 2 ? near - 1 : near;
}

function modality(view, found, explicit, packing, values) {
  const item = itemsOf(view, found.get(0x00283000), explicit)[0];
  if (item) {
    const { entries, at } = tableOf(view, item, packing, "modality");
    return values.map(at(entries, values));
  }
  const slope = real(view, found.get(0x00281053)) ?? 1,
    intercept = real(view, found.get(0x00281052)) ?? 0;
  return values.map((value) => value * slope + intercept);
}

function byTable(view, item, packing, physical) {
  const { entries, bits, at } = tableOf(view, item, packing, "VOI"),
    rounded = physical.map(rint);
  const entry = at(entries, rounded);
  return rounded.map((value) => entry(value) / (2 ** bits - 1));
}

// An item of ModalityLUTSequence or VOILUTSequence; beyond either end a value gets the entry there.
function tableOf(view, item, { signed }, name) {
  const [descriptor, data] = [item.get(0x00283002), item.get(0x00283006)],
    fault = `the ${name} lookup table is damaged; export it again`;
  if (descriptor?.length !== 6 || !data) throw new Error(fault);
  const count = view.getUint16(descriptor.at, true) || ENTRIES,
    bits = view.getUint16(descriptor.at + 4, true),
    below = descriptor.vr ? descriptor.vr === "SS" : signed;
  const first = below ? view.getInt16(descriptor.at + 2, true) : view.getUint16(descriptor.at + 2, true);
  const words = data.length >> 1,
    packed = words < count && count <= 2 * words; // two entries of 8 bits in a word
  if (bits < 8 || bits > 16 || (!packed && words < count) || data.at + data.length > view.byteLength)
    throw new Error(fault);
  const entries = Array.from({ length: count }, (_, i) =>
    packed ? view.getUint8(data.at + i) : view.getUint16(data.at + 2 * i, true),
  );
  const at = (list, values) => {
    const from = first >= ENTRIES / 2 && values.some((value) => value < 0) ? first - ENTRIES : first;
    return (value) => list[Math.min(Math.max(value - from, 0), count - 1)];
  };
  return { entries, bits, at };
}

// PS3.3 C.11.2.1.2 and C.11.2.1.3; null where there is no legal window.
function windowed(view, found, values) {
  const [centre, width] = [0x00281050, 0x00281051].map((tag) => real(view, found.get(tag))),
    kind = text(view, found.get(0x00281056)) || "LINEAR";
  if (centre === null || width === null || width < (kind === "LINEAR" ? 1 : 0) || width === 0) return null;
  if (kind === "SIGMOID") return values.map((value) => 1 / (1 + Math.exp((-4 * (value - centre)) / width)));
  if (kind === "LINEAR_EXACT") return values.map((value) => (value - centre) / width + 0.5);
  if (width === 1) return values.map((value) => (value > centre - 0.5 ? 1 : 0));
  return values.map((value) => (value - (centre - 0.5)) / (width - 1) + 0.5);
}

// What is padding and no part of the picture (PS3.3 C.7.5.1.1.2); null where nothing is.
function paddingOf(view, found, { bits }, values) {
  const value = uint16(view, found.get(0x00280120));
  if (value === null) return null;
  const limit = uint16(view, found.get(0x00280121)) ?? value;
  const ends = [value, limit].map((end) => values[end & ((1 << bits) - 1)]);
  return (one) => one >= Math.min(...ends) && one <= Math.max(...ends);
}

// Which patterns decide what is black and white: all, or, of more than 8 bits, those of a picture without its padding.
function usedOf(values, { bits }, patterns, padding) {
  const there = new Uint8Array(1 << bits);
  if (bits <= 8) return there.fill(1);
  for (const pattern of patterns()) there[pattern] = 1;
  const kept = padding ? there.map((seen, pattern) => (padding(values[pattern]) ? 0 : seen)) : there;
  return kept.includes(1) ? kept : there;
}

function spread(values, used) {
  let [low, high] = [Infinity, -Infinity];
  used.forEach((there, pattern) => {
    if (there) [low, high] = [Math.min(low, values[pattern]), Math.max(high, values[pattern])];
  });
  return values.map((value) => (high > low ? (value - low) / (high - low) : 0));
}
