// The page without a server: the same questions as api.mjs asks one, answered in this tab. Nothing leaves it.

import { encode, decode } from "../core/rle.mjs";
import { whole } from "../core/geometry.mjs";
import { maskBox } from "../core/masks.mjs";
import { measureMask } from "../core/measure.mjs";
import { scaleAt, withUserSize } from "../core/scale.mjs";
import { bannersOf, keepBanners, scannerOf } from "./banners.mjs";
import { engine, modelFacts, signed } from "./engine.mjs";
import { read } from "./images.mjs";
import { notesOn } from "./notes.mjs";
import { Refused } from "./refused.mjs";
import { saying } from "./said.mjs";
import { keep, kept, readersOf } from "./store.mjs";

export { Refused };

const READER = "uniultra-reader";
const files = new Map();
let current = ""; // the file that was opened last
let given = 0; // how many files this tab was given: one of the same name is another one

// Who reads in this tab; "" is the first reader.
export const reader = () => sessionStorage.getItem(READER) ?? "";

// Goes on as another reader, without a reload, which would lose the files that this tab was given.
export function readAs(name) {
  sessionStorage.setItem(READER, name.split(/\s+/).filter(Boolean).join(" "));
  document.dispatchEvent(new Event("reader"));
}

// Of a file what a reader made of it.
const docOf = (id, name = reader()) => kept(id, name);

export async function enter() {
  for (const name of await (await fetch("examples/examples.json")).json().catch(() => [])) {
    files.set(name, {
      name,
      stamp: `${++given}`,
      load: async () => new Uint8Array(await (await fetch(`examples/${name}`)).arrayBuffer()),
    });
  }
}

export const getJson = (path) => answer("GET", path);
export const sendJson = (method, path, value, signal) => answer(method, path, value, signal);

export async function getBlob(path) {
  const [, id, number] = path.match(/items\/([^/]+)\/frames\/(\d+)/);
  return (await opened(id)).blob(Number(number));
}

export async function sendFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer()),
    id = `${encodeURIComponent(file.name)}~${fingerprint(bytes)}`;
  if (!files.has(id)) files.set(id, { name: file.name, stamp: `${++given}`, load: async () => bytes });
  try {
    await opened(id);
  } catch (error) {
    files.delete(id);
    throw error;
  }
  return itemOf(id);
}

// Two files of one name are two: scanners call the first picture of every patient the same.
function fingerprint(bytes) {
  let [one, two] = [0x811c9dc5, bytes.length];
  for (let i = 0; i < bytes.length; i++) {
    one = Math.imul(one ^ bytes[i], 0x01000193);
    two = Math.imul(two ^ bytes[i], 0x85ebca6b) ^ (two >>> 13);
  }
  return [one, two].map((half) => (half >>> 0).toString(36)).join("");
}

async function answer(method, path, value, signal) {
  if (path === "/v1/workspace") return workspace();
  if (path === "/v1/workspace/dataset") return dataset();
  if (path === "/v1/workspace/measures") return (await import("./exporting.mjs")).exportMeasures(await Promise.all(value.items.map(annotated)));
  if (path === "/v1/workspace/agreement") return agreementWith(value.reader);
  const [, id, number, what] = path.match(/items\/([^/]+)(?:\/frames\/(\d+))?(?:\/(\w+))?$/);
  if (method === "DELETE") return files.delete(id) && null;
  if (method === "GET") return facts((current = id), await opened(id));
  if (path.endsWith("/banners")) return keepBanners(await opened(id), value);
  if (method === "PUT") return save(id, value);
  if (what === "warm") return warm(id, Number(number));
  if (what === "segment") return signed(await segment(await opened(id), Number(number), value));
  if (what === "alternatives") return signed(await alternatives(await opened(id), Number(number), value));
  if (what === "track") return signed(await (await import("./follow.mjs")).follow(id, await opened(id), Number(number), value));
  if (what === "measure") return measure(await opened(id), value);
  if (what === "ejection") return ejected(await opened(id), value);
  if (what === "volume") return volumeOf(await opened(id), value);
  if (what === "export") return exported(id, value, signal);
  throw new Refused("not-found", saying("needs-server", "this needs the server: run `uniultra open`"));
}

