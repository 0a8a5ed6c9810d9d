// Measures of masks, requested once and kept; and the table of them as text.

import { el } from "./dom.mjs";
import { masksOn, objectOf } from "./doc.mjs";
import { lengthOf } from "./core/scale.mjs";
import { sendJson } from "./api.mjs";
import { app, calibration, changed, doc, fileKey, framePath, say } from "./state.mjs";
import { answered } from "./turns.mjs";
import { NAMES, isPassing, number, t } from "./texts.mjs";

const AGAIN_MS = 2000;

const kept = new Map();
const pending = new Set();

let answers = 0,
  again = 0; // when to ask again: the last question wasn't answered

// How many answers have come: a panel that shows them is old when there are more.
export const measured = () => answers;

const keyOf = (mask) => JSON.stringify([fileKey(), app.frame, mask.counts, doc().spacing_mm_yx]);

// What the server measured of a structure on this frame; null until it is here.
export function measuresOf(id) {
  const mask = masksOn(doc(), app.frame).find((one) => one.object === id);
  return mask ? (kept.get(keyOf(mask)) ?? null) : null;
}

// Asks for what isn't known yet, one at a time, the selected structure first.
export async function measureAll() {
  if (!app.file || app.playing || pending.size > 0 || performance.now() < again) return;
  const masks = [...masksOn(doc(), app.frame)].sort(
    (a, b) => (b.object === app.selected) - (a.object === app.selected),
  );
  const mask = masks.find((one) => !kept.has(keyOf(one)));
  if (!mask) return;
  const key = keyOf(mask);
  pending.add(key);
  try {
    const asking = { counts: mask.counts, spacing_mm_yx: doc().spacing_mm_yx };
    kept.set(key, await sendJson("POST", `${framePath()}/measure`, asking));
    if (kept.size > 500) kept.delete(kept.keys().next().value);
    again = 0;
  } catch (error) {
    if (!isPassing(error)) kept.set(key, {}); // said where the mask was made; a measure is missing, nothing else
    else {
      again = performance.now() + AGAIN_MS;
      setTimeout(changed, AGAIN_MS);
    }
  } finally {
    pending.delete(key);
    answers++;
    changed();
  }
}

// Resolves when every mask of this frame is measured, to whether they are: a table without a structure looks complete.
export async function allMeasured() {
  const missing = () => masksOn(doc(), app.frame).some((mask) => !kept.has(keyOf(mask)));
  app.playing = false; // the frame of the moment is meant
  await answered();
  again = 0;
  for (let tries = 0; tries < 250 && missing() && !again; tries++) {
    await measureAll();
    await new Promise((done) => setTimeout(done, 20));
  }
  if (missing()) say(t("offlineNotice"));
  return !missing();
}

// Rows of [structure, measure, value, unit] of this frame; `value` is a number.
export function rows() {
  const found = [];
  for (const mask of masksOn(doc(), app.frame)) {
    const measured = measuresOf(mask.object) ?? {};
    const name = objectOf(doc(), mask.object)?.name || `${mask.object}`;
    for (const key of NAMES) {
      if (measured[key]) found.push([name, key, measured[key].value, measured[key].unit]);
    }
  }
  for (const caliper of doc().calipers.filter((one) => one.frame === app.frame)) {
    const { value, unit } = lengthOf(calibration(), caliper.a, caliper.b);
    found.push([`${t("caliper")} ${caliper.id}`, "length", Math.round(value * 100) / 100, unit]);
  }
  return found;
}

// For a spreadsheet, by the clipboard.
export function asTabs() {
  return rows()
    .map(([name, key, value, unit]) => [name, t(key), number(value, 2), unit].join("\t"))
    .join("\n");
}

// A CSV file's bytes, in the columns and with the ids of exported tables; a caliper has a name and no id.
async function asCsv() {
  const { stillTable } = await import("./local/export/tables.mjs"); // with the other writers, which a page isn't loaded with
  const { frames, objects, calipers } = doc(),
    used = new Set(frames.flatMap(({ masks }) => masks.map(({ object }) => object))),
    of = { image: app.file.name, frame: app.frame };
  const found = objects
    .filter(({ id }) => used.has(id))
    .map(({ id, name }, at) => ({ ...of, id: at + 1, name, scale: UNKNOWN, ...split(measuresOf(id)) }));
  const lines = calipers
    .filter(({ frame }) => frame === app.frame)
    .map(({ id, a, b }) => ({ ...of, id: "", name: `${t("caliper")} ${id}`, ...alongLine(a, b) }));
  return stillTable([...found.filter(({ measures }) => measures), ...lines]);
}

export async function saveCsv() {
  if (!(await allMeasured())) return;
  const bytes = await asCsv().catch(() => say(t("offlineNotice")));
  if (!bytes) return;
  const address = URL.createObjectURL(new Blob([bytes], { type: "text/csv" }));
  el("a", { href: address, download: `${app.file.name}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const UNKNOWN = { source: "", reason: "", notes: [] };
const split = (known) => known && { measures: known, scale: known.scale ?? UNKNOWN };

function alongLine(a, b) {
  const { value, unit, scale } = lengthOf(calibration(), a, b);
  return { scale, measures: { length: { value, unit, ends_xy: [a, b] } } };
}
