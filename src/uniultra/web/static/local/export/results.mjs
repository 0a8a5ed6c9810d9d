// The results of one opened file, as files by their names: what `uniultra segment --write` writes, in the same names and formats.

import { decode } from "../../core/rle.mjs";
import { maskBox } from "../../core/masks.mjs";
import { measureMask } from "../../core/measure.mjs";
import { lengthOf, scaleAt, withUserSize } from "../../core/scale.mjs";
import { isLost } from "../../doc.mjs";
import { saying } from "../said.mjs";
import { png, utf8 } from "./bytes.mjs";
import { makerFor } from "./derived.mjs";
import { coco, report } from "./documents.mjs";
import { itksnap, nifti, segNrrd } from "./labels.mjs";
import { byHand, makerOf, makersNote, maskNotes, modelsOf } from "./makers.mjs";
import { asPng, drawn } from "./overlay.mjs";
import { cineTable, stillTable } from "./tables.mjs";
import { yolo } from "./yolo.mjs";

const UNNAMED = "structure",
  MOST_IDS = 255,
  LONGEST_LABEL = 64;
const ANATOMY = ["SCT", "91723000", "Anatomical Structure"];

export const stemOf = (name) => name.replace(/\.[^.]+$/, "").replace(/[/\\\p{C}]/gu, "_") || UNNAMED;

// {files: {name: bytes}, notes}. `of`: {name, image, doc, banners, facts, table, codes}: the file's name, what reading it gave, what a person made of it, the
// boxes to cover, the model's facts, the codes of structures by their names, and those of measures and units; `signal`, if any, cancels.
export async function resultsOf(opened, kinds) {
  const { name, image, doc } = opened,
    { of, made, frames, structures } = gathered(opened),
    many = image.count > 1;
  if (!frames.length) throw new Error(saying("no-mask", "there is no mask and no caliper to export; segment or measure a structure first"));
  const count = structures.length;
  if (count > MOST_IDS) throw new Error(saying("many-structures", `${count} structures; an id image holds ${MOST_IDS}: delete some`, { count, most: MOST_IDS }));
  const stem = stemOf(name),
    files = {},
    found = [],
    dicom = await dicomOf(of, structures, frames, kinds);
  const numbers = kinds.includes("movie") ? shown(doc, frames, structures) : frames.map(({ number }) => number);
  const { Movie, rateOf } = kinds.includes("movie") ? await import("./movie.mjs") : {},
    movie = Movie && new Movie(rateOf(numbers, image.times_s));
  for (const number of numbers) {
    of.signal?.throwIfAborted();
    const frame = frames.find((one) => one.number === number) ?? { number, masks: [] },
      one = frameOf(of, structures, frame),
      begun = many ? `${stem}.frame${number}` : stem,
      picture = await drawn(await image.blob(number), one, structures, of.banners);
    await movie?.add(picture);
    if (!frame.masks.length && !one.calipers.length) continue;
    found.push(...one.found);
    files[`${begun}.overlay.png`] = await asPng(picture);
    if (frame.masks.length) Object.assign(files, await plainFiles(name, one, structures, kinds, begun));
    await dicom.add(files, begun, picture, number, one);
  }
  const all = many ? `${stem}.frames` : stem,
    classes = classesOf(structures),
    { ending, bytes, fault } = (await movie?.file()) ?? {};
  if (kinds.includes("yolo") && structures.length) files["classes.txt"] = utf8(classes.map((label) => `${label}\n`).join(""));
  if (kinds.includes("csv") && structures.length) files[`${all}.csv`] = many ? cineTable(withStatus(found)) : stillTable(found);
  if (kinds.includes("csv") && doc.calipers.length) files[`${all}.calipers.csv`] = stillTable(lengthsOf(of));
  if (kinds.includes("coco") && structures.length) files[`${all}.coco.json`] = coco(of, found, classes);
  if (bytes) files[`${all}.overlay.${ending}`] = bytes;
  await dicom.finish(files, all);
  files[`${all}.json`] = report(of, found, lengthsOf(of));
  const notes = fault ? [saying("no-movie", `no movie is written: ${fault}`, { reason: fault })] : [];
  return { files, notes: [...notes, ...makersNote(made, of.facts)] };
}

function gathered(opened) {
  const frames = measured(opened.doc),
    made = frames.flatMap(({ masks }) => masks),
    of = { ...opened, facts: makerOf(made, opened.facts) };
  return { of, made, frames, structures: structuresOf(of, frames) };
}

