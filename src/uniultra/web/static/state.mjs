// What the page shows at the moment, and who wants to know when that changes.

import { EMPTY, History, maskOf, objectOf } from "./doc.mjs";
import { knownName } from "./core/named.mjs";
import { withUserSize } from "./core/scale.mjs";

export const app = {
  workspace: null, // the answer of /v1/workspace
  file: null, // the opened file, as /v1/workspace/items/ID tells it
  history: new History(EMPTY),
  frame: 0,
  frames: null, // the pictures of the opened file
  selected: null, // a structure's id
  tool: "segment",
  boxFit: null, // what is said of boxes: null, "tight" or "loose"
  brush: 14, // radius in pixels of the screen
  level: { brightness: 1, contrast: 1 },
  hover: null, // {counts} of the mask under the pointer
  draft: null, // what is being drawn: {box} or {caliper} or {mask}
  pending: [], // clicks whose answer isn't here yet
  saving: "saved", // saved, waiting, saving, offline, conflict, changed, refused
  notice: "",
  following: "", // how far a track is, for as long as it goes on
  exporting: 0, // exports under way, which end with the page
  opening: "", // the name of a file that isn't here yet
  playing: false,
};

const listeners = new Set();
let queued = 0; // the callback that will draw

export const listen = (listener) => listeners.add(listener);

// Everything is drawn anew, once, before the next picture of the screen.
export function changed() {
  queued ||= requestAnimationFrame(draw);
}

// The same at once: for what a hand waits for, which is then ready when the screen takes its next picture.
export function draw() {
  cancelAnimationFrame(queued);
  queued = 0;
  for (const listener of listeners) listener();
}

export const doc = () => app.history.doc;
// Whether the picture on the screen is the frame's: until it is here that of another frame stays, on which nobody may point.
export const isInSight = () => app.frames.has(app.frame);
export const selectedObject = () => objectOf(doc(), app.selected);

// What a prompt says of a structure's name: nothing where the model hasn't learned it.
export function named(id) {
  const label = knownName(objectOf(doc(), id)?.name, app.workspace.structures);
  return label ? { label } : {};
}

export const selectedMask = () => maskOf(doc(), app.frame, app.selected);
export const calibration = () => withUserSize(app.file.calibration, doc().spacing_mm_yx);
// Tells what is kept of a file from what was kept before it was replaced on the disk.
export const fileKey = () => `${app.file.id} ${app.file.stamp}`;
export const itemPath = (id = app.file.id) => `/v1/workspace/items/${id}`;
export const framePath = () => `${itemPath()}/frames/${app.frame}`;

const onCommit = new Set();
export const afterCommit = (listener) => onCommit.add(listener);

// Takes a new document as the present one; undo leads back from it, to the frame that it was changed on.
export function commit(next, frame = app.frame) {
  if (next === doc()) return;
  app.history.commit(next, frame);
  settle();
}

// Goes on with the last change: undo leads back to before it began.
export function amend(next) {
  Object.assign(app.history, { doc: next, future: [] });
  settle();
}

const onStep = new Set();
export const beforeStep = (listener) => onStep.add(listener);

export function undo() {
  for (const listener of onStep) listener();
  return stepped(app.history.undo());
}

export function redo() {
  for (const listener of onStep) listener();
  return stepped(app.history.redo());
}

function stepped(frame) {
  if (frame === null) return false;
  app.frame = Math.min(frame, (app.file?.count ?? 1) - 1);
  settle();
  return true;
}

function settle() {
  if (!objectOf(doc(), app.selected)) app.selected = doc().objects.at(-1)?.id ?? null;
  for (const listener of onCommit) listener();
  changed();
}

let noticeTimer = 0;

const LEAST_MS = 6000,
  READ_MS = 70; // a character

// One line at the bottom for as long as one needs to read it.
export function say(text) {
  app.notice = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => {
    app.notice = "";
    changed();
  }, Math.max(LEAST_MS, READ_MS * text.length));
  changed();
}
