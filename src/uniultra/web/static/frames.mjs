// Frames of the opened file: fetched ahead, kept as the bytes that came, and a few of them as pictures.

import { getBlob } from "./api.mjs";
import { app, changed, itemPath, say } from "./state.mjs";
import { reasonOf } from "./texts.mjs";

const MOST_BYTES = 400e6,
  MOST_PICTURES = 48,
  AT_ONCE = 3;

export class Frames {
  constructor() {
    this.clear();
  }

  clear() {
    for (const { picture } of this.pictures?.values() ?? []) picture.close();
    Object.assign(this, {
      blobs: new Map(),
      pictures: new Map(),
      coming: new Map(),
      bytes: 0,
      last: null,
      failed: new Set(),
    });
    this.round = (this.round ?? 0) + 1;
  }

  // {picture, key} of a frame that is there; of the last one that was shown where it isn't yet.
  nearest(number) {
    const found = this.pictures.get(number);
    if (found) this.last = found;
    else if (!this.failed.has(number))
      this.load(number).catch((error) => {
        this.failed.add(number);
        say(reasonOf(error));
      });
    return found ?? this.last;
  }

  has(number) {
    return this.pictures.has(number);
  }

  // Resolves when a frame's picture is there; rejects with Refused.
  load(number) {
    const known = this.coming.get(number);
    if (known || this.pictures.has(number)) return known ?? Promise.resolve();
    const coming = this.fetched(number).finally(() => this.coming.delete(number));
    this.coming.set(number, coming);
    return coming;
  }

  async fetched(number) {
    const { round } = this,
      file = app.file;
    const blob =
      this.blobs.get(number) ??
      (await getBlob(`${itemPath(file.id)}/frames/${number}?exact=${file.count === 1}`));
    if (round !== this.round) return;
    if (!this.blobs.has(number)) {
      this.blobs.set(number, blob);
      this.bytes += blob.size;
    }
    const picture = await createImageBitmap(blob);
    if (round !== this.round) {
      picture.close();
      return;
    }
    this.pictures.set(number, { picture, key: `${file.id} ${number}` });
    this.trim(number);
    if (number === app.frame) changed();
  }

  // Begins what will be needed next: the frames after `number`, pictures of the nearest and bytes of the
  // rest.
  ahead(number, count) {
    for (let step = 1; step <= 14 && this.coming.size < AT_ONCE; step++) {
      const next = (number + step) % count;
      if (!this.pictures.has(next)) this.load(next).catch(() => {});
    }
  }

  trim(number) {
    const distance = (other) => Math.abs(other - number);
    const far = (map) => [...map.keys()].reduce((a, b) => (distance(a) > distance(b) ? a : b));
    while (this.pictures.size > MOST_PICTURES) {
      const key = far(this.pictures);
      if (this.pictures.get(key) !== this.last) this.pictures.get(key).picture.close();
      this.pictures.delete(key);
    }
    while (this.bytes > MOST_BYTES && this.blobs.size > 1) {
      const key = far(this.blobs);
      this.bytes -= this.blobs.get(key).size;
      this.blobs.delete(key);
    }
  }
}