// What is measured on several files, as tables by their names: one of structures and one of calipers, where there are any.
export function tablesOf(all) {
  const seen = new Map(),
    [found, lengths] = [[], []];
  for (const opened of all) {
    const count = 1 + (seen.get(opened.name) ?? 0); // scanners call the first picture of every patient the same
    seen.set(opened.name, count);
    const name = count > 1 ? `${opened.name} (${count})` : opened.name,
      { of, frames, structures } = gathered({ ...opened, name });
    for (const one of frames.flatMap((frame) => frameOf(of, structures, frame).found)) {
      const [model, version] = [0, 1].map((part) => one.models.map((model) => model[part]).join(", "));
      found.push({ ...one, status: statusOf(one), model, version, by_hand: byHand(one.known) ?? "" });
    }
    lengths.push(...lengthsOf(of));
  }
  return { ...(found.length && { "measures.csv": cineTable(found, ["status", "model", "version", "by_hand"]) }), ...(lengths.length && { "measures.calipers.csv": stillTable(lengths) }) };
}

// The frames with masks or calipers.
function measured({ frames, calipers }) {
  const segmented = frames.filter(({ masks }) => masks.length),
    there = new Set(segmented.map(({ number }) => number));
  const alone = [...new Set(calipers.map(({ frame }) => frame))].filter((number) => !there.has(number));
  return [...segmented, ...alone.map((number) => ({ number, masks: [] }))].sort((a, b) => a.number - b.number);
}

// The frames of a movie: those with masks, and those on which tracking lost a structure.
function shown({ objects }, frames, structures) {
  const used = new Set(structures.map(({ id }) => id)),
    lost = objects.filter(({ id }) => used.has(id)).flatMap((one) => one.lost ?? []);
  return [...new Set([...frames.map(({ number }) => number), ...lost])].sort((a, b) => a - b);
}

// The same with the status of each, where a structure was followed.
const withStatus = (found) => (found.some(statusOf) ? found.map((one) => ({ ...one, status: statusOf(one) })) : found);
const statusOf = ({ known: { source, sure } }) => (source === "track" ? (sure === false ? "unsure" : "sure") : "");

// Calipers as lines of a still's table, in the order of their frames: each has a name and no id, and is called a length.
function lengthsOf({ name, image, doc }) {
  const calibration = withUserSize(image.calibration, doc.spacing_mm_yx);
  return [...doc.calipers].sort((a, b) => a.frame - b.frame).map(({ id, frame, a, b }) => {
    const { value, unit, scale } = lengthOf(calibration, a, b);
    return { image: name, frame, id: "", name: `Caliper ${id}`, scale, measures: { length: { value, unit, ends_xy: [a, b] } } };
  });
}

// A frame's files that need no header.
async function plainFiles(name, { ids, size, mm, masks }, structures, kinds, begun) {
  const classes = classesOf(structures),
    labelled = masks.map((mask, i) => ({ mask, label: structures[i].class }));
  const tools = ["labelme", "cvat"].some((kind) => kinds.includes(kind)) && (await import("./label_tools.mjs"));
  const made = {
    nifti: ["nii.gz", () => nifti(ids, size, mm)],
    nrrd: ["seg.nrrd", () => segNrrd(ids, size, structures, mm)],
    itksnap: ["label", () => itksnap(structures)],
    yolo: ["yolo.txt", () => utf8(yolo(labelled, size, classes))],
    labelme: ["labelme.json", () => tools.labelme(name, labelled, size)],
    cvat: ["cvat.xml", () => tools.cvat(name, labelled, size)],
  };
  const files = { [`${begun}.mask.png`]: await png(ids, size.width, size.height) };
  for (const [kind, [ending, write]] of Object.entries(made)) if (kinds.includes(kind)) files[`${begun}.${ending}`] = await write();
  return files;
}

