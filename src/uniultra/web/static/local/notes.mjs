// What is odd about a prompt, or that nothing is to be seen where it points: Python's notes.

import { evenRound } from "../core/masks.mjs";

// prompt: {points, labels}; even: whether the image is of one grey there.
export function notesOn({ points = [], labels = [] }, even) {
  const pixels = points.map((point, i) => [point.map(evenRound).join(), labels[i]]);
  const both = pixels.filter(([pixel, label]) => label === 1 && pixels.some(([other, kind]) => other === pixel && kind === 0));
  const places = [...new Set(both.map(([pixel]) => pixel))].map((pixel) => pixel.split(","));
  const notes = places.map(([x, y]) => `point ${x},${y} is given both as inside and as outside; leave one of them out`);
  if (even) notes.push("there is nothing to see where the prompt points: the image is of one even grey there");
  return notes;
}
