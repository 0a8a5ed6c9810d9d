// A second reader, who sees nothing of the first; and how far both agree.

import { readAs, reader, sendJson } from "./api.mjs";
import { byId, el, fill } from "./dom.mjs";
import { answered } from "./turns.mjs";
import { saveNow } from "./saving.mjs";
import { app } from "./state.mjs";
import { number, reasonOf, t } from "./texts.mjs";
import { stopTracking, trackingEnded } from "./track.mjs";

// Goes on as another reader; "" is the first.
async function become(name) {
  stopTracking();
  await answered();
  await saveNow();
  if (["offline", "conflict", "refused"].includes(app.saving)) return; // said above; nothing may be lost
  byId("readers-dialog").close();
  readAs(name);
}

export function showReaders() {
  const dialog = byId("readers-dialog"),
    close = el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, t("close"));
  fill(
    dialog,
    el("h2", {}, t("readers")),
    ...(reader() ? second() : first()),
    el("div", { id: "agreement", role: "status" }),
    el("div", { class: "row end" }, close),
  );
  dialog.showModal();
}

function second() {
  const back = () => become("");
  return [
    el("p", {}, t("readsAs", reader())),
    el("button", { type: "button", class: "primary", id: "first-reader", onclick: back }, t("firstReader")),
  ];
}

function first() {
  const field = el("input", { type: "text", id: "reader-name", maxlength: 40, required: true, pattern: "[\\p{L}\\p{N}][\\p{L}\\p{N} '\\-]*", title: t("readerLegal"), "aria-label": t("readerName"), placeholder: t("readerName") });
  const form = el("form", { class: "row" }, field, el("button", { class: "primary", id: "reader-begin" }, t("readerBegin")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    become(field.value.trim());
  });
  const list = app.workspace.readers.map(({ name, done }) =>
    el(
      "li",
      { class: "reader" },
      el("b", {}, name),
      el("span", { class: "muted" }, t("readerDone", done)),
      el("button", { type: "button", class: "quiet", "data-reader": name, onclick: () => compare(name) }, t("agreement")),
      el("button", { type: "button", class: "quiet", onclick: () => become(name) }, t("readerOn")),
    ),
  );
  return [el("p", { class: "muted" }, t("readersHint")), form, list.length ? el("ul", { class: "readers" }, ...list) : null];
}

async function compare(name) {
  const result = byId("agreement");
  try {
    await answered();
    await trackingEnded((...far) => fill(result, t("exportWaits", ...far)));
    fill(result, t("busy"));
    await saveNow();
    fill(result, ...told(await sendJson("POST", "/v1/workspace/agreement", { reader: name })));
  } catch (error) {
    fill(result, el("p", { class: "warning" }, reasonOf(error)));
  }
}

function told({ reader: name, pairs, files, alone, dice, area, long_diameter: length, csv }) {
  const line = (words, value) => el("tr", {}, el("th", { scope: "row" }, words), el("td", {}, value));
  const spread = (one) =>
    one
      ? `${signed(one.bias)} (${signed(one.low)} … ${signed(one.high)}) ${one.unit}`
      : t("twoPairs");
  return [
    el("h2", {}, t("agreementWith", name)),
    el("p", { class: "muted" }, [t("agreementOf", pairs, files), alone ? t("agreementAlone", alone) : ""].join(" ")),
    el(
      "table",
      { class: "numbers" },
      el(
        "tbody",
        {},
        line(t("diceSpread"), `${number(dice[2], 3)} · ${number(dice[1], 3)} · ${number(dice[0], 3)}`),
        line(t("areaSpread"), spread(area)),
        line(t("lengthSpread"), spread(length)),
      ),
    ),
    el("p", { class: "muted" }, t("agreementNote")),
    el("p", { class: "good" }, t("agreementFile", app.workspace.alone ? csv : `${app.workspace.project}/export/${csv}`)),
  ];
}

const signed = (value) => `${value < 0 ? "−" : "+"}${number(Math.abs(value), 2)}`;
