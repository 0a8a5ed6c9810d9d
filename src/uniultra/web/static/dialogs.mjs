// What asks or tells over the page: help, export, the scale, and the hint of the first minute.

import { getJson, reader, sendJson } from "./api.mjs";
import { byId, el, fill } from "./dom.mjs";
import { calipersOn } from "./doc.mjs";
import { answered } from "./turns.mjs";
import { saveNow } from "./saving.mjs";
import { app, changed, commit, doc, itemPath, say } from "./state.mjs";
import { CALLED, EN, LANGUAGES } from "./languages.mjs";
import { current, isPassing, number, reasonOf, sentence, speak, t } from "./texts.mjs";
import { stopTracking, trackingEnded } from "./track.mjs";

const closing = (dialog, text = t("close")) =>
  el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, text);

export function showHelp(relabel) {
  const dialog = byId("help-dialog");
  const languages = el(
    "select",
    {
      "aria-label": t("languages"),
      onchange: (event) => {
        speak(event.target.value).then(relabel);
        relabel();
        dialog.close();
        showHelp(relabel);
      },
    },
    ...Object.entries(CALLED).map(([value, called]) => el("option", { value }, called)),
  );
  languages.value = current();
  fill(
    dialog,
    el("div", { class: "head" }, el("h2", {}, t("helpTitle")), languages),
    el(
      "dl",
      { class: "keys" },
      ...keysOf().map(([key, what]) => el("div", {}, el("dt", {}, ...keysIn(key)), el("dd", {}, what))),
    ),
    el(
      "p",
      { class: "muted" },
      `UniUltra ${app.workspace?.model ?? ""} ${app.workspace?.version ?? ""} · ${t("notice")}`,
    ),
    el("div", { class: "row end" }, closing(dialog)),
  );
  if (!dialog.open) dialog.showModal();
}

const keysOf = () => (LANGUAGES[current()] ?? EN).keys;

// "A, B" and "+ −" are two keys each.
function keysIn(text) {
  const parts = text.split(/, | or | oder /).flatMap((part) => (/^(\S )+\S$/u.test(part) && !part.includes("–") ? part.split(" ") : [part]));
  return parts.map((part) => el("kbd", {}, part));
}

export function showExport() {
  if (!app.file) return;
  const dialog = byId("export-dialog"),
    names = { csv: t("csvKind") };
  const many = app.file.count > 1;
  const choice = ([kind, reason]) => {
    const checked = !reason && isUsual(kind, many);
    const box = el("input", { type: "checkbox", value: kind, disabled: Boolean(reason), checked });
    const name = names[kind] ?? t(kind);
    return el(
      "label",
      { class: reason ? "choice off" : "choice" },
      box,
      el("span", {}, name),
      reason ? el("small", {}, sentence(reason)) : null,
    );
  };
  const all = Object.entries(app.file.exports);
  const group = (title, kinds) => {
    const choices = el("div", { class: "choices", role: "group", "aria-label": title }, ...kinds.map(choice));
    return kinds.length ? [el("h3", { "aria-hidden": "true" }, title), choices] : [];
  };
  const boxes = many
    ? [
        ...group(t("perCine"), all.filter(([kind]) => OF_CINES.includes(kind))),
        ...group(t("perFrame"), all.filter(([kind]) => !OF_CINES.includes(kind))),
      ]
    : [el("div", { class: "choices" }, ...all.map(choice))];
  const result = el("div", { id: "export-result", role: "status" });
  const go = el("button", { type: "button", class: "primary", id: "export-now" }, t("exportNow"));
  go.addEventListener("click", () => {
    const kinds = [...dialog.querySelectorAll("input:checked")].map((box) => box.value);
    runExport(go, result, () => sendJson("POST", `${itemPath()}/export`, { kinds }));
  });
  fill(
    dialog,
    el("h2", {}, t("exportTitle")),
    el("p", { class: "muted" }, t(many && !app.workspace.alone ? "exportAlwaysCine" : "exportAlways")),
    many ? el("p", { class: "muted" }, t("fromZero")) : null,
    ...boxes,
    everything(result),
    reader() ? null : dataset(result),
    result,
    el("div", { class: "row end" }, closing(dialog), go),
  );
  dialog.showModal();
}

const OF_CINES = ["seg", "sc", "csv", "movie"];
// Whether a kind is written unless a person says otherwise.
const isUsual = (kind, many) => kind !== "movie" && (!many || OF_CINES.includes(kind));

// Whether there is something to export of an accepted file.
export const isExported = ({ done, frames, calipers }) => done && (frames || calipers);

// The results of every accepted file, one after the other; where there are several.
function everything(result) {
  const items = app.workspace.items.filter(isExported);
  if (items.length < 2) return null;
  const go = el("button", { type: "button", class: "quiet", id: "export-all" }, t("exportAll", items.length));
  go.addEventListener("click", () => {
    const boxes = [...byId("export-dialog").querySelectorAll(".choice input")];
    runExport(go, result, (tell) => exportAll(items, boxes, tell));
  });
  return el("div", { class: "lesson" }, el("b", {}, t("allAccepted")), el("p", { class: "muted" }, t("exportAllHint")), go);
}