// Encodes the whole of the frame that is on the screen ahead of the first click; of another file only the engine is got ready.
async function warm(id, number) {
  const segmenter = await engine();
  if (id === current) {
    const frame = await (await opened(id)).grey(number);
    await segmenter.encode(frame, whole(frame));
  }
  return null;
}

// An entry of the work list.
async function itemOf(id) {
  const { doc } = await docOf(id),
    { name, fault = "" } = files.get(id);
  const [objects, frames, calipers] = [doc?.objects.length ?? 0, doc?.frames.length ?? 0, doc?.calipers.length ?? 0];
  return { id, name, done: doc?.done ?? false, objects, frames, calipers, fault };
}

async function workspace() {
  const model = await modelFacts();
  const items = await Promise.all([...files.keys()].map(itemOf));
  return {
    items,
    project: "",
    unwritable: "",
    examples: true,
    tracking: true,
    readers: reader() ? [] : await readersOf(),
    alone: true,
    model: model.name,
    version: model.version,
    box_fits: model.box_fits ?? false,
    structures: model.structures ?? [],
    notice: "not a medical device",
  };
}

// A file whose first frame can't be read is refused when it is opened.
const shown = (image) => image.grey(0).then(() => image);

// A file's facts and frames, read once.
async function opened(id) {
  const file = files.get(id);
  if (!file) throw new Refused("no-file", saying("not-in-tab", "this tab has no such file; open it again"));
  try {
    Object.assign(file, { image: await (file.reading ??= file.load().then(read).then(shown)), fault: "" });
  } catch (error) {
    Object.assign(file, { reading: null, fault: `${file.name}: ${error.message}` });
    throw new Refused("image", file.fault);
  }
  return file.image;
}

async function facts(id, image) {
  const { offers } = await import("./export/offers.mjs");
  const { width, height, count, times_s, calibration, kind } = image,
    { revision, doc } = await docOf(id);
  const empty = { objects: [], frames: [], calipers: [], spacing_mm_yx: null, done: false };
  return {
    id,
    name: files.get(id).name,
    kind,
    width,
    height,
    count,
    times_s,
    calibration,
    notes: image.notes ?? [],
    exports: await offers(image),
    scanner: scannerOf(image),
    stamp: files.get(id).stamp,
    banners: bannersOf(image),
    revision,
    doc: doc ?? empty,
  };
}

async function save(id, { revision, doc }) {
  const next = await keep(id, reader(), revision, doc);
  if (next === null) throw new Refused("conflict", saying("saved-elsewhere", "it was changed in another tab; reload the page"));
  return { revision: next };
}

async function segment(image, number, { quick = false, ...asked }) {
  const began = performance.now(),
    segmenter = await engine(),
    frame = await image.grey(number);
  const answer = quick ? segmenter.underPointer(frame, promptOf(asked, frame)) : segmenter.segment(frame, promptOf(asked, frame));
  return answerOf(await answer.catch(refused), frame, began, asked);
}

// Other answers to a prompt, the usual one first.
async function alternatives(image, number, asked) {
  const began = performance.now(),
    segmenter = await engine(),
    frame = await image.grey(number);
  const found = await segmenter.alternatives(frame, promptOf(asked, frame)).catch(refused);
  return found.map((one) => answerOf(one, frame, began, asked));
}

function refused(error) {
  throw new Refused("prompt", error.message);
}

