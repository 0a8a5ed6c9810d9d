// Frames of the opened file: fetched ahead, kept as the bytes that came, and a few of them as pictures.

import { getBlob } from "./api.mjs";
import { app, changed, draw, itemPath, say } from "./state.mjs";
import { isPassing, reasonOf, t } from "./texts.mjs";

const MOST_BYTES = 400e6,
  MOST_PIXELS = 45e6, // of pictures, 4 bytes each: 48 of 1280 x 720
  LEAST_PICTURES = 4,
  AT_ONCE = 3,
  AHEAD = 14,
  AGAIN_MS = 2000,
  LATE_MS = 250, // until it is said that one waits
  MOST_FIRSTS = 5,
  MOST_FIRST_PIXELS = 16e6;

export class Frames {
  constructor() {
    this.firsts = new Map(); // {picture, stamp} of files that were open, or will be next
    this.clear();
    app.frames = this;
  }

  clear() {
    for (const { picture } of this.pictures?.values() ?? []) this.close(picture);
    Object.assign(this, {
      blobs: new Map(),
      pictures: new Map(),
      coming: new Map(),
      bytes: 0,
      last: null,
      failed: new Map(), // why, by number
      aim: null,
      since: 0, // when it began that another picture is shown than is meant
    });
    this.round = (this.round ?? 0) + 1;
  }

  // Closes a picture, unless a file will begin with it.
  close(picture) {
    if (![...this.firsts.values()].some((first) => first.picture === picture)) picture.close();
  }

  // The first frame of a file that isn't open: {picture, stamp}, `stamp` undefined where it is fetched only now, as it is where the kept
  // one has another stamp than `current`.
  async first(id, current = null) {
    const kept = this.firsts.get(id);
    if (kept && (current === null || kept.stamp === current)) return kept;
    return { picture: await createImageBitmap(await getBlob(`${itemPath(id)}/frames/0`)) };
  }

  keepFirst(id, stamp, picture) {
    const before = this.firsts.get(id)?.picture;
    this.firsts.delete(id);
    this.firsts.set(id, { picture, stamp });
    if (before && before !== picture && !this.isShown(before)) before.close();
    const pixels = () => [...this.firsts.values()].reduce((sum, one) => sum + one.picture.width * one.picture.height, 0);
    while (this.firsts.size > 1 && (this.firsts.size > MOST_FIRSTS || pixels() > MOST_FIRST_PIXELS)) {
      const [oldest, { picture: old }] = this.firsts.entries().next().value;
      this.firsts.delete(oldest);
      if (!this.isShown(old)) old.close();
    }
  }

  isShown(picture) {
    return this.last?.picture === picture || [...this.pictures.values()].some((one) => one.picture === picture);
  }

  // Begins an opened file with its first frame; false where the file was written anew since that was fetched.
  begin(file, { picture, stamp = file.stamp }) {
    if (stamp !== file.stamp || picture.width === 0) return false; // no width: closed meanwhile, for want of room
    this.pictures.set(0, { picture, key: `${file.id} 0` });
    this.keepFirst(file.id, stamp, picture);
    return true;
  }

  // {picture, key} of a frame that is there; of the last one that was shown where it isn't yet; nothing where it can't
  // be had: masks of one frame mustn't stay on the picture of another.
  nearest(number) {
    const found = this.pictures.get(number),
      { failed } = this;
    if (found) Object.assign(this, { last: found, since: 0 });
    else if (!this.since && !failed.has(number)) {
      this.since = performance.now();
      setTimeout(changed, LATE_MS);
    }
    if (found) return found;
    if (!failed.has(number)) this.load(number).catch((error) => this.fail(number, error, failed));
    return failed.has(number) ? null : this.last;
  }

  // Whether one waits for the picture that is meant to be seen.
  isLate() {
    return this.since > 0 && performance.now() - this.since >= LATE_MS;
  }

  fail(number, error, failed) {
    if (failed !== this.failed) return; // another file is open
    failed.set(number, error);
    this.since = 0;
    say(this.missing(number));
    if (isPassing(error)) setTimeout(() => failed.delete(number) && changed(), AGAIN_MS);
  }

  // Why nobody can point at a frame whose picture isn't there, and what to do.
  missing(number) {
    const error = this.failed.get(number);
    if (!error) return t("frameComing");
    return isPassing(error) ? reasonOf(error) : t("frameFailed", reasonOf(error).replace(/\.$/, ""));
  }

  has(number) {
    return this.pictures.has(number);
  }

  // Resolves when a frame's picture is there; rejects with Refused.
  load(number) {
    const known = this.coming.get(number);
    if (known || this.pictures.has(number)) return known ?? Promise.resolve();
    const { round } = this;
    const coming = this.fetched(number).finally(() => {
      this.coming.delete(number);
      if (round === this.round) this.more();
    });
    this.coming.set(number, coming);
    return coming;
  }

  async fetched(number) {
    const { round } = this,
      file = app.file;
    const blob = this.blobs.get(number) ?? (await getBlob(`${itemPath(file.id)}/frames/${number}`));
    if (round !== this.round) return;
    if (!this.blobs.has(number)) {
      this.blobs.set(number, blob);
      this.bytes += blob.size;
    }
    const picture = await createImageBitmap(blob).catch(() => {
      throw new Error(t("cantDecode"));
    });
    if (round !== this.round) {
      picture.close();
      return;
    }
    this.pictures.set(number, { picture, key: `${file.id} ${number}` });
    if (number === 0) this.keepFirst(file.id, file.stamp, picture);
    this.trim(file);
    if (number === app.frame) draw();
  }

  // Fetches what will be needed next: the frames after `number`, or, where one goes back, before it; once the one that
  // is drawn now is out of the way.
  ahead(number, count, by = 1) {
    this.aim = { number, count, by };
    this.soon ||= setTimeout(() => {
      this.soon = 0;
      this.more();
    });
  }

  more() {
    if (!this.aim) return;
    const { number, count, by } = this.aim;
    for (const step of this.steps()) {
      if (this.coming.size >= AT_ONCE) return;
      const plain = number + Math.sign(by) * step,
        next = by > 0 && step > 0 ? plain % count : plain;
      if (next < 0 || next >= count || this.pictures.has(next) || this.coming.has(next)) continue;
      this.load(next).catch(() => {
        this.aim = null; // whoever wants to see the frame is told why it isn't there
      });
    }
  }

  // How far from the frame that is shown the next ones lie that will be needed: one may turn back, too.
  steps() {
    const ahead = Math.min(AHEAD, this.room(app.file) - LEAST_PICTURES + 1);
    return [1, -1, ...Array.from({ length: Math.max(0, ahead - 1) }, (_, index) => index + 2)];
  }

  // How many pictures of a file are kept.
  room({ width, height }) {
    return Math.max(LEAST_PICTURES, Math.floor(MOST_PIXELS / (width * height)));
  }

  // Drops what lies farthest from the frame that is shown; a cine begins anew after its last one.
  trim(file) {
    const distance = (other) => {
      const apart = Math.abs(other - app.frame);
      return Math.min(apart, file.count - apart);
    };
    const far = (map) => [...map.keys()].reduce((a, b) => (distance(a) > distance(b) ? a : b));
    while (this.pictures.size > this.room(file)) {
      const key = far(this.pictures);
      if (this.pictures.get(key) !== this.last) this.close(this.pictures.get(key).picture);
      this.pictures.delete(key);
    }
    while (this.bytes > MOST_BYTES && this.blobs.size > 1) {
      const key = far(this.blobs);
      this.bytes -= this.blobs.get(key).size;
      this.blobs.delete(key);
    }
  }
}