// What was chosen counts for files like the one that is open, stills or cines; of others the usual kinds are written.
async function exportAll(items, boxes, tell) {
  const many = app.file.count > 1,
    files = [],
    notes = [],
    said = new Map(boxes.filter(({ disabled }) => !disabled).map(({ value, checked }) => [value, checked]));
  let folder = "";
  for (const [at, { id, name }] of items.entries()) {
    if (tell(t("exportOf", at + 1, items.length, name))) break;
    try {
      const { count, exports } = await getJson(itemPath(id)),
        own = many === count > 1 ? said : new Map(),
        kinds = Object.keys(exports).filter((kind) => !exports[kind] && (own.get(kind) ?? isUsual(kind, count > 1)));
      const done = await sendJson("POST", `${itemPath(id)}/export`, { kinds });
      folder = done.folder;
      files.push(...done.files);
      notes.push(...done.notes.map((note) => `${name}: ${sentence(note)}`));
    } catch (error) {
      if (isPassing(error)) throw error;
      notes.push(`${name}: ${reasonOf(error)}`);
    }
  }
  return { files, notes, folder };
}

// All accepted images of the work list as one data set.
function dataset(result) {
  const go = el("button", { type: "button", class: "quiet", id: "dataset-now" }, t("datasetNow"));
  go.disabled = !app.workspace.items.some((item) => item.done && item.objects);
  go.addEventListener("click", () => runExport(go, result, () => sendJson("POST", "/v1/workspace/dataset", {})));
  return el(
    "div",
    { class: "lesson" },
    el("b", {}, t("dataset")),
    el("p", { class: "muted" }, t("datasetHint")),
    go,
  );
}

async function runExport(button, result, write) {
  button.disabled = true;
  let stopped = false,
    told = "";
  const show = (...parts) => {
    fill(result, ...parts);
    const dialog = result.closest("dialog"); // none where it was opened anew meanwhile
    if (dialog) dialog.scrollTop = dialog.scrollHeight; // the buttons lie over its end
  };
  const leave = () => {
    stopped = true;
    show(t("busy"));
  };
  // Says what is written now, beside a button that leaves it at that; whether that was pressed.
  const going = (text) => {
    if (!stopped) show(el("p", {}, `${text} `, el("button", { type: "button", class: "link", id: "export-stop", onclick: leave }, t("trackStop"))));
    return stopped;
  };
  const stop = el("button", { type: "button", class: "link", id: "export-stop-track", onclick: stopTracking }, t("trackStop"));
  const tell = (...far) => told !== (told = t("exportWaits", ...far)) && show(el("p", {}, `${told} `, stop));
  try {
    await answered(); // a mask that is on its way is meant, too
    await trackingEnded(tell); // else only a part of it would be written
    show(t("busy"));
    await saveNow();
    const done = await write(going);
    show(
      el("p", { class: "good" }, t("exportDone", done.files.length, done.folder)),
      el("ul", { class: "files" }, ...done.files.map((file) => el("li", {}, file))),
      ...done.notes.map((note) => el("p", { class: "muted" }, sentence(note))),
    );
  } catch (error) {
    show(el("p", { class: "warning" }, reasonOf(error)));
  } finally {
    button.disabled = false;
  }
}

// A caliper of known length gives the size of a pixel where the file doesn't.
export function askScale() {
  const caliper = calipersOn(doc(), app.frame).at(-1);
  if (!caliper) {
    app.tool = "caliper";
    say(t("scaleFirst"));
    return;
  }
  const aspect = app.file.calibration.pixel_aspect;
  const pixels = Math.hypot((caliper.b[0] - caliper.a[0]) * aspect, caliper.b[1] - caliper.a[1]);
  const dialog = byId("scale-dialog");
  const field = el("input", {
    type: "number",
    min: 0.1,
    max: 1000,
    step: "any",
    required: true,
    id: "scale-mm",
    "aria-label": t("millimetres"),
  });
  const form = el(
    "form",
    { method: "dialog" },
    el("h2", {}, t("setScale")),
    el("p", {}, t("scaleAsk", number(pixels, 0))),
    el("div", { class: "row" }, field, el("span", {}, t("millimetres"))),
    el("div", { class: "row end" }, closing(dialog), el("button", { class: "primary" }, t("setScale"))),
  );
  form.addEventListener("submit", () => {
    const down = Math.round((field.valueAsNumber / pixels) * 1e5) / 1e5;
    if (!(down >= 0.001 && down * Math.max(1, aspect) <= 10)) {
      say(t("scaleFirst"));
      return;
    }
    commit({ ...doc(), spacing_mm_yx: [down, Math.round(down * aspect * 1e5) / 1e5] });
    changed();
  });
  fill(dialog, form);
  dialog.showModal();
  field.focus();
}

// Whether both steps of the hint were taken, or what they led to was left for more: it lies over the image, and isn't needed any more.
function isPractised(hint) {
  const masks = doc().frames.flatMap((frame) => frame.masks);
  if (!masks.length) return false;
  hint.dataset.first ??= app.file.name;
  return masks.length > 1 || (masks[0].points ?? []).length > (masks[0].box ? 0 : 1) || hint.dataset.first !== app.file.name;
}

export function renderHint() {
  const hint = byId("hint");
  if (app.file && isPractised(hint)) localStorage.setItem("uniultra-hint", "seen");
  const wanted = Boolean(app.file) && !localStorage.getItem("uniultra-hint");
  const step = doc().frames.length ? 2 : 1;
  const state = `${wanted} ${step} ${current()}`;
  if (hint.dataset.state === state) return;
  hint.dataset.state = state;
  hint.hidden = !wanted;
  const close = () => {
    localStorage.setItem("uniultra-hint", "seen");
    changed();
  };
  const line = (number, text) =>
    el("li", { class: number === step ? "now" : "" }, el("b", {}, `${number}`), text);
  fill(
    hint,
    el("ol", {}, line(1, t("hint1")), line(2, t("hint2"))),
    el("button", { type: "button", class: "quiet", id: "hint-close", onclick: close }, t("hintClose")),
  );
}
