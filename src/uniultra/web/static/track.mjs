// Follows the selected structure through a cine, some frames at a time: the masks fill in while one watches.

import { sendJson } from "./api.mjs";
import { isLost, maskOf, objectOf, withLost, withMask } from "./doc.mjs";
import { amend, app, beforeStep, changed, commit, doc, itemPath, say } from "./state.mjs";
import { answered } from "./turns.mjs";
import { reasonOf, t } from "./texts.mjs";

const AT_ONCE = 4,
  SEEN_MS = 100; // until the button and the notice are drawn
let going = null, // the run that goes on; a later one takes its place
  told = ""; // how far it is

export const isTracking = () => going !== null;

// Resolves when nothing is followed any more; `tell` is given the name of what is, and to which frame, as it gets on.
export async function trackingEnded(tell) {
  while (going) {
    tell(going.name, app.frame + 1, going.file.count);
    await new Promise((done) => setTimeout(done, 250));
  }
}

export function stopTracking() {
  if (!going) return;
  going = null;
  app.following = "";
  if (app.notice === told) say(""); // T no longer stops it
  changed();
}

beforeStep(stopTracking); // what is taken back mustn't be filled in again

// From the mask on this frame, once it is here, forwards (1) or backwards (-1), up to the next frame that a person segmented or found right.
export async function track(direction) {
  if (going) {
    stopTracking();
    return;
  }
  app.playing = false;
  let number = app.frame;
  const run = (going = { file: app.file, name: "", direction, id: null });
  await answered();
  if (going !== run) return;
  const id = app.selected;
  let mask = maskOf(doc(), number, id);
  if (!mask || app.file !== run.file || !(app.file?.count > 1)) {
    stopTracking();
    say(t(app.file?.count > 1 ? "trackFirst" : "trackOne"));
    return;
  }
  Object.assign(run, { id, name: objectOf(doc(), id).name });
  const goesOn = () => going === run && app.file === run.file && objectOf(doc(), id);
  const tell = () => say((app.following = told = t("tracked", run.name, number + 1, run.file.count)));
  try {
    tell();
    await new Promise((done) => setTimeout(done, SEEN_MS)); // so that it is seen: without a server all that follows is on this thread
    while (goesOn()) {
      const answers = await ask(run, number, mask);
      const left = goesOn() ? until(answers, run) : [];
      if (left.length === 0) break;
      fillIn(left, run);
      number = left.at(-1).number;
      mask = left.at(-1);
      tell();
      if (left.length < answers.length || answers.length < AT_ONCE) break;
    }
  } catch (error) {
    say(reasonOf(error));
  } finally {
    if (going === run) stopTracking();
  }
}

function ask({ id, direction }, number, { counts }) {
  return sendJson("POST", `${itemPath()}/frames/${number}/track`, {
    object: id,
    counts,
    backwards: direction < 0,
    frames: AT_ONCE,
    spacing_mm_yx: doc().spacing_mm_yx,
  });
}

// The answers before the first frame that a person segmented, or found right.
function until(answers, { id }) {
  const end = answers.findIndex(({ number }) => {
    const there = maskOf(doc(), number, id);
    return there && (there.source !== "track" || there.checked);
  });
  return end < 0 ? answers : answers.slice(0, end);
}

// Puts masks into the document; all of one run is taken back by one undo, unless a person changed something meanwhile.
function fillIn(answers, run) {
  const { id } = run;
  let next = doc();
  for (const { number, counts, quality, status, model } of answers) {
    const empty = status === "lost" || status === "absent";
    const more = { box: null, points: [], labels: [], region: null, source: "track", sure: status === "sure" };
    next = withMask(next, number, id, empty ? null : { ...more, counts, quality, model });
    if (empty !== isLost(next, number, id)) next = withLost(next, number, id, empty);
  }
  if (doc() === run.made) amend(next);
  else commit(next);
  run.made = next;
  app.frame = answers.at(-1).number;
  changed();
}
