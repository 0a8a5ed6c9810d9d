// A page to print, or to save as PDF: the picture as it is on the screen, and the sizes.

import { byId, el, fill } from "./dom.mjs";
import { ejectionOf, extremes } from "./ejection.mjs";
import { isDoubtful, maskOf, masksOn, objectOf } from "./doc.mjs";
import { allMeasured, measuresOf, rows } from "./measures.mjs";
import { app, calibration, doc, selectedMask, selectedObject } from "./state.mjs";
import { scaleAt } from "./core/scale.mjs";
import { volumeRows } from "./volume.mjs";
import { NAMES, current, hear, inWords, number, sentence, squared, t } from "./texts.mjs";

export async function printReport() {
  if (!app.file || !(await allMeasured())) return;
  const frame = app.file.count > 1 ? ` · ${t("frame")} ${app.frame + 1} ${t("of")} ${app.file.count}` : "";
  const there = scaleAt(calibration(), [0, 0, app.file.width - 1, app.file.height - 1]),
    { reason } = there;
  hear(there);
  const made = new Set(masksOn(doc(), app.frame).map(({ model }) => model ?? "")); // what answers now may be another
  made.delete("");
  const line = (cells, more) => el("tr", more, ...cells.map((cell) => el("td", {}, cell)));
  const body = rows().map(([name, key, value, unit], at, all) => {
    const first = name !== all[at - 1]?.[0] || key === NAMES[0]; // two may have one name
    return line([first ? name : "", t(key), `${number(value, 1)} ${squared(unit)}`], first ? { class: "first" } : {});
  });
  const head = ["structure", "measure", "value"].map((key) => el("th", { scope: "col" }, t(key)));
  fill(
    byId("report"),
    el("h1", {}, `${app.file.name}${frame}`),
    el(
      "p",
      {},
      `${new Date().toLocaleString(current())} · UniUltra ${[...made].join(", ") || `${app.workspace.model} ${app.workspace.version}`}`,
    ),
    snapshot(),
    el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body, ...heart(), ...volumes())),
    reason && rows().some(([, , , unit]) => unit.startsWith("px")) ? el("p", {}, t("pixelsWhy", inWords(reason))) : null,
    ...doubts().map((doubt) => el("p", { class: "doubts" }, doubt)),
    el("p", { class: "end" }, t("notice")),
  );
  print();
}

// What speaks against the numbers: of the scale, of masks that the model is unsure of, of the frames that a volume rests on.
function doubts() {
  const masks = masksOn(doc(), app.frame),
    notes = masks.flatMap((mask) => measuresOf(mask.object)?.scale?.notes ?? []).map(sentence);
  const unsure = masks.filter(isDoubtful).map((mask) => `${objectOf(doc(), mask.object).name}: ${t("low")}.`);
  const object = selectedObject(),
    found = object ? extremes(object.id) : null;
  const known = found ? ejectionOf(object.id, found) : null;
  const frames = known?.fraction ? [found.diastole.frame, found.systole.frame] : [];
  const shaky = frames.filter((frame) => isDoubtful(maskOf(doc(), frame, object.id))).map((frame) => t("shaky", frame + 1));
  const heart = known?.fraction ? [known.reason, ...known.notes].filter(Boolean).map(sentence) : [];
  return [...new Set([...unsure, ...notes, ...shaky, ...heart])];
}

function heart() {
  const object = selectedObject(),
    found = object ? extremes(object.id) : null;
  const known = found ? ejectionOf(object.id, found) : null;
  if (!known?.fraction) return [];
  return ["diastole", "systole", "fraction", "area_change"].filter((name) => known[name]).map((name) =>
    el(
      "tr",
      {},
      el("td", {}, object.name),
      el("td", {}, t(name)),
      el(
        "td",
        {},
        `${number(known[name].value, 1)} ± ${number(known[name].uncertainty, 1)} ${known[name].unit}`,
      ),
    ),
  );
}

function volumes() {
  return volumeRows(selectedMask()).map(([name, words]) =>
    el("tr", {}, el("td", {}, selectedObject().name), el("td", {}, name), el("td", {}, words)),
  );
}

// Both canvases as one picture.
function snapshot() {
  const [image, overlay] = [byId("image"), byId("overlay")];
  const canvas = el("canvas", { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.filter = image.style.filter || "none";
  context.drawImage(image, 0, 0);
  context.filter = "none";
  context.drawImage(overlay, 0, 0);
  return canvas;
}
