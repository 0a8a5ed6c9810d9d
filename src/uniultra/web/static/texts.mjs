// Texts and numbers in the language that was chosen; the texts themselves are in languages.mjs.

import { entriesOf, translated } from "./catalogue.mjs";
import { CALLED, EN, LANGUAGES, loadLanguage } from "./languages.mjs";

// The measures in their order in tables.
export const NAMES = [
  "area",
  "long_diameter",
  "short_diameter",
  "perimeter",
  "ellipse_circumference",
  "equivalent_diameter",
];

let language = localStorage.getItem("uniultra-language") ?? navigator.language.slice(0, 2);
if (!(language in CALLED)) language = "en";

export const current = () => language;

// `chosen` by a person is kept; else the browser's language counts the next time, too.
export async function speak(next, chosen = true) {
  await loadLanguage(next);
  language = next;
  if (chosen) localStorage.setItem("uniultra-language", next);
  document.documentElement.lang = next;
  if (next !== "en") catalogues[next] ??= await entriesIn(next);
}

// What the languages but English have of sentences without a code, once it is needed.
const catalogues = {};

async function entriesIn(name) {
  const answer = await fetch(new URL(`./languages/${name}.po`, import.meta.url)).catch(() => null);
  return answer?.ok ? entriesOf(await answer.text()) : undefined;
}

// A text by its name; one with gaps takes what fills them.
export function t(key, ...values) {
  const text = LANGUAGES[language]?.[key] ?? EN[key] ?? key;
  return typeof text === "function" ? text(...values) : text;
}

export function number(value, digits) {
  return new Intl.NumberFormat(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

// A quality as [words, grade]: grade is high, fair or low.
export function qualityOf(quality) {
  const grade = quality >= 0.88 ? "high" : quality >= 0.72 ? "fair" : "low";
  return [t(grade), grade];
}

// A number that isn't whole, with at most a unit.
const DECIMAL = /^[+-]?\d+\.\d+( ?[^\s\d.]+\d?)?$/;

// Sentences that an answer holds, by their English: {code, values}, as the server's `said` has them.
const known = new Map();

// Takes note of what a server's answer, or `scaleAt`, says of its sentences.
export function hear(answer) {
  for (const [sentence, one] of Object.entries(answer?.said ?? {})) known.set(sentence, one);
}

// A sentence of the server in the language that was chosen; as it came where that has no words for it.
export function inWords(sentence) {
  const { code, values } = known.get(sentence) ?? {};
  const make = code && LANGUAGES[language]?.said?.[code];
  if (!make) return translated(catalogues[language] ?? [], sentence, filling);
  const inner = Object.entries(values).map(([key, value]) => [key, filling(value)]);
  return typeof make === "function" ? make(Object.fromEntries(inner)) : make;
}

// What fills a gap of a sentence: a sentence in words, or a number, with a unit or without, by the language's decimal mark.
function filling(value) {
  if (Array.isArray(value)) return value.map(filling);
  if (typeof value === "number" && !Number.isInteger(value)) return filling(String(value));
  if (typeof value !== "string") return value;
  const mark = new Intl.NumberFormat(language).formatToParts(0.5).find(({ type }) => type === "decimal").value;
  return DECIMAL.test(value) ? value.replace(".", mark) : inWords(value);
}

// The same as a whole sentence.
export function sentence(text) {
  const words = inWords(text);
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;
}

// Why something was refused.
export function reasonOf({ kind, message }) {
  return kind === "offline" ? t("offlineNotice") : inWords(message);
}

// Whether the same question may be answered soon: the server is away, busy, or doesn't know this browser yet.
export const isPassing = ({ kind }) => ["offline", "stopping", "token", "busy"].includes(kind);

const MOST_LISTED = 8;
export const listed = (values) => values.slice(0, MOST_LISTED).join(", ") + (values.length > MOST_LISTED ? ", ..." : "");

export const squared = (unit) => unit.replace("2", "²");
