// A page to print, or to save as PDF: the picture as it is on the screen, and the sizes.

import { byId, el, fill } from "./dom.mjs";
import { ejectionOf, extremes } from "./ejection.mjs";
import { allMeasured, rows } from "./measures.mjs";
import { app, calibration, doc, selectedMask, selectedObject } from "./state.mjs";
import { scaleAt } from "./core/scale.mjs";
import { volumeRows } from "./volume.mjs";
import { current, number, squared, t } from "./texts.mjs";

export async function printReport() {
  if (!app.file) return;
  await allMeasured();
  const frame = app.file.count > 1 ? ` · ${t("frame")} ${app.frame + 1} ${t("of")} ${app.file.count}` : "";
  const { reason } = scaleAt(calibration(), [0, 0, app.file.width - 1, app.file.height - 1]);
  const line = (cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, cell)));
  const body = rows().map(([name, key, value, unit]) =>
    line([name, t(key), `${number(value, 1)} ${squared(unit)}`]),
  );
  fill(
    byId("report"),
    el("h1", {}, `${app.file.name}${frame}`),
    el(
      "p",
      {},
      `${new Date().toLocaleString(current())} · UniUltra ${app.workspace.model} ${app.workspace.version}`,
    ),
    snapshot(),
    el("table", {}, el("tbody", {}, ...body, ...heart(), ...volumes())),
    reason ? el("p", {}, t("pixelsWhy", reason)) : null,
    el("p", {}, t("notice")),
  );
  print();
}

function heart() {
  const object = selectedObject(),
    found = object ? extremes(object.id) : null;
  const known = found ? ejectionOf(object.id, found) : null;
  if (!known?.fraction) return [];
  return ["diastole", "systole", "fraction"].map((name) =>
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
