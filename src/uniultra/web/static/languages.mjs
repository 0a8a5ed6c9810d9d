// The languages of the page, by their codes: what each is called in itself, and its texts, which but for English's are loaded with the language.

import { EN } from "./languages/en.mjs";

export { EN };
export const CALLED = { en: EN.language, de: "Deutsch" };
export const LANGUAGES = { en: EN };

const TABLES = { de: async () => (await import("./languages/de.mjs")).DE };

export async function loadLanguage(code) {
  LANGUAGES[code] ??= await TABLES[code]().catch(() => undefined); // without it, the page stays in English
}
