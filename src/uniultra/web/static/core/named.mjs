// Which structure a prompt points at, as a model may be told by a name that it has learned; as named.py.

const NAME_POINTS = 4, FIRST_LABEL = 8; // points that tell a name, and the label of the first name's first one

const MOST_CHARACTERS = 64,
  ILLEGAL = /[\\\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

// Whether a result can carry a name, blanks around it aside; as legal_name in structures.py.
export const isLegalName = (name) => !!name.trim() && [...name.trim()].length <= MOST_CHARACTERS && !ILLEGAL.test(name.trim());

// A model's own name for what somebody calls a structure, "" for what it hasn't learned; case, blanks and the side don't matter.
export function knownName(name, structures) {
  const wordsOf = (text) => text.toLowerCase().replaceAll("_", " ").split(/\s+/).filter(Boolean).join(" ");
  const called = wordsOf(name ?? "");
  const own = (words) => structures.find((one) => wordsOf(one) === words);
  return own(called) ?? own(called.replace(/^(left|right) /, "")) ?? "";
}

// The labels of the points that tell a model what a structure is called; none for what it hasn't learned.
export function toldLabels(name, structures) {
  const place = structures.indexOf(knownName(name, structures));
  return place < 0 ? [] : [...Array(NAME_POINTS).keys()].map((i) => FIRST_LABEL + NAME_POINTS * place + i);
}
