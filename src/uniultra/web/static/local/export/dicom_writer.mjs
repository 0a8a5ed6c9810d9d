// DICOM files out, explicit VR little endian. A data set is a list of [tag, VR, value]; the value of a sequence is a list of data sets.

import { joined, utf8 } from "./bytes.mjs";

const EXPLICIT = "1.2.840.10008.1.2.1",
  IMPLEMENTATION = "2.25.202235542968216286518745215554686703522";
const LONG = new Set(["OB", "OW", "SQ", "UT", "UN", "UC"]);
const NUMBERS = { US: ["setUint16", 2], UL: ["setUint32", 4], FL: ["setFloat32", 4], FD: ["setFloat64", 8] };
const [UNDEFINED, ITEM, SEQUENCE_END] = [0xffffffff, 0xe000, 0xe0dd];
const ROOT = "1.2.826.0.1.3680043.8.498."; // pydicom's, as in what Python derives
const LONGEST_UID = 64;

// A UID of a random number (PS3.5 B.2).
export function randomUid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return `2.25.${bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)}`;
}

// The UID that Python's pydicom makes of the same text; a random one where the browser has no SHA-512 for this page.
export async function uidOf(text) {
  if (!crypto.subtle) return randomUid();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-512", utf8(text)));
  const number = hash.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return ROOT + `${number}`.slice(0, LONGEST_UID - ROOT.length);
}

// A whole file of a data set of a SOP class and instance.
export function dicomFile(dataset, sopClass, instance, version, syntax = EXPLICIT) {
  const meta = [
    [0x00020001, "OB", Uint8Array.of(0, 1)],
    [0x00020002, "UI", sopClass],
    [0x00020003, "UI", instance],
    [0x00020010, "UI", syntax],
    [0x00020012, "UI", IMPLEMENTATION],
    [0x00020013, "SH", `UNIULTRA ${version}`.slice(0, 16)],
  ];
  const rest = encoded(meta);
  return joined(new Uint8Array(128), utf8("DICM"), encoded([[0x00020000, "UL", rest.length]]), rest, encoded(dataset));
}

function encoded(dataset) {
  const sorted = [...dataset].sort(([a], [b]) => a - b);
  return joined(...sorted.map(([tag, vr, value]) => element(tag, vr, value)));
}

// Pixels that are a list of Uint8Arrays are encapsulated, a frame each.
function element(tag, vr, value) {
  const framed = vr === "OB" && Array.isArray(value),
    bytes = framed ? encapsulated(value) : valueOf(vr, value),
    wide = LONG.has(vr),
    head = new DataView(new ArrayBuffer(wide ? 12 : 8));
  head.setUint16(0, tag >>> 16, true);
  head.setUint16(2, tag & 0xffff, true);
  head.setUint16(4, vr.charCodeAt(0) | (vr.charCodeAt(1) << 8), true);
  if (wide) head.setUint32(8, framed ? UNDEFINED : bytes.length, true);
  else head.setUint16(6, bytes.length, true);
  return joined(new Uint8Array(head.buffer), bytes);
}

// Frames behind the table of their offsets (PS3.5 A.4), which is empty where 32 bits don't hold them.
function encapsulated(frames) {
  const even = frames.map((frame) => padded(frame, 0)),
    offsets = [];
  even.reduce((at, frame) => offsets.push(at) && at + 8 + frame.length, 0);
  const table = offsets.at(-1) <= UNDEFINED ? numbers("UL", offsets) : new Uint8Array(0);
  return joined(...[table, ...even].map((part) => itemOf(part)), itemOf(new Uint8Array(0), SEQUENCE_END));
}

function valueOf(vr, value) {
  if (vr === "SQ") return joined(...value.map((item) => itemOf(encoded(item))));
  if (NUMBERS[vr]) return numbers(vr, [value].flat());
  if (vr === "AT") return numbers("US", [value].flat().flatMap((tag) => [tag >>> 16, tag & 0xffff]));
  const bytes = value instanceof Uint8Array ? value : utf8([value].flat().join("\\"));
  return padded(bytes, vr === "UI" || vr === "OB" ? 0 : 32);
}

const padded = (bytes, by) => (bytes.length % 2 ? joined(bytes, Uint8Array.of(by)) : bytes);

function itemOf(bytes, kind = ITEM) {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint16(0, 0xfffe, true);
  head.setUint16(2, kind, true);
  head.setUint32(4, bytes.length, true);
  return joined(new Uint8Array(head.buffer), bytes);
}

function numbers(vr, list) {
  const [set, wide] = NUMBERS[vr],
    view = new DataView(new ArrayBuffer(wide * list.length));
  list.forEach((value, i) => view[set](wide * i, value, true));
  return new Uint8Array(view.buffer);
}
