// The page: what there is, joined together.

import { enter, getJson, reader } from "./api.mjs";
import { CineBar } from "./cine.mjs";
import { askScale, renderHint, showHelp } from "./dialogs.mjs";
import { isExported, showExport } from "./export_dialog.mjs";
import { byId, el, fill, icon, iconButton } from "./dom.mjs";
import { Files } from "./files.mjs";
import { Frames } from "./frames.mjs";
import { Keys } from "./keys.mjs";
import { measureAll } from "./measures.mjs";
import { Painter } from "./painter.mjs";
import { renderPanels } from "./panels.mjs";
import { isUnsaved, saveNow, saveSoon } from "./saving.mjs";
import { EMPTY, History, isLost } from "./doc.mjs";
import { afterCommit, app, changed, doc, draw, listen, redo, undo } from "./state.mjs";
import { current, inWords, number, reasonOf, speak, t } from "./texts.mjs";
import { Tools } from "./tools.mjs";
import { View } from "./view.mjs";
import { keepPlane } from "./volume.mjs";

const TOOLS = [
  ["segment", "S"],
  ["minus", "X"],
  ["brush", "B"],
  ["eraser", "E"],
  ["caliper", "M"],
  ["contour", "C"],
  ["cover", "K"],
  ["window", "W"],
  ["pan", "H"],
];
const view = new View(),
  frames = new Frames(),
  bar = new CineBar(frames);
const files = new Files(view, frames, bar),
  tools = new Tools(view),
  painter = new Painter(view, frames);
const keys = new Keys({
  view,
  bar,
  files,
  tools,
  relabel: () => {
    relabel();
    changed();
  },
});

async function begin() {
  setTheme(localStorage.getItem("uniultra-theme") ?? "dark");
  await speak(current(), false);
  try {
    await enter();
    app.workspace = await getJson("/v1/workspace");
  } catch (error) {
    refuse(error);
    return;
  }
  relabel();
  listen(render);
  afterCommit(saveSoon);
  new ResizeObserver(() => {
    painter.resize();
    draw(); // within this picture of the screen: a canvas of another size is empty
  }).observe(byId("stage"));
  byId("scale-dialog").addEventListener("ask", askScale);
  addEventListener("beforeunload", (event) => {
    if (isUnsaved() || app.busy || app.exporting) {
      saveNow();
      event.preventDefault();
    }
  });
  document.addEventListener("reader", otherReader);
  document.body.dataset.ready = "true";
  const { items } = app.workspace, // a page that is loaded anew shows the file that it did
    last = items.find((item) => item.id === sessionStorage.getItem("uniultra-file"));
  const rest = items.filter(({ fault }) => !fault).sort((a, b) => a.done - b.done);
  await files.openFirst([...new Set([last, ...rest])].filter(Boolean));
  // Without a server nobody learns; a second reader is blind.
  if (!app.workspace.alone && !reader()) learning = await import("./learn.mjs");
  learning?.lookUpLessons();
  changed();
}

// Nothing of the reader before may be left: neither masks, nor steps to undo, nor a plane that was kept.
async function otherReader() {
  const id = app.file?.id;
  tools.cancel();
  keepPlane(null);
  Object.assign(app, { file: null, history: new History(EMPTY), selected: null, playing: false });
  bar.build();
  app.workspace = await getJson("/v1/workspace");
  relabel();
  if (id) await files.open(id);
  changed();
}

function refuse(error) {
  const known = error.kind === "token";
  document.body.classList.add("alone");
  fill(
    byId("stage"),
    el(
      "div",
      { class: "refused" },
      el("img", { src: "static/icon.svg", alt: "", width: 56, height: 56 }),
      el("h1", {}, known ? t("signIn") : reasonOf(error)),
      known ? el("p", {}, t("signInHint")) : null,
      known ? el("code", {}, "uniultra open") : null,
    ),
  );
}

let learning = null; // the part that adapts the model, where there is one
const BESIDE_MS = 60;
let beside = 0,
  besideAt = 0;

// The picture first: what stands beside it is laid out once that is on its way to the screen, and no more often
// than one can read it.
function render() {
  if (!app.playing) beside ||= setTimeout(renderBeside, besideAt + BESIDE_MS - performance.now());
  painter.paint();
  keys.place();
  if (app.playing) bar.render();
}

function renderBeside() {
  beside = 0;
  if (app.playing) return;
  besideAt = performance.now();
  renderTop();
  renderRail();
  renderPanels();
  learning?.renderLearn();
  files.render();
  bar.render();
  renderHint();
  measureAll();
}

// Loaded when it is wanted.
const showReaders = async () => (await import("./readers.mjs")).showReaders();

