// Which models made the masks of a file, as uniultra/web/workspace/makers.py has it: the page may answer with another by the time of the export.

import { saying } from "../said.mjs";

const LONGEST = 64; // of an attribute of VR LO

const called = ({ name, version }) => `${name} ${version}`;
// What a person's hand did to a mask: "drawn", where no model had a part in it, or "corrected"; undefined where it is as it was answered.
export const byHand = (mask) => (mask.source === "brush" ? (isDrawn(mask) ? "drawn" : "corrected") : undefined);
const isDrawn = ({ source, model, box, points }) => source === "brush" && !model && !box && !points?.length;
const madeBy = (masks) => [...new Set(masks.map(({ model }) => model).filter(Boolean))].sort();

// [name, version] of "uniultra-mini 0.9.0", as DICOM holds them.
function parts(model) {
  const at = model.lastIndexOf(" "),
    legal = (said, other) => said.replace(/[\\\p{C}]/gu, "").trim().slice(0, LONGEST) || other;
  return [legal(model.slice(0, at), "unnamed model"), legal(model.slice(at + 1), "unknown")];
}

// The model that results name: the one that made all masks, where all say so and it is one; else that of now.
export function makerOf(masks, facts) {
  const made = madeBy(masks);
  if (made.length !== 1 || !made[0].includes(" ") || masks.some((mask) => !mask.model && !isDrawn(mask))) return facts;
  const [name, version] = parts(made[0]);
  return { ...facts, name, version };
}

// [[name, version], ...] of a structure's masks; none where a person drew them all.
export function modelsOf(masks, named) {
  const made = masks.filter((mask) => !isDrawn(mask)).map(({ model }) => (model?.includes(" ") ? model : called(named)));
  return [...new Set(made)].map(parts);
}

// The models that made a mask, in words; undefined where a person drew it.
export const madeByModels = (mask, named) => modelsOf([mask], named).map(([name, version]) => `${name} ${version}`)[0];

// Notes on a mask that the model that results name didn't make, or a person's hand did.
export function maskNotes({ id, known }, named) {
  const { model } = known,
    hand = byHand(known),
    notes = model && model !== called(named) ? [`structure ${id}: made by ${model}, not by ${called(named)}`] : [];
  if (hand === "drawn") notes.push(`structure ${id}: drawn by hand`);
  if (hand === "corrected") notes.push(`structure ${id}: corrected by hand`);
  return notes;
}

// A note on an export of masks of several models.
export function makersNote(masks, named) {
  const here = called(named),
    others = madeBy(masks).filter((one) => one !== here).join(", ");
  const text = `some masks were made by ${others}; files that name one model name ${here}, DICOM SEG and SR name each structure's own, and JSON, CSV and COCO say of which masks`;
  return others ? [saying("several-models", text, { others, named: here })] : [];
}
