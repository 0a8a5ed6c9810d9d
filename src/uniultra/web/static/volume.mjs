// A structure's volume from its masks on two planes: one is kept, the other is what is selected.

import { sendJson } from "./api.mjs";
import { el } from "./dom.mjs";
import { app, changed, doc, fileKey, framePath, say } from "./state.mjs";
import { isPassing, number, reasonOf, sentence, t } from "./texts.mjs";

const kept = new Map();
let plane = null, // {item, stamp, file, frame, structure, counts, spacing_mm_yx} of the first plane
  answers = 0;

// Changes with everything that the parts below show.
export const volumeState = () => `${answers} ${plane?.item} ${plane?.frame} ${plane?.counts}`;

// Takes another first plane; null for none.
export function keepPlane(next) {
  plane = next;
  changed();
}

const keyOf = (mask) => JSON.stringify([plane, fileKey(), app.frame, mask.counts, doc().spacing_mm_yx]);
const isFirst = (mask) => plane?.item === app.file.id && plane.stamp === app.file.stamp && plane.frame === app.frame && plane.counts === mask.counts;

// What the measures' panel shows of it for the selected structure.
export function volumeParts(object, mask) {
  if (!mask) return [];
  if (!plane || isFirst(mask)) return [choice(object, mask), plane ? hint() : null];
  const known = kept.get(keyOf(mask));
  const from = el("p", { class: "muted" }, t("planeWith", plane.structure, plane.file, plane.frame + 1), " ", forget());
  if (known) return [el("h3", { colour: object.colour }, t("volume")), from, ...told(known)];
  const ask = el("button", { type: "button", class: "quiet", id: "volume", "data-key": "volume", onclick: () => askVolume(mask) }, t("volumeAsk"));
  return [ask, from];
}

// Rows for the report: [name, words].
export function volumeRows(mask) {
  const known = mask && plane ? kept.get(keyOf(mask)) : null;
  if (!known || known.problem) return [];
  return ["ellipsoid", "simpson"].filter((name) => !known[name].problem).map((name) => [t(name), words(known[name])]);
}

function choice(object, mask) {
  const take = () => {
    const { id: item, stamp, name: file } = app.file;
    keepPlane({ item, stamp, file, frame: app.frame, structure: object.name, counts: mask.counts, spacing_mm_yx: doc().spacing_mm_yx });
    say(t("planeKept"));
  };
  if (plane) return null;
  return el("button", { type: "button", class: "link small-link", id: "first-plane", "data-key": "plane", onclick: take }, t("planeFirst"));
}

const hint = () => el("p", { class: "muted" }, t("planeKept"), " ", forget());

const forget = () => el("button", { type: "button", class: "link", "data-key": "no-plane", onclick: () => keepPlane(null) }, t("planeForget"));

async function askVolume(mask) {
  const key = keyOf(mask),
    { item, stamp, frame, counts, spacing_mm_yx } = plane;
  const request = { counts: mask.counts, spacing_mm_yx: doc().spacing_mm_yx, first: { item, stamp, frame, counts, spacing_mm_yx } };
  try {
    kept.set(key, await sendJson("POST", `${framePath()}/volume`, request));
  } catch (error) {
    if (isPassing(error)) say(reasonOf(error));
    else kept.set(key, { get problem() { return reasonOf(error); } });
  }
  answers++;
  changed();
}

const words = ({ volume: { value, uncertainty, unit } }) => `${number(value, 1)} ± ${number(uncertainty, 1)} ${unit}`;

function told(known) {
  if (known.problem) return [el("p", { class: "warning" }, known.problem)];
  const line = (name) =>
    known[name].problem ? null : el("tr", {}, el("th", { scope: "row" }, t(name)), el("td", {}, words(known[name])));
  const lines = ["ellipsoid", "simpson"].map(line).filter(Boolean);
  const said = [known.ellipsoid, known.simpson].flatMap(({ problem, notes }) => (problem ? [problem] : notes));
  return [
    lines.length ? el("table", { class: "numbers", id: "volume-table" }, el("tbody", {}, ...lines)) : null,
    ...[...new Set(said)].map((text) => el("p", { class: "warning" }, sentence(text))),
  ];
}
