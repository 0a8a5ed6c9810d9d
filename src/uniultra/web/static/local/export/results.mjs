// The results of one opened file, as files by their names: what `uniultra segment --write` writes, in the same names and formats.

import { decode } from "../../core/rle.mjs";
import { maskBox } from "../../core/masks.mjs";
import { measureMask } from "../../core/measure.mjs";
import { scaleAt, withUserSize } from "../../core/scale.mjs";
import { png, utf8 } from "./bytes.mjs";
import { itksnap, nifti, segNrrd } from "./labels.mjs";
import { overlay } from "./overlay.mjs";
import { segmentation, whyNoSeg } from "./seg.mjs";
import { cineTable, stillTable } from "./tables.mjs";
import { yolo } from "./yolo.mjs";

const NOTICE = "not a medical device",
  UNNAMED = "structure",
  MOST_IDS = 255,
  LONGEST_LABEL = 64;
const ANATOMY = ["SCT", "91723000", "Anatomical Structure"];
const SERVER = "it needs the server: run `uniultra open`";

// What can be written of an image: kind to "", or the reason why not.
export function offers(image) {
  const dicom = image.raw ? whyNoSeg(image.raw) : "it needs a DICOM image to refer to";
  const own = Object.fromEntries(["csv", "nifti", "nrrd", "itksnap", "coco", "yolo"].map((kind) => [kind, ""]));
  return { seg: dicom, ...own, sr: SERVER, sc: SERVER, ...(image.count > 1 ? { movie: SERVER } : {}) };
}

export const stemOf = (name) => name.replace(/\.[^.]+$/, "").replace(/[/\\\p{C}]/gu, "_") || UNNAMED;

// {name: bytes}. `of`: {name, image, doc, banners, facts, table}: the file's name, what reading it gave, what a person made of it, the boxes to
// cover, the model's facts, and the codes of structures by their names.
export async function resultsOf(of, kinds) {
  const { name, image, doc } = of,
    frames = doc.frames.filter(({ masks }) => masks.length);
  const structures = structuresOf(of, frames),
    many = image.count > 1;
  if (!structures.length) throw new Error("there is no mask to export; segment a structure first");
  if (structures.length > MOST_IDS) throw new Error(`${structures.length} structures; an id image holds ${MOST_IDS}: delete some`);
  const stem = stemOf(name),
    files = {},
    found = [];
  for (const frame of frames) {
    const one = frameOf(of, structures, frame),
      begun = many ? `${stem}.frame${frame.number}` : stem;
    found.push(...one.found);
    const { ids, size } = one;
    files[`${begun}.mask.png`] = await png(ids, size.width, size.height);
    files[`${begun}.overlay.png`] = await overlay(await image.blob(frame.number), one.masks, structures, of.banners);
    if (kinds.includes("nifti")) files[`${begun}.nii.gz`] = await nifti(ids, size, one.mm);
    if (kinds.includes("nrrd")) files[`${begun}.seg.nrrd`] = await segNrrd(ids, size, structures, one.mm);
    if (kinds.includes("itksnap")) files[`${begun}.label`] = itksnap(structures);
    if (kinds.includes("yolo")) files[`${begun}.yolo.txt`] = utf8(yolo(one.masks.map((mask, i) => ({ mask, label: structures[i].class })), size, classesOf(structures)));
  }
  const all = many ? `${stem}.frames` : stem;
  if (kinds.includes("yolo")) files["classes.txt"] = utf8(classesOf(structures).map((label) => `${label}\n`).join(""));
  if (kinds.includes("csv")) files[`${all}.csv`] = (many ? cineTable : stillTable)(found);
  if (kinds.includes("coco")) files[`${all}.coco.json`] = utf8(JSON.stringify(coco(of, structures, found)));
  if (kinds.includes("seg")) files[`${all}.seg.dcm`] = await segOf(of, structures, frames);
  files[`${all}.json`] = utf8(JSON.stringify(report(of, found), null, 2));
  return files;
}

