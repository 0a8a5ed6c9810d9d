// The ejection fraction of a structure that was segmented on several frames of a cine.

import { sendJson } from "./api.mjs";
import { maskOf } from "./doc.mjs";
import { areaIn } from "./shapes.mjs";
import { changed, doc, fileKey, itemPath, say } from "./state.mjs";
import { isPassing, reasonOf } from "./texts.mjs";

const kept = new Map();
export const requestedCount = () => kept.size;

// {diastole, systole}: {frame, counts} where the structure is largest and smallest; null with fewer than two
// frames.
export function extremes(id) {
  const found = doc().frames.flatMap(({ number }) => {
    const mask = maskOf(doc(), number, id);
    return mask ? [{ frame: number, counts: mask.counts, area: areaIn(mask.counts) }] : [];
  });
  if (found.length < 2) return null;
  const most = found.reduce((a, b) => (b.area > a.area ? b : a)),
    least = found.reduce((a, b) => (b.area < a.area ? b : a));
  return most === least ? null : { diastole: most, systole: least };
}

const keyOf = (id, { diastole, systole }) =>
  JSON.stringify([fileKey(), id, diastole, systole, doc().spacing_mm_yx]);

// What is known of it: the server's answer, or {problem}; null where nobody asked.
export const ejectionOf = (id, found) => kept.get(keyOf(id, found)) ?? null;

export async function askEjection(id, found) {
  const key = keyOf(id, found),
    { diastole, systole } = found;
  try {
    kept.set(
      key,
      await sendJson("POST", `${itemPath()}/ejection`, {
        diastole: diastole.frame,
        systole: systole.frame,
        counts: [diastole.counts, systole.counts],
        spacing_mm_yx: doc().spacing_mm_yx,
      }),
    );
  } catch (error) {
    if (isPassing(error)) say(reasonOf(error));
    else kept.set(key, { get problem() { return reasonOf(error); } });
  }
  changed();
}
