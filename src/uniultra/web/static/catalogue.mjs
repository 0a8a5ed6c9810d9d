// Sentences without a code in another language: a gettext catalogue, LANGUAGE.po, by their English with numbered gaps.

const ENTRY = /^msgid (".+")\nmsgstr (".+")$/gm;
const GAP = /\{\d+\}/,
  MOST = 2000; // characters of a sentence that the package makes; a file may have it say more

// A catalogue's text as [pieces between the gaps, translation], those that say most first.
export function entriesOf(text) {
  const entries = [...text.matchAll(ENTRY)].map(([, from, to]) => [JSON.parse(from).split(GAP), JSON.parse(to)]);
  const length = ([pieces]) => pieces.join("").length;
  return entries.sort((a, b) => length(b) - length(a));
}

// A sentence as the entries have it, with `inner` of what fills its gaps; itself where no entry fits. What has no
// entry may be "name: sentence".
export function translated(entries, sentence, inner) {
  if (sentence.length > MOST) return sentence;
  for (const [pieces, to] of entries) {
    const gaps = between(pieces, sentence);
    if (gaps) return to.replace(/\{(\d+)\}/g, (_, number) => inner(gaps[number - 1]));
  }
  const [name, ...rest] = sentence.split(": ");
  return rest.length ? `${name}: ${inner(rest.join(": "))}` : sentence;
}

// What lies between pieces of a text, or null where they aren't its pieces. Without going back, so that no text that
// comes from a file takes long.
function between([first, ...pieces], text) {
  if (!text.startsWith(first)) return null;
  if (!pieces.length) return text === first ? [] : null;
  const last = pieces.pop(),
    end = text.length - last.length,
    gaps = [];
  let at = first.length;
  for (const piece of pieces) {
    const next = text.indexOf(piece, at);
    if (next < 0) return null;
    gaps.push(text.slice(at, next));
    at = next + piece.length;
  }
  return text.endsWith(last) && end >= at ? [...gaps, text.slice(at, end)] : null;
}
