// Boxes over names that a scanner burned into its pictures: kept by scanner, black on the screen and in exports.

import { sendJson } from "./api.mjs";
import { app, changed, itemPath, say } from "./state.mjs";
import { reasonOf, t } from "./texts.mjs";

const MOST = 20;

export function addCover(box) {
  if (app.file.banners.length >= MOST) return Promise.resolve();
  return keep([...app.file.banners, box.map((edge) => Math.round(edge * 100) / 100)], t("covered", app.file.scanner));
}

// Takes away what covers a place; whether there was something.
export function removeCover([x, y]) {
  const left = app.file.banners.filter(([x0, y0, x1, y1]) => x < x0 - 1 || x > x1 + 1 || y < y0 - 1 || y > y1 + 1);
  if (left.length === app.file.banners.length) return false;
  keep(left, t("uncovered"));
  return true;
}

async function keep(banners, words) {
  const { file } = app,
    before = file.banners;
  file.banners = banners; // covered at once
  changed();
  try {
    await sendJson("PUT", `${itemPath(file.id)}/banners`, { boxes: banners });
    say(words);
  } catch (error) {
    file.banners = before;
    say(reasonOf(error));
  }
  changed();
}
