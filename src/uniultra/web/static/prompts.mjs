// Boxes and clicks to masks, in their order: each click builds on the answer to the one before. An answer is kept on
// the frame that was prompted, wherever the person has gone on to.

import { sendJson } from "./api.mjs";
import { isLegalName, knownName } from "./core/named.mjs";
import { maskOf, objectOf, withChangedObject, withMask, withObject } from "./doc.mjs";
import { amend, app, changed, commit, doc, draw, framePath, itemPath, named, say } from "./state.mjs";
import { listed, reasonOf, sentence, t } from "./texts.mjs";
import { stopTracking } from "./track.mjs";
import { queued } from "./turns.mjs";

const HOVER_MS = 33,
  LATE_MS = 250;
const unknown = new Set(); // names of which it was said that the model doesn't know them: once is enough
let hovering = false,
  next = null; // where the pointer is, until the mask there is requested

// A box drawn on the image: the selected structure's, where it has no mask here yet; else a new one's.
export function box(box) {
  return inTurn(async (frame) => {
    const asked = target(frame, true),
      prompt = { box, ...fitted(app.boxFit), points: [], labels: [] };
    accept(asked, prompt, await ask({ ...prompt, ...named(asked.id) }, asked));
  });
}

// The selected structure anew, with something else said of its box; what was drawn by hand since stays.
export function refit(fit) {
  return inTurn(async (frame) => {
    const asked = target(frame);
    if (asked.before?.box) await again(asked, fit);
  });
}

// The name that a structure has once it was given another one: that, or its own where none can be called so.
export function renamed(id, given) {
  rename(id, given);
  return objectOf(doc(), id).name;
}

// The same where a structure was given another name, if that tells the model something else: on each frame where it was
// prompted, since it has one name on all. One step back takes all. What was tracked stays until it is tracked again.
function rename(id, given) {
  const name = given.trim();
  if (name && !isLegalName(name)) return say(t("illegalName"));
  const { structures, model } = app.workspace,
    before = knownName(objectOf(doc(), id).name, structures),
    own = knownName(name, structures);
  commit(withChangedObject(doc(), id, { name }));
  const said = `${model} ${name.toLowerCase()}`,
    news = name && !own && structures.length && !unknown.has(said);
  if (news) unknown.add(said);
  say(news ? t("labelAlone", name, model, listed(structures)) : "");
  if (before === own) return;
  const asked = { id, name, renamed: doc() },
    { file } = app;
  inTurn(async () => {
    const frames = framesBy("prompt", id),
      done = [];
    for (const frame of frames) {
      if (app.file !== file) return;
      const mask = maskOf(doc(), frame, id);
      if (mask && (await again(Object.assign(asked, { before: mask, frame }), mask.box_fit))) done.push(frame);
    }
    const tracked = framesBy("track", id).length > 0;
    if (own && done.length && (tracked || frames.length > 1)) say(t("askedAgain", own, listed(done.map((frame) => frame + 1)), tracked));
  });
}

const framesBy = (source, id) =>
  doc()
    .frames.map(({ number }) => number)
    .filter((number) => maskOf(doc(), number, id)?.source === source);

async function again(asked, fit) {
  const { box = null, points = [], labels = [], source } = asked.before;
  if (source !== "prompt" || !(box || points.length)) return false;
  const prompt = { box, ...(box ? fitted(fit) : {}), points, labels };
  return accept(asked, prompt, await ask({ ...prompt, ...named(asked.id) }, asked));
}

const fitted = (fit) => (fit && app.workspace.box_fits ? { box_fit: fit } : {});

// A click inside (label 1) or outside (0) of the selected structure.
export function click(point, label) {
  app.pending = [...app.pending, { point, label, frame: app.frame }];
  return inTurn(async (frame) => {
    const asked = target(frame),
      { before } = asked;
    if (!label && !before) {
      say(t("clickInsideFirst"));
      return;
    }
    const points = [...(before?.points ?? []), point],
      labels = [...(before?.labels ?? []), label];
    const prompt = { box: before?.box ?? null, ...fitted(before?.box_fit), points, labels };
    const known = { mask: before?.counts ?? null, region: before?.region ?? null };
    const answer = await ask({ ...prompt, ...named(asked.id), ...known }, asked);
    accept(asked, prompt, answer);
  }).finally(() => {
    app.pending = app.pending.filter((one) => one.point !== point);
    changed();
  });
}

// The mask that a click here would give: one question at a time, and after its answer the latest place.
export function hover(point) {
  next = point;
  if (!hovering && app.file) follow();
}

async function follow() {
  hovering = true;
  try {
    while (next && app.hover) {
      const began = performance.now(),
        path = framePath(),
        request = { points: [next], labels: [1], ...named(app.selected), quick: true };
      next = null;
      const { counts, size_hw: size } = await sendJson("POST", `${path}/segment`, request);
      if (app.hover && path === framePath()) {
        app.hover = { counts, size: { width: size[1], height: size[0] }, ms: performance.now() - began };
        draw();
      }
      await new Promise((done) => setTimeout(done, HOVER_MS - (performance.now() - began)));
    }
  } catch {
    endHover(); // a mask under the pointer isn't worth a message
  } finally {
    hovering = false;
  }
}

export function endHover() {
  next = null;
  if (app.hover) {
    app.hover = null;
    changed();
  }
}

// What a prompt is for: the structure, null for a new one, and its mask here, on which the answer builds.
function target(frame, anew = false) {
  const id = objectOf(doc(), app.selected)?.id ?? null,
    before = maskOf(doc(), frame, id);
  return anew && before ? { id: null, frame } : { id, before, frame };
}

// [document, id] to take an answer into: what the person changed meanwhile stays. Null where what it builds on is gone.
function place({ id, before, name, frame }) {
  if (id === null) return withObject(doc(), t("structure"));
  const object = objectOf(doc(), id),
    same = object && (name ?? object.name) === object.name;
  return same && maskOf(doc(), frame, id) === before ? [doc(), id] : null;
}

// The answer; null where another file is open by then.
async function ask(prompt, { frame }) {
  const { file } = app;
  const answer = await sendJson("POST", `${itemPath()}/frames/${frame}/segment`, { ...prompt, spacing_mm_yx: doc().spacing_mm_yx });
  return app.file === file ? answer : null;
}

// Whether there is a mask now.
function accept(asked, prompt, answer) {
  const placed = answer && place(asked);
  if (!placed) return false;
  const { counts, quality, region, model } = answer,
    [next, id] = placed;
  if (asked.id === null) app.selected = id; // else who has selected another one meanwhile goes on with that
  const notes = answer.notes.map(sentence);
  if (answer.area_px === 0) {
    say([t("nothingFound"), ...notes].join(" "));
    return false;
  }
  if (notes.length) say(notes.join(" "));
  const put = asked.renamed === doc() ? amend : commit;
  put(withMask(next, asked.frame, id, { ...prompt, counts, quality, region, model, source: "prompt" }), asked.frame);
  if (asked.renamed) asked.renamed = doc(); // the masks of further frames are of the same step
  draw();
  return true;
}

// Gives the work the frame that was shown when it was called.
function inTurn(work) {
  stopTracking(); // a person corrects what is seen
  app.playing = false;
  const { file, frame } = app;
  return queued(async () => {
    if (app.file !== file) return;
    app.busy = true;
    const late = setTimeout(changed, LATE_MS); // what is quick needs no notice
    try {
      await work(frame);
    } catch (error) {
      say(reasonOf(error));
    } finally {
      clearTimeout(late);
      app.busy = false;
      changed();
    }
  });
}
