// The languages of the page, by their codes.

import { DE } from "./languages/de.mjs";
import { EN } from "./languages/en.mjs";

export { EN };
export const LANGUAGES = { en: EN, de: DE };
