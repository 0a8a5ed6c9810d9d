// Other masks for the same prompt, one after the other.

import { sendJson } from "./api.mjs";
import { maskOf, withMask } from "./doc.mjs";
import { answered } from "./turns.mjs";
import { app, commit, doc, fileKey, framePath, named, say } from "./state.mjs";
import { reasonOf, t } from "./texts.mjs";

let known = { key: "", answers: [], at: 0 };
let asking = false;

export async function nextAlternative() {
  await answered();
  const mask = maskOf(doc(), app.frame, app.selected);
  if (!mask || asking) return;
  if (!mask.box && !mask.labels.includes(1)) {
    say(t("clickInsideFirst"));
    return;
  }
  const { file, frame, selected } = app,
    prompt = { box: mask.box, box_fit: mask.box_fit, points: mask.points, labels: mask.labels, ...named(selected) };
  const key = JSON.stringify([fileKey(), app.frame, app.selected, prompt]);
  try {
    if (key !== known.key) known = { key, answers: await ask(prompt), at: 0 };
  } catch (error) {
    say(reasonOf(error));
    return;
  }
  const same = app.file === file && app.frame === frame && app.selected === selected;
  if (!same || maskOf(doc(), frame, selected) !== mask) return; // the person has gone on
  if (known.answers.length < 2) {
    say(t("noAlternative"));
    return;
  }
  known.at = (known.at + 1) % known.answers.length;
  const { counts, quality, region, model } = known.answers[known.at];
  commit(withMask(doc(), app.frame, app.selected, { ...mask, counts, quality, region, model, source: "prompt" }));
  say(t("alternative", known.at + 1, known.answers.length));
}

async function ask(prompt) {
  asking = true;
  say(t("busy"));
  try {
    return await sendJson("POST", `${framePath()}/alternatives`, {
      ...prompt,
      spacing_mm_yx: doc().spacing_mm_yx,
    });
  } finally {
    asking = false;
  }
}
