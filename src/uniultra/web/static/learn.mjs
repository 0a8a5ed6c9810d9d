// Adapting the model to accepted images: how many there are of a kind, the lesson under way, and what it gained.

import { getJson, sendJson } from "./api.mjs";
import { byId, el, fill } from "./dom.mjs";
import { app, changed, say } from "./state.mjs";
import { current, number, reasonOf, sentence, t } from "./texts.mjs";

const AT = "/v1/workspace/learning",
  EVERY_MS = 1500,
  MOST_KINDS = 3;
let known = null, // the answer of the server
  waiting = false,
  timer = 0,
  shown = [];

// Asks how far lessons are, and again while one is under way.
export async function lookUpLessons() {
  clearTimeout(timer);
  try {
    take(await getJson(AT));
  } catch {
    timer = setTimeout(lookUpLessons, 4 * EVERY_MS); // said by what saves
  }
}

function take(answer) {
  known = answer;
  if (answer.lessons.some(({ status }) => status === "running")) timer = setTimeout(lookUpLessons, EVERY_MS);
  changed();
}

async function ask(what, value, done = () => {}) {
  if (waiting) return;
  waiting = true;
  changed();
  try {
    take(await sendJson("POST", AT + what, value));
    done();
  } catch (error) {
    say(reasonOf(error));
  }
  waiting = false;
  changed();
}

// Accepted images by the name of a structure, the most first: [name, count].
function kinds() {
  const counts = new Map();
  for (const item of app.workspace.items.filter(({ done }) => done))
    for (const kind of item.kinds ?? []) counts.set(kind, 1 + (counts.get(kind) ?? 0));
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_KINDS);
}

export function renderLearn() {
  if (!known) return;
  const state = [known, waiting, current(), kinds().join()];
  if (state.every((part, index) => part === shown[index])) return;
  shown = state;
  const panel = byId("learn"),
    key = panel.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  fill(panel, el("h2", {}, t("learn")), ...known.lessons.slice(-MOST_KINDS).map(lesson), ...offers());
  if (key) panel.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

function offers() {
  const all = kinds(),
    busy = known.lessons.some(({ status }) => status === "running");
  if (known.unavailable) return [el("p", { class: "muted", id: "learn-missing" }, t("learnMissing"))];
  if (busy) return [];
  if (!all.length && !known.lessons.length) return [el("p", { class: "muted" }, t("learnHint", known.least))];
  return all.map(([kind, count]) => offer(kind, count));
}

function offer(kind, count) {
  const before = known.lessons.filter((one) => one.kind === kind && one.status === "ready").at(-1);
  if (before && before.images.length >= count) return null;
  if (count < known.least)
    return el(
      "div",
      { class: "lesson" },
      el("div", { class: "head" }, el("b", {}, kind), el("span", { class: "muted" }, t("learnCount", count, known.least))),
      el("progress", { max: known.least, value: count, "aria-label": t("learnCount", count, known.least) }),
    );
  const words = before ? t("learnAgain", kind, count) : t("learnNow", kind);
  return button(words, () => ask("", { kind }), { class: "quiet wide", "data-key": `learn ${kind}` });
}

const button = (words, onclick, more) => el("button", { type: "button", disabled: waiting, onclick, ...more }, words);

function lesson(one) {
  const parts = { running, stopped, ready }[one.status](one);
  return el("div", { class: "lesson", "data-lesson": one.id, "data-status": one.status }, ...parts);
}

const running = ({ kind, images, step, steps }) => [
  el("b", {}, t("learning", kind, images.length)),
  el("progress", { max: steps, ...(step ? { value: step } : {}), "aria-label": t("learning", kind, images.length) }),
  el("p", { class: "muted" }, step ? t("learnStep", step, steps) : t("learnStarting")),
  button(t("learnCancel"), () => ask("/cancel", {}), { class: "quiet", "data-key": "cancel" }),
];

const stopped = ({ id, kind, step, steps, problem }) => [
  el("b", {}, t("learnStopped", kind, step, steps)),
  problem ? el("p", { class: "warning" }, sentence(problem)) : null,
  button(t("learnResume"), () => ask("/resume", { lesson: id }), { class: "quiet", "data-key": `resume ${id}` }),
];

function ready({ id, kind, images, left_out: left, gained }) {
  const using = known.using === id;
  const line = (name, [before, after]) =>
    el("tr", {}, el("th", { scope: "row" }, t(name)), el("td", {}, `${number(before, 2)} → ${number(after, 2)}`));
  const worse = gained.box[1] + gained.click[1] < gained.box[0] + gained.click[0];
  const use = (lesson) => () =>
    ask("/use", { lesson }, () => {
      Object.assign(app.workspace, { model: known.model, version: known.version });
      say(t("learnSwitched", known.model));
    });
  return [
    el("div", { class: "head" }, el("b", {}, t("learned", kind, images.length)), using ? el("span", { class: "good" }, t("learnUsing")) : null),
    el("p", { class: "muted" }, t("learnOn", left.length)),
    el("table", { class: "numbers" }, el("tbody", {}, line("learnBox", gained.box), line("learnClick", gained.click))),
    el("p", { class: worse ? "warning" : "muted" }, worse ? t("learnWorse") : t("learnWary", left.length)),
    using
      ? button(waiting ? t("learnSwitching") : t("learnBack"), use(""), { class: "quiet", "data-key": `use ${id}` })
      : button(waiting ? t("learnSwitching") : t("learnUse"), use(id), { class: worse ? "quiet" : "primary", "data-key": `use ${id}` }),
  ];
}
