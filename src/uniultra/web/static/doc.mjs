// A document: all that a person made of one file. Never changed in place, so that undo is going back to an
// earlier one. Its form is that of `Doc` in uniultra/web/workspace/schemas.py.

export const COLOURS = [
  "#4cc9f0",
  "#ffb703",
  "#f72585",
  "#80ed99",
  "#b388ff",
  "#ff7f51",
  "#ffd6ff",
  "#2ec4b6",
];
export const EMPTY = { objects: [], frames: [], calipers: [], spacing_mm_yx: null, done: false };

export const objectOf = (doc, id) => doc.objects.find((object) => object.id === id) ?? null;
export const masksOn = (doc, number) => doc.frames.find((frame) => frame.number === number)?.masks ?? [];
export const maskOf = (doc, number, id) => masksOn(doc, number).find((mask) => mask.object === id) ?? null;
export const calipersOn = (doc, number) => doc.calipers.filter((caliper) => caliper.frame === number);
// Whether tracking lost the structure on a frame, and nobody has segmented it there since.
export const isLost = (doc, number, id) => objectOf(doc, id)?.lost?.includes(number) ?? false;
const nextId = (list) => 1 + list.reduce((most, item) => Math.max(most, item.id), 0);

// Whether a person should look at a mask before anything is taken from it.
export const isDoubtful = ({ quality, sure, checked }) => !checked && (sure === false || (quality !== null && quality < 0.72));

// With everything doubtful on a frame found right as it is: masks are checked, and what is lost there isn't there.
export function withChecked(before, number) {
  const checked = (mask) => (isDoubtful(mask) ? { ...mask, sure: true, checked: true } : mask);
  const frames = before.frames.map((frame) => (frame.number === number ? { ...frame, masks: frame.masks.map(checked) } : frame));
  const lost = before.objects.filter(({ id }) => isLost(before, number, id));
  return lost.reduce((doc, { id }) => withLost(doc, number, id, false), { ...before, frames });
}

// Whether nobody has said what a structure is: `withObject` named it, in any language of the page.
export const isDefaultName = (name) => /^(Structure|Struktur) \d+$/.test(name);

// [document, id]: with one more structure, called by a word and the first number from theirs on that none has.
export function withObject(doc, word) {
  const id = nextId(doc.objects);
  let name, count = doc.objects.length;
  do name = `${word} ${++count}`;
  while (doc.objects.some((object) => object.name === name));
  const colour = COLOURS[(id - 1) % COLOURS.length];
  return [{ ...doc, objects: [...doc.objects, { id, name, colour, hidden: false }] }, id];
}

export function withChangedObject(doc, id, change) {
  return {
    ...doc,
    objects: doc.objects.map((object) => (object.id === id ? { ...object, ...change } : object)),
  };
}

export function withoutObject(doc, id) {
  const frames = doc.frames.map((frame) => ({ ...frame, masks: frame.masks.filter((m) => m.object !== id) }));
  return {
    ...doc,
    objects: doc.objects.filter((o) => o.id !== id),
    frames: frames.filter((f) => f.masks.length),
  };
}

// With a mask in the place of the structure's earlier one; null takes it away.
export function withMask(before, number, id, mask) {
  const doc = mask && isLost(before, number, id) ? withLost(before, number, id, false) : before;
  const others = masksOn(doc, number).filter((item) => item.object !== id);
  const masks = (mask ? [...others, { ...mask, object: id }] : others).sort((a, b) => a.object - b.object);
  const frames = doc.frames.filter((frame) => frame.number !== number);
  if (masks.length) frames.push({ number, masks });
  return { ...doc, frames: frames.sort((a, b) => a.number - b.number) };
}

export function withLost(doc, number, id, lost) {
  const others = (objectOf(doc, id).lost ?? []).filter((other) => other !== number);
  return withChangedObject(doc, id, { lost: lost ? [...others, number].sort((a, b) => a - b) : others });
}

export function withCaliper(doc, frame, a, b) {
  return { ...doc, calipers: [...doc.calipers, { id: nextId(doc.calipers), frame, a, b }] };
}

export function withMovedCaliper(doc, id, ends) {
  return { ...doc, calipers: doc.calipers.map((item) => (item.id === id ? { ...item, ...ends } : item)) };
}

export const withoutCaliper = (doc, id) => ({
  ...doc,
  calipers: doc.calipers.filter((item) => item.id !== id),
});

// Documents before and after the present one, each with the frame that it was made on.
export class History {
  constructor(doc) {
    Object.assign(this, { doc, past: [], future: [] });
  }

  commit(doc, frame) {
    if (doc === this.doc) return;
    this.past.push({ doc: this.doc, frame });
    if (this.past.length > 500) this.past.shift();
    this.doc = doc;
    this.future = [];
  }

  // The frame of what was taken back, or null.
  undo() {
    return this.step(this.past, this.future);
  }

  redo() {
    return this.step(this.future, this.past);
  }

  step(from, to) {
    const entry = from.pop();
    if (!entry) return null;
    to.push({ doc: this.doc, frame: entry.frame });
    this.doc = entry.doc;
    return entry.frame;
  }
}