// The structures that have a mask on some frame, numbered 1, 2, ... over all of them.
function structuresOf({ doc, table }, frames) {
  const there = new Set(frames.flatMap(({ masks }) => masks.map(({ object }) => object)));
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
        codes: codesOf(clean, table),
      };
    });
}

export const classesOf = (structures) => [...new Set(structures.map((one) => one.class))];

function codesOf(name, table) {
  const words = name.toLowerCase().replaceAll("_", " ").split(/\s+/).filter(Boolean).join(" ");
  return Object.hasOwn(table, words) ? table[words] : { category: ANATOMY, type: ANATOMY, region: null, side: null };
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
    found.push({ ...about, name: structure.name, structure, known, box, area_px, quality: known.quality, scale, measures });
    return mask;
  });
  const { mm } = scaleOf(calibration, ids.map((id) => (id ? 1 : 0)), size);
  return { masks, ids, size, mm, found };
}

function scaleOf(calibration, mask, size) {
  const box = maskBox(mask, size);
  return scaleAt(calibration, box ? [box.x0, box.y0, box.x1, box.y1] : [0, 0, 0, 0]);
}

async function segOf({ image, facts }, structures, frames) {
  const size = { width: image.width, height: image.height },
    empty = new Uint8Array(size.width * size.height);
  const segments = structures.map(({ id, label, codes }) => {
    const counts = new Map(frames.map(({ number, masks }) => [number, masks.find(({ object }) => object === id)?.counts]));
    return { label, codes, plane: (number) => (counts.get(number) ? decode(counts.get(number), size) : empty) };
  });
  const numbers = frames.map(({ number }) => number);
  const maker = { model: facts.name, modelVersion: facts.version, version: facts.uniultra };
  return segmentation({ raw: image.raw, count: image.count, size, numbers, segments, maker });
}

function coco({ name, image, doc }, structures, found) {
  const labels = classesOf(structures),
    numbers = [...new Set(found.map(({ frame }) => frame))];
  const images = numbers.map((frame, i) => ({ id: i + 1, file_name: name, width: image.width, height: image.height, frame }));
  const annotations = found.map(({ structure, known, box: edges, frame, area_px, quality }, index) => {
    const box = edges ?? { x0: -0.5, y0: -0.5, x1: -0.5, y1: -0.5 };
    return {
      id: index + 1,
      image_id: 1 + numbers.indexOf(frame),
      category_id: 1 + labels.indexOf(structure.class),
      iscrowd: 0,
      area: area_px,
      bbox: [box.x0 + 0.5, box.y0 + 0.5, box.x1 - box.x0, box.y1 - box.y0],
      segmentation: { size: [image.height, image.width], counts: known.counts },
      ...(quality === null ? {} : { score: quality }),
    };
  });
  return { images, categories: labels.map((label, index) => ({ id: index + 1, name: label })), annotations };
}

function report({ name, image, facts }, found) {
  const objects = found.map(({ frame, time_s, id, name: called, structure, known, box, area_px, quality, scale, measures }) => {
    const coded = ([scheme, value, meaning]) => ({ value, meaning, scheme });
    const { category, type, region, side } = structure.codes,
      codes = Object.entries({ category, type, region, laterality: side }).filter(([, code]) => code);
    return {
      frame: image.count > 1 ? frame : null,
      time_s,
      id,
      name: called,
      codes: Object.fromEntries(codes.map(([key, code]) => [key, coded(code)])),
      prompt: known.box || known.points?.length ? { box: known.box ?? null, points: known.points ?? [], labels: known.labels ?? [] } : null,
      box_xyxy: box && [box.x0, box.y0, box.x1, box.y1],
      area_px,
      area_mm2: scale.mm && area_px * scale.mm[0] * scale.mm[1],
      quality,
      source: known.source,
      measures: { scale: { spacing_mm_yx: scale.mm, source: scale.source || null, reason: scale.reason || null }, ...measures },
    };
  });
  const model = { name: facts.name, version: facts.version };
  return {
    schema: "uniultra.tab/1",
    image: name,
    width: image.width,
    height: image.height,
    frames_in_file: image.count,
    model,
    uniultra: facts.uniultra,
    objects,
    notice: NOTICE,
  };
}
