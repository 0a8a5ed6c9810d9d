// Sentences of the page without a server, which have codes as a server's have, so that each language has its words for them.

import { hear } from "../texts.mjs";

// The English, once the page knows its code and what it is filled with.
export function saying(code, english, values = {}) {
  hear({ said: { [english]: { code, values } } });
  return english;
}
