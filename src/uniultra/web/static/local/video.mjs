// Video in this tab: frame by frame by the browser's own decoder (WebCodecs), which is handed the coded frames that the container's reader finds.

import { readAvi } from "./avi.mjs";
import { bmp } from "./bmp.mjs";
import { readMp4 } from "./mp4.mjs";
import { readWebm } from "./webm.mjs";

const KEPT_BYTES = 96e6, // of decoded frames
  QUEUED = 4;
const NEEDS = "run `uniultra open`, or save it as MP4 (H.264), WebM or AVI (JPEG)";

// The reader of a container by its first bytes; null where it isn't a video.
export function containerOf(bytes) {
  const text = (from, to) => String.fromCharCode(...bytes.subarray(from, to));
  if (["ftyp", "moov", "mdat", "wide", "free", "skip"].includes(text(4, 8))) return readMp4;
  if (text(0, 4) === "RIFF" && text(8, 12) === "AVI ") return readAvi;
  if (text(0, 4) === "\x1aE\xdf\xa3") return readWebm;
  if (text(0, 4) === "\0\0\x01\xba") return () => unread("MPEG-1 or 2");
  return null;
}

function unread(codec) {
  throw new Error(`video of codec ${codec} isn't read in this tab; ${NEEDS}`);
}

// {width, height, count, times_s, aspect, frame(n)}; frame resolves to a picture's Blob.
export async function readVideo(bytes, container) {
  let found;
  try {
    found = container(bytes);
  } catch (error) {
    throw new Error(error.message.includes("; ") ? error.message : `${error.message}: this tab can't read it; ${NEEDS}`);
  }
  const { samples, aspect } = found;
  if (!samples.length) throw new Error("it holds no frames; copy or export it again");
  const shown = samples.filter((sample) => sample.shown).sort((a, b) => a.time - b.time);
  if (!shown.length) throw new Error("its edit list cuts every frame away; export it again");
  shown.forEach((sample, number) => (sample.number = number));
  const isJpeg = found.codec === "jpeg" || bytes.subarray(samples[0].at, samples[0].at + 3).join() === "255,216,255";
  const frame = isJpeg || found.head ? alone(bytes, shown, found.head) : await decoded(bytes, found);
  const first = await createImageBitmap(await frame(0)),
    { width, height } = first;
  first.close();
  const times = shown.map(({ time }) => time - shown[0].time);
  return { width, height, count: shown.length, times_s: shown.length > 1 ? times : null, aspect, frame };
}

// Frames that are pictures by themselves.
function alone(bytes, shown, head) {
  const type = head ? "image/bmp" : "image/jpeg";
  return async (n) => new Blob([head ?? "", bytes.slice(shown[n].at, shown[n].at + shown[n].length)], { type });
}

async function decoded(bytes, found) {
  if (!("VideoDecoder" in globalThis)) throw new Error(`this browser gives no exact frames of a video here; ${NEEDS}`);
  const config = { codec: found.codec, codedWidth: found.width, codedHeight: found.height };
  if (found.description) config.description = found.description;
  const { supported } = await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
  if (!supported) unread(found.codec);
  const reel = new Reel(bytes, found.samples, config);
  let turn = Promise.resolve();
  return (n) => {
    const mine = turn.then(() => reel.frame(n));
    turn = mine.catch(() => {}); // one after the other, whatever happened to the one before
    return mine;
  };
}

// Coded frames, decoded in their order from the nearest one that stands alone; those around the last one that was requested are kept.
class Reel {
  constructor(bytes, samples, config) {
    Object.assign(this, { bytes, samples, config, kept: new Map(), fed: new Set(), next: 0, aim: 0, room: 0 });
    Object.assign(this, { decoder: null, fault: null, wake: () => {} });
  }

  async frame(number) {
    this.aim = number;
    if (!this.kept.has(number)) await this.decodeTo(number);
    const found = this.kept.get(number);
    if (!found) throw new Error(`frame ${number} can't be decoded; copy or export the video again`);
    return found;
  }

  async decodeTo(number) {
    const target = this.samples.findIndex((sample) => sample.number === number);
    let from = target;
    while (from > 0 && !this.samples[from].key) from--;
    const coming = this.decoder && (this.fed.has(number) || (target >= this.next && from <= this.next));
    if (!coming) this.begin(from);
    while (!this.kept.has(number) && !this.fault) {
      if (this.next >= this.samples.length) {
        await this.decoder.flush().catch(() => {});
        this.drop();
        break;
      }
      this.feed();
      while (this.decoder.decodeQueueSize > QUEUED && !this.fault)
        await new Promise((done) => {
          this.wake = done;
          this.decoder.addEventListener("dequeue", done, { once: true });
        });
    }
    if (this.fault) this.drop();
  }

  begin(from) {
    this.drop();
    this.next = from;
    this.fault = null;
    this.fed.clear();
    const error = (fault) => {
      this.fault = fault;
      this.wake();
    };
    this.decoder = new VideoDecoder({ output: (frame) => this.take(frame), error });
    this.decoder.configure(this.config);
  }

  drop() {
    if (this.decoder && this.decoder.state !== "closed") this.decoder.close();
    this.decoder = null;
  }

  feed() {
    const { at, length, key, number, shown } = this.samples[this.next++];
    if (shown) this.fed.add(number);
    this.decoder.decode(
      new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp: shown ? number : -1, data: this.bytes.subarray(at, at + length) }),
    );
  }

  // A decoded frame; its time stamp is its number. Those far from what is requested are forgotten.
  take(frame) {
    const number = frame.timestamp;
    this.fed.delete(number);
    this.room ||= Math.max(8, Math.floor(KEPT_BYTES / (4 * frame.displayWidth * frame.displayHeight)));
    if (number >= 0 && !this.kept.has(number) && this.aim - number < this.room / 2) {
      this.kept.set(number, bitmapOf(frame));
      while (this.kept.size > this.room) this.kept.delete(this.farthest());
    }
    frame.close();
  }

  farthest() {
    return [...this.kept.keys()].reduce((a, b) => (Math.abs(b - this.aim) > Math.abs(a - this.aim) ? b : a));
  }
}

function bitmapOf(frame) {
  const { width, height } = frame.visibleRect ?? { width: frame.codedWidth, height: frame.codedHeight };
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(frame, 0, 0, width, height);
  return bmp(context.getImageData(0, 0, width, height));
}
