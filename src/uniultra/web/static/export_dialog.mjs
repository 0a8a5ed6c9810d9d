// What is exported: the choice of results of the open file, of all accepted ones, and the data set; while one is written it can be cancelled.

import { getJson, reader, sendJson } from "./api.mjs";
import { closing } from "./dialogs.mjs";
import { byId, el, fill } from "./dom.mjs";
import { saveNow } from "./saving.mjs";
import { app, itemPath } from "./state.mjs";
import { isPassing, reasonOf, sentence, t } from "./texts.mjs";
import { stopTracking, trackingEnded } from "./track.mjs";
import { answered } from "./turns.mjs";

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
    runExport(go, result, (_, signal) => sendJson("POST", `${itemPath()}/export`, { kinds }, signal));
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
    runExport(go, result, (tell, signal) => exportAll(items, boxes, tell, signal));
  });
  return el("div", { class: "lesson" }, el("b", {}, t("allAccepted")), el("p", { class: "muted" }, t("exportAllHint")), go);
}

// What was chosen counts for files like the one that is open, stills or cines; of others the usual kinds are written. At the end one table of all.
async function exportAll(items, boxes, tell, signal) {
  const many = app.file.count > 1,
    files = [],
    notes = [],
    measured = [],
    said = new Map(boxes.filter(({ disabled }) => !disabled).map(({ value, checked }) => [value, checked]));
  let folder = "";
  for (const [at, { id, name }] of items.entries()) {
    if (signal.aborted) break;
    tell(t("exportOf", at + 1, items.length, name));
    try {
      const { count, exports } = await getJson(itemPath(id)),
        own = many === count > 1 ? said : new Map(),
        kinds = Object.keys(exports).filter((kind) => !exports[kind] && (own.get(kind) ?? isUsual(kind, count > 1)));
      const done = await sendJson("POST", `${itemPath(id)}/export`, { kinds }, signal);
      folder = done.folder;
      files.push(...done.files);
      measured.push(id);
      notes.push(...done.notes.map((note) => `${name}: ${sentence(note)}`));
    } catch (error) {
      if (signal.aborted) break;
      if (isPassing(error)) throw error;
      notes.push(`${name}: ${reasonOf(error)}`);
    }
  }
  if (measured.length && !signal.aborted) {
    tell(t("exportTable"));
    try {
      files.push(...(await sendJson("POST", "/v1/workspace/measures", { items: measured }, signal)).files);
    } catch (error) {
      notes.push(reasonOf(error));
    }
  }
  return { files, notes, folder };
}

// All accepted images of the work list as one data set.
function dataset(result) {
  const go = el("button", { type: "button", class: "quiet", id: "dataset-now" }, t("datasetNow"));
  go.disabled = !app.workspace.items.some((item) => item.done && item.objects);
  go.addEventListener("click", () => runExport(go, result, (_, signal) => sendJson("POST", "/v1/workspace/dataset", {}, signal)));
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
  app.exporting++;
  const stopper = new AbortController(),
    { signal } = stopper,
    words = el("span"),
    cancel = el("button", { type: "button", class: "link", id: "export-stop", onclick: () => stopper.abort() }, t("learnCancel")),
    dialog = result.closest("dialog");
  const show = (...parts) => {
    fill(result, ...parts);
    if (result.isConnected) dialog.scrollTop = dialog.scrollHeight; // the buttons lie over its end; it may have been opened anew meanwhile
  };
  // Says what is done now, beside a button that cancels it.
  const going = (text) => {
    words.textContent = `${text} `;
    if (!words.isConnected && !signal.aborted) show(el("p", {}, words, cancel));
  };
  const stop = el("button", { type: "button", class: "link", id: "export-stop-track", onclick: stopTracking }, t("trackStop"));
  const wait = (...far) => {
    going(t("exportWaits", ...far));
    if (!stop.isConnected) cancel.before(stop, " ");
  };
  const escape = (event) => {
    if (!result.isConnected) return;
    event.preventDefault(); // it closes the dialog next time
    stopper.abort();
  };
  dialog.addEventListener("cancel", escape);
  const cancelled = new Promise((_, refuse) => signal.addEventListener("abort", refuse));
  const unless = (work) => Promise.race([work, cancelled]);
  const tellCancelled = (count) => show(el("p", {}, t("exportCancelled", count)));
  try {
    await unless(answered()); // a mask that is on its way is meant, too
    await unless(trackingEnded(wait)); // else only a part of it would be written
    stop.remove();
    going(t("busy"));
    await unless(saveNow());
    const done = await write(going, signal);
    if (signal.aborted) tellCancelled(done.files.length);
    else
      show(
        el("p", { class: "good" }, t("exportDone", done.files.length, done.folder)),
        el("ul", { class: "files" }, ...done.files.map((file) => el("li", {}, file))),
        ...done.notes.map((note) => el("p", { class: "muted" }, sentence(note))),
      );
  } catch (error) {
    if (signal.aborted) tellCancelled(0);
    else show(el("p", { class: "warning" }, reasonOf(error)));
  } finally {
    dialog.removeEventListener("cancel", escape);
    button.disabled = false;
    app.exporting--;
  }
}
