// What asks or tells over the page: help, the scale, and the hint of the first minute.

import { byId, el, fill } from "./dom.mjs";
import { calipersOn } from "./doc.mjs";
import { app, changed, commit, doc, say } from "./state.mjs";
import { CALLED, EN, LANGUAGES } from "./languages.mjs";
import { current, number, speak, t } from "./texts.mjs";

export const closing = (dialog, text = t("close")) =>
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
