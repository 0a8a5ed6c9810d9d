// What asks or tells over the page: help, export, the scale, and the hint of the first minute.

import { reader, sendJson } from "./api.mjs";
import { byId, el, fill } from "./dom.mjs";
import { calipersOn } from "./doc.mjs";
import { saveNow } from "./saving.mjs";
import { app, changed, commit, doc, itemPath, say } from "./state.mjs";
import { CALLED, EN, LANGUAGES } from "./languages.mjs";
import { current, number, reasonOf, sentence, speak, t } from "./texts.mjs";
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
  const many = app.file.count > 1,
    together = ["seg", "sc", "csv", "movie"];
  const choice = ([kind, reason]) => {
    const checked = !reason && kind !== "movie" && (!many || together.includes(kind));
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
        ...group(t("perCine"), all.filter(([kind]) => together.includes(kind))),
        ...group(t("perFrame"), all.filter(([kind]) => !together.includes(kind))),
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
    reader() ? null : dataset(result),
    result,
    el("div", { class: "row end" }, closing(dialog), go),
  );
  dialog.showModal();
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
  let told = "";
  const stop = el("button", { type: "button", class: "link", id: "export-stop-track", onclick: stopTracking }, t("trackStop"));
  const tell = (...far) => told !== (told = t("exportWaits", ...far)) && fill(result, el("p", {}, `${told} `, stop));
  try {
    await trackingEnded(tell); // else only a part of it would be written
    fill(result, t("busy"));
    await saveNow();
    const done = await write();
    fill(
      result,
      el("p", { class: "good" }, t("exportDone", done.files.length, done.folder)),
      el("ul", { class: "files" }, ...done.files.map((file) => el("li", {}, file))),
      ...done.notes.map((note) => el("p", { class: "muted" }, sentence(note))),
    );
    const dialog = result.closest("dialog");
    dialog.scrollTop = dialog.scrollHeight; // the buttons lie over its end
  } catch (error) {
    fill(result, el("p", { class: "warning" }, reasonOf(error)));
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