const promptOf = ({ box, box_fit: fit, points = [], labels = [], label = "", mask }, frame) => ({
  mask: mask ? decode(mask, frame) : null,
  fit: fit ?? "",
  name: label,
  box: box ? { x0: box[0], y0: box[1], x1: box[2], y1: box[3] } : null,
  points: points.filter((_, i) => labels[i] === 1),
  negatives: points.filter((_, i) => labels[i] === 0),
});

function answerOf({ mask, quality, even, size: at }, frame, began, asked) {
  const size = at ?? frame,
    found = maskBox(mask, size);
  return {
    counts: encode(mask, size),
    quality,
    region: null,
    area_px: mask.reduce((sum, inside) => sum + inside, 0),
    area_mm2: null,
    box_xyxy: found && [found.x0, found.y0, found.x1, found.y1],
    reason: "",
    size_hw: [size.height, size.width],
    work_ms: performance.now() - began,
    notes: notesOn(asked, even),
  };
}

// A mask with the scale that holds where it lies.
function viewOf(image, counts, spacing_mm_yx) {
  const box = maskBox(decode(counts, image), image);
  const scale = scaleAt(
    withUserSize(image.calibration, spacing_mm_yx),
    box ? [box.x0, box.y0, box.x1, box.y1] : [0, 0, 0, 0],
  );
  for (const [english, { code, values }] of Object.entries(scale.said)) saying(code, english, values);
  return { counts, size: image, scale };
}

function measure(image, { counts, spacing_mm_yx }) {
  const { scale } = viewOf(image, counts, spacing_mm_yx);
  return {
    scale: { spacing_mm_yx: scale.mm, source: scale.source, reason: scale.reason, notes: scale.notes },
    ...measureMask(decode(counts, image), image, scale.mm),
  };
}

async function ejected(image, { diastole, systole, counts, spacing_mm_yx }) {
  const { ejection, CUBE, EQUAL, SQUARE } = await import("./volume.mjs"),
    frames = [diastole, systole];
  const views = counts.map((one) => viewOf(image, one, spacing_mm_yx));
  saying("cube", CUBE);
  saying("square-pixels", SQUARE);
  saying("equal-pixels", EQUAL);
  try {
    const counted = frames.map((number) => number + 1); // as the page counts
    const found = ejection(views, counted, image.times_s && frames.map((number) => image.times_s[number]));
    return image.times_s ? found : { ...found, notes: [...found.notes, ...(image.notes ?? [])] };
  } catch (error) {
    throw new Refused("image", error.message);
  }
}

async function volumeOf(image, { counts, spacing_mm_yx, first }) {
  const { twoPlanes, CUBE } = await import("./volume.mjs"),
    other = await opened(first.item);
  saying("cube", CUBE);
  return twoPlanes([viewOf(other, first.counts, first.spacing_mm_yx), viewOf(image, counts, spacing_mm_yx)]);
}

async function exported(id, { kinds }, signal) {
  const { exportFile } = await import("./exporting.mjs");
  return exportFile({ ...(await annotated(id)), signal }, kinds);
}

// All accepted files as one ZIP.
async function dataset() {
  const { exportAccepted } = await import("./exporting.mjs"),
    accepted = [];
  for (const id of files.keys()) {
    const { doc } = await docOf(id);
    if (doc?.done && doc.frames.some(({ masks }) => masks.length)) accepted.push(await annotated(id));
  }
  return exportAccepted(accepted);
}

// A file with all that a person made of it.
async function annotated(id) {
  const image = await opened(id);
  return { name: files.get(id).name, image, doc: (await docOf(id)).doc, banners: bannersOf(image) };
}

// How far a second reader agrees with the first, on the files that this tab has.
async function agreementWith(name) {
  const { agreement } = await import("./agreement.mjs"),
    both = [];
  for (const [id, file] of files) {
    const [mine, other] = [await docOf(id, ""), await docOf(id, name)];
    if (mine.doc && other.doc) both.push({ id, name: file.name, image: await opened(id), mine: mine.doc, other: other.doc });
  }
  return agreement(name, both);
}