// What gathers the DICOM results among `kinds`; their writers are loaded when they are first needed.
async function dicomOf({ image, facts, codes }, structures, frames, kinds) {
  const size = { width: image.width, height: image.height },
    many = image.count > 1,
    makers = structures.map(({ models }) => models);
  const about = { raw: image.raw, count: image.count, size, makers, maker: makerFor(makers, facts), labels: structures.map(({ label }) => label) };
  const [seg, sr, sc] = await Promise.all(["seg", "sr", "sc"].map((kind) => (kinds.includes(kind) ? import(`./${kind}.mjs`) : null)));
  const captures = sc && many ? new sc.Captures() : null;
  return {
    add: async (files, begun, picture, number, { found, masks, calipers }) => {
      const own = found.map(({ models }) => models);
      captures?.add(picture, number, own);
      if (sc && !many) files[`${begun}.sc.dcm`] = await sc.capture(picture, number, about);
      const lengths = calipers.map(({ name, measures }) => ({ label: name, ...measures.length }));
      const findings = found
        .filter(({ area_px }) => area_px)
        .map(({ structure, measures, models }) => ({ ...structure, measures, mask: masks[structure.number - 1], models }));
      if (sr && (findings.length || lengths.length)) files[`${begun}.sr.dcm`] = await sr.report({ ...about, maker: makerFor(own, facts), number, findings, lengths, codes });
    },
    finish: async (files, all) => {
      if (captures) files[`${all}.sc.dcm`] = await captures.file(about);
      if (!seg || !structures.length) return;
      const numbers = frames.map(({ number }) => number);
      files[`${all}.seg.dcm`] = await seg.segmentation({ ...about, numbers, segments: segmentsOf(structures, frames, size) });
    },
  };
}

// The structures that have a mask on some frame, numbered 1, 2, ... over all of them.
function structuresOf({ doc, table, facts }, frames) {
  const all = frames.flatMap(({ masks }) => masks),
    there = new Set(all.map(({ object }) => object));
  return doc.objects
    .filter(({ id }) => there.has(id))
    .map(({ id, name, colour }, index) => {
      const clean = name.replace(/[\\\p{C}]/gu, "").trim();
      return {
        id,
        number: index + 1,
        name,
        label: (clean || `structure ${index + 1}`).slice(0, LONGEST_LABEL),
        class: name.split(/\s+/).filter(Boolean).join(" ") || UNNAMED,
        colour: [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)),
        models: modelsOf(all.filter(({ object }) => object === id), facts),
        ...codesOf(clean, table),
      };
    });
}

const classesOf = (structures) => [...new Set(structures.map((one) => one.class))];

function codesOf(name, table) {
  const words = name.toLowerCase().replaceAll("_", " ").split(/\s+/).filter(Boolean).join(" ");
  const listed = Object.hasOwn(table, words);
  return { listed, codes: listed ? table[words] : { category: ANATOMY, type: ANATOMY, region: null, side: null } };
}

// A frame's masks in the order of the structures, empty where it lacks one; their id image, in which the first of several that overlap wins;
// and what is measured of those that are there.
function frameOf(of, structures, frame) {
  const { image, doc, name } = of,
    size = { width: image.width, height: image.height },
    ids = new Uint8Array(size.width * size.height);
  const calibration = withUserSize(image.calibration, doc.spacing_mm_yx),
    found = [];
  const masks = structures.map((structure) => {
    const known = frame.masks.find(({ object }) => object === structure.id);
    if (!known) return new Uint8Array(ids.length);
    const mask = decode(known.counts, size),
      scale = scaleOf(calibration, mask, size);
    mask.forEach((inside, i) => (ids[i] ||= inside * structure.number));
    const area_px = mask.reduce((sum, inside) => sum + inside, 0);
    const about = { image: name, frame: frame.number, time_s: image.times_s?.[frame.number] ?? null, id: structure.number };
    const measures = area_px ? measureMask(mask, size, scale.mm) : {};
    const box = maskBox(mask, size);
    const notes = maskNotes({ id: structure.number, known }, of.facts),
      models = modelsOf([known], of.facts);
    found.push({ ...about, name: structure.name, structure, known, box, area_px, quality: byHand(known) ? null : known.quality, scale, measures, notes, models });
    return mask;
  });
  const { mm } = scaleOf(calibration, ids.map((id) => (id ? 1 : 0)), size);
  const calipers = lengthsOf(of).filter((one) => one.frame === frame.number);
  const lost = structures.filter(({ id }) => isLost(doc, frame.number, id) && !frame.masks.some(({ object }) => object === id));
  return { masks, ids, size, mm, found, lost, calipers };
}

function scaleOf(calibration, mask, size) {
  const box = maskBox(mask, size);
  return scaleAt(calibration, box ? [box.x0, box.y0, box.x1, box.y1] : [0, 0, 0, 0]);
}

function segmentsOf(structures, frames, size) {
  const empty = new Uint8Array(size.width * size.height);
  return structures.map(({ id, label, codes, colour, models }) => {
    const counts = new Map(frames.map(({ number, masks }) => [number, masks.find(({ object }) => object === id)?.counts]));
    return { label, codes, colour, models, plane: (number) => (counts.get(number) ? decode(counts.get(number), size) : empty) };
  });
}
