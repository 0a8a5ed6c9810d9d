// Saves by itself after every change; what couldn't be saved stays in this browser until it can.

import { reader, sendJson } from "./api.mjs";
import { isDefaultName } from "./doc.mjs";
import { app, changed, doc, itemPath, say } from "./state.mjs";
import { isPassing, reasonOf, t } from "./texts.mjs";

const WAIT_MS = 350,
  AGAIN_MS = 2000;
let timer = 0;
let running = null;

export function saveSoon() {
  if (app.saving === "conflict" || !app.file) return;
  app.saving = "waiting";
  clearTimeout(timer);
  timer = setTimeout(saveNow, WAIT_MS);
}

// Resolves when what is on the screen is on the disk, or can't be.
export async function saveNow() {
  clearTimeout(timer);
  while (running) await running; // another may begin the moment that one ends
  if (!["waiting", "offline"].includes(app.saving)) return;
  running = save(app.file, doc());
  await running;
  running = null;
  if (app.saving === "waiting") await saveNow();
}

async function save(file, saved) {
  app.saving = "saving";
  changed();
  const aside = asideOf(file);
  try {
    const { revision } = await sendJson("PUT", itemPath(file.id), { revision: file.revision, doc: saved });
    file.revision = revision;
    localStorage.removeItem(aside);
    app.saving = doc() === saved ? "saved" : "waiting";
    mark(file, saved);
  } catch (error) {
    keepAside(aside, file, saved);
    if (app.file !== file) return;
    // "token": a new server, to which this browser hasn't signed in yet; another tab may do that.
    const states = ["conflict", "changed"];
    app.saving = isPassing(error) ? "offline" : states.includes(error.kind) ? error.kind : "refused";
    if (app.saving === "offline") timer = setTimeout(saveNow, AGAIN_MS);
    if (error.kind === "token") say(t("signIn"));
    else if (app.saving !== "offline") say(reasonOf(error));
  }
  changed();
}

const asideOf = (file) => `uniultra-unsaved-${file.id}${reader() && `-${reader()}`}`;

const sizeOf = ({ width, height }) => `${width} ${height}`; // masks fit no other

// What an earlier visit couldn't save of this file, where nothing was saved since; else null.
export function unsaved(file) {
  try {
    const kept = JSON.parse(localStorage.getItem(asideOf(file)));
    return kept?.revision === file.revision && kept.size === sizeOf(file) ? kept.doc : null;
  } catch {
    return null;
  }
}

function keepAside(aside, file, saved) {
  try {
    localStorage.setItem(aside, JSON.stringify({ revision: file.revision, size: sizeOf(file), doc: saved }));
  } catch {
    say(t("browserFull"));
  }
}

function mark(file, saved) {
  const item = app.workspace.items.find((one) => one.id === file.id);
  const frames = saved.frames.filter((frame) => frame.masks.length).length;
  if (item) Object.assign(item, { done: saved.done, objects: saved.objects.length, frames, calipers: saved.calipers.length, kinds: kindsOf(saved) });
}

// Names that a person gave to structures with a mask that they pointed at or drew: what a model can learn from.
function kindsOf({ objects, frames }) {
  const used = new Set(frames.flatMap(({ masks }) => masks.filter((m) => m.source !== "track").map((m) => m.object)));
  return [...new Set(objects.filter(({ id, name }) => name && !isDefaultName(name) && used.has(id)).map(({ name }) => name))].sort();
}

export const isUnsaved = () => ["waiting", "saving", "offline"].includes(app.saving);
