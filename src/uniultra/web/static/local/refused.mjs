// A refusal: `kind` is that of a server's ("conflict", "prompt", ...).

export class Refused extends Error {
  constructor(kind, detail) {
    super(detail);
    this.kind = kind;
  }
}