// Whatever depends on the language and is built once.
function relabel() {
  const label = (name, key) => `${t(name)} (${key})`;
  fill(
    byId("rail"),
    ...TOOLS.map(([tool, key]) =>
      iconButton(
        tool,
        label(tool === "caliper" ? "calipers" : tool, key),
        () => {
          app.tool = tool;
          changed();
        },
        { "data-tool": tool, "aria-pressed": "false" },
      ),
    ),
    el("hr"),
    iconButton("fit", label("fit", "F"), () => {
      view.fit(app.file);
      changed();
    }),
    iconButton("undo", label("undo", "Ctrl+Z"), undo, { id: "undo" }),
    iconButton("redo", label("redo", "Ctrl+Y"), redo, { id: "redo" }),
  );
  fill(
    byId("actions"),
    iconButton("sun", t("theme"), () =>
      setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"),
    ),
    iconButton("readers", t("readers"), showReaders, { id: "readers" }),
    iconButton("help", label("help", "?"), () => showHelp(keys.relabel), { id: "help" }),
    el(
      "button",
      { type: "button", class: "quiet", id: "export", onclick: showExport, "aria-label": t("export"), title: `${t("export")} (Ctrl+E)` },
      icon("export"),
      el("span", {}, t("export")),
    ),
    el(
      "button",
      { type: "button", class: "primary", id: "accept", onclick: () => files.accept() },
      icon("check"),
      el("span", {}, t("done")),
    ),
  );
  byId("rail").setAttribute("aria-label", t("tools"));
  byId("stage").setAttribute("aria-label", t("image"));
  byId("work-list").setAttribute("aria-label", t("workList"));
  byId("side").setAttribute("aria-label", `${t("structures")}, ${t("measures")}`);
  byId("disclaimer").textContent = t("notice");
  byId("reader").hidden = !reader();
  byId("reader").textContent = t("reader", reader());
  bar.build();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("uniultra-theme", theme);
  changed();
}

function renderTop() {
  const { file, workspace, saving } = app;
  write("file-name", file?.name ?? t("empty"));
  write("file-facts", file ? factsOf(file) : "");
  const late = (app.opening && t("opening", app.opening)) || (app.busy ? t("busy") : app.following) || (file && app.frames.isLate() ? t("frameComing") : "");
  write("notice", app.notice || late);
  write("zoom", file ? `${number(100 * view.scale, 0)} %` : "");
  const title = file ? `${file.name} – UniUltra` : "UniUltra";
  if (document.title !== title) document.title = title;
  const state = byId("saving"),
    bad = ["offline", "conflict", "changed", "refused"].includes(saving);
  const words = workspace.unwritable ? `${t("readOnly")}: ${inWords(workspace.unwritable)}` : t(saving);
  if (state.dataset.words !== words) {
    state.dataset.words = words;
    state.className = bad || workspace.unwritable ? "state bad" : "state";
    state.title = words;
    fill(state, el("i", { class: "dot" }), el("span", { class: "words" }, words), REMEDIES[saving]?.());
  }
  const label = t(doc().done ? "reopen" : "done");
  if (byId("accept").title !== label) {
    byId("accept").title = byId("accept").lastChild.textContent = label;
    byId("accept").setAttribute("aria-label", label); // a narrow window has no room for the words
  }
  byId("accept").disabled = !file;
  byId("export").disabled = !doc().frames.length && !doc().calipers.length && !workspace.items.some(isExported);
  const lost = file ? doc().objects.filter(({ id }) => isLost(doc(), app.frame, id)).map(({ name }) => name) : [];
  write("lost", lost.length ? t("lostHere", lost.join(", ")) : "");
  byId("lost").hidden = !lost.length;
  byId("notice").hidden = !app.notice && !late;
  byId("notice").className = app.notice ? "" : "late";
}

// A text that is there already isn't laid out anew.
function write(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

function factsOf({ width, height, kind, count }) {
  return `${width} × ${height} · ${kind}${count > 1 ? ` · ${t("frameCount", count)}` : ""}`;
}

// What is offered beside a state of saving.
const REMEDIES = {
  conflict: () =>
    link("reload", () => {
      app.saving = "saved";
      location.reload();
    }),
  changed: () => link("openAgain", () => files.open(app.file.id)),
};

function link(name, onclick) {
  return el("button", { type: "button", class: "link", onclick }, t(name));
}

function renderRail() {
  for (const button of byId("rail").querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-pressed", `${button.dataset.tool === app.tool}`);
  }
  byId("undo").disabled = !app.history.past.length;
  byId("redo").disabled = !app.history.future.length;
  byId("stage").dataset.tool = app.tool;
}

begin();
