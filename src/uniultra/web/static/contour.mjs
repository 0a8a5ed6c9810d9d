// The points of a structure's contour: dragged, inserted, deleted, by hand or by keys.

import { filled, simplified, toSegment } from "./core/polygon.mjs";
import { outlines } from "./core/outline.mjs";
import { encode } from "./core/rle.mjs";
import { withMask } from "./doc.mjs";
import { shapeOf } from "./shapes.mjs";
import { app, changed, commit, doc, say, selectedMask } from "./state.mjs";
import { t } from "./texts.mjs";
import { within } from "./view.mjs";

const GRAB = 13;

const keyOf = (counts) => `${app.file?.id} ${app.frame} ${app.selected} ${counts}`;
let known = { key: "", loops: [], at: null, mask: null, inside: null };

// {loops, at} of the selected structure's contour while that tool is chosen; null where there is none. `at` is
// the chosen point, [loop, index].
export function contour() {
  const mask = app.tool === "contour" && !app.playing ? selectedMask() : null;
  if (!mask) return null;
  if (known.key !== keyOf(mask.counts)) {
    const pixels = shapeOf(mask.counts, app.file).mask;
    const all = outlines(pixels, app.file).filter((loop) => loop.length > 8);
    const loops = all.map((loop) => simplified(loop, toleranceOf(loop)));
    known = { key: keyOf(mask.counts), loops, at: null, mask: pixels, inside: filled(loops, app.file) };
  }
  return known;
}

// Pixels that a contour of few points may be off: its points are to be dragged, and a long one has many.
const toleranceOf = (loop) => Math.min(Math.max(loop.length / 300, 0.8), 4);

export class ContourEditor {
  constructor(view) {
    this.view = view;
  }

  // Takes the point near a place of the screen, or makes one on the line there; whether there was one. With Alt
  // the point is deleted.
  grab(event, x, y) {
    const found = contour();
    if (!found) {
      say(t("contourFirst"));
      return false;
    }
    found.at = this.pointAt(found, x, y) ?? this.inserted(found, x, y);
    this.moved = false;
    if (found.at && (event.altKey || event.button === 2)) this.remove();
    changed();
    return found.at !== null;
  }

  pointAt({ loops }, x, y) {
    let [best, most] = [null, GRAB];
    loops.forEach((loop, l) =>
      loop.forEach((point, i) => {
        const [px, py] = this.view.toScreen(point),
          distance = Math.hypot(px - x, py - y);
        if (distance < most) [best, most] = [[l, i], distance];
      }),
    );
    return best;
  }

  inserted({ loops }, x, y) {
    const place = this.view.toImage(x, y);
    let [best, most] = [null, GRAB / this.view.scale];
    loops.forEach((loop, l) =>
      loop.forEach((point, i) => {
        const [distance, near] = toSegment(place, point, loop[(i + 1) % loop.length]);
        if (distance < most) [best, most] = [[l, i + 1, near], distance];
      }),
    );
    if (!best) return null;
    loops[best[0]] = loops[best[0]].toSpliced(best[1], 0, best[2]);
    return best.slice(0, 2);
  }

  drag(point) {
    const found = contour();
    if (!found?.at) return;
    const [l, i] = found.at;
    found.loops[l] = found.loops[l].with(i, point);
    this.moved = true;
  }

  drop() {
    if (this.moved) this.keep();
    this.moved = false;
  }

  remove() {
    const found = contour();
    if (!found?.at) return;
    const [l, i] = found.at,
      loop = found.loops[l].toSpliced(i, 1);
    found.loops = loop.length < 3 ? found.loops.toSpliced(l, 1) : found.loops.with(l, loop);
    found.at = loop.length < 3 ? null : [l, i % loop.length];
    this.keep();
  }

  // Gives the structure what the moved points enclose; where nothing was moved, its mask stays as it is, to the
  // pixel, though the contour has few points.
  keep() {
    const found = contour(),
      before = selectedMask(),
      inside = filled(found.loops, app.file);
    const mask = found.mask.map((pixel, i) => (inside[i] === found.inside[i] ? pixel : inside[i]));
    if (!mask.includes(1)) {
      commit(withMask(doc(), app.frame, app.selected, null));
      return;
    }
    const counts = encode(mask, app.file);
    known = { ...found, key: keyOf(counts), mask, inside };
    commit(withMask(doc(), app.frame, app.selected, { ...before, counts, quality: null, source: "brush", sure: true }));
  }

  // Keys on the points; whether this one was for them.
  key(event) {
    const found = contour();
    if (!found?.loops.length) return false;
    const step = event.shiftKey ? 5 : 1;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key === "." || event.key === ",") this.choose(found, event.key === "." ? 1 : -1);
    else if (!found.at) return false;
    else if (moves[event.key]) this.nudge(found, moves[event.key]);
    else if (event.key === "i") this.insertAfter(found);
    else if (event.key === "Delete" || event.key === "Backspace") this.remove();
    else if (event.key === "Escape") found.at = null;
    else return false;
    changed();
    return true;
  }

  choose(found, step) {
    const all = found.loops.flatMap((loop, l) => loop.map((_, i) => [l, i]));
    const now = found.at ? all.findIndex(([l, i]) => l === found.at[0] && i === found.at[1]) : -1;
    found.at = all[(now < 0 ? (step > 0 ? 0 : all.length - 1) : now + step + all.length) % all.length];
  }

  nudge(found, [dx, dy]) {
    const [l, i] = found.at,
      [x, y] = found.loops[l][i];
    this.drag(within([x + dx, y + dy], app.file));
    this.drop();
  }

  insertAfter(found) {
    const [l, i] = found.at,
      loop = found.loops[l],
      [[ax, ay], [bx, by]] = [loop[i], loop[(i + 1) % loop.length]];
    found.loops[l] = loop.toSpliced(i + 1, 0, [(ax + bx) / 2, (ay + by) / 2]);
    found.at = [l, i + 1];
  }
}
