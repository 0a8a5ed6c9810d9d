// The elements of a DICOM file, little endian: where each value lies, and values as text and numbers.

const LONG = new Set(["OB", "OW", "OF", "SQ", "UT", "UN", "OD", "OL", "UC", "UR", "OV", "SV", "UV"]); // PS3.5 table 7.1-1
const [ITEM, ITEM_END, SEQUENCE_END, PIXELS] = [0xfffee000, 0xfffee00d, 0xfffee0dd, 0x7fe00010];
const UNDEFINED = 0xffffffff;

export const tagAt = (view, at) => ((view.getUint16(at, true) << 16) | view.getUint16(at + 2, true)) >>> 0;

// Elements from `at` on: a Map of tag to {at, length, vr}, with `end`, where reading stopped.
export function elements(view, at, end, explicit, stop = () => false) {
  const found = new Map();
  while (at + 8 <= end) {
    const tag = tagAt(view, at);
    if (stop(tag)) break;
    let length, data;
    const vr = explicit && tag >>> 16 !== 0xfffe ? String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5)) : "";
    if (!vr) [length, data] = [view.getUint32(at + 4, true), at + 8];
    else if (LONG.has(vr)) [length, data] = [view.getUint32(at + 8, true), at + 12];
    else [length, data] = [view.getUint16(at + 6, true), at + 8];
    found.set(tag, { at: data, length, vr });
    if (tag === PIXELS || tag === SEQUENCE_END || tag === ITEM_END) {
      at = data;
      break;
    }
    at = length === UNDEFINED ? skip(view, data, end, explicit) : data + length;
  }
  found.end = at;
  return found;
}

// Past a sequence or item of undefined length.
function skip(view, at, end, explicit) {
  while (at + 8 <= end) {
    const length = view.getUint32(at + 4, true);
    if (tagAt(view, at) === SEQUENCE_END) return at + 8;
    at = length === UNDEFINED ? elements(view, at + 8, end, explicit).end : at + 8 + length;
  }
  return end;
}

// The items of a sequence, each the Map of its elements.
export function itemsOf(view, sequence, explicit) {
  const items = [];
  if (!sequence) return items;
  let at = sequence.at;
  const end = sequence.length === UNDEFINED ? view.byteLength : at + sequence.length;
  while (at + 8 <= end && tagAt(view, at) === ITEM) {
    const length = view.getUint32(at + 4, true);
    const item = elements(view, at + 8, length === UNDEFINED ? end : at + 8 + length, explicit);
    items.push(item);
    at = length === UNDEFINED ? item.end : at + 8 + length;
  }
  return items;
}

export const text = (view, element, most = 64) => said(view, element, most).replace(/[\0 ]+$/, "").trim();

function said(view, element, most) {
  let out = "";
  for (let i = 0; element && i < Math.min(element.length, most); i++)
    out += String.fromCharCode(view.getUint8(element.at + i));
  return out;
}

// The numbers of a DS or IS; null where there are none, or one of them isn't a number.
export function reals(view, element) {
  if (!element || element.length === UNDEFINED) return null;
  const values = text(view, element, Infinity).split("\\").map((part) => (part.trim() ? Number(part) : NaN));
  return values.every(Number.isFinite) ? values : null;
}

export const real = (view, element) => reals(view, element)?.[0] ?? null;

// The value of a US or SS as it is stored; null where there is none.
export const uint16 = (view, element) => (element?.length >= 2 ? view.getUint16(element.at, true) : null);
