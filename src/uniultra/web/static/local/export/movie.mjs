// The overlay movie, by the browser's encoder (WebCodecs): H.264 in MP4, or where it has none VP9 or VP8 in WebM.

import { saying } from "../said.mjs";

const KINDS = [
  ...["avc1.640028", "avc1.640033", "avc1.4d0028", "avc1.42e01f"].map((codec) => ({ codec, ending: "mp4", avc: { format: "avc" } })),
  ...["vp09.00.41.08", "vp8"].map((codec) => ({ codec, ending: "webm" })),
];
const RATE = 25, // of a cine that doesn't say
  RATES = [0.1, 1000],
  BITS = 0.25, // a pixel of each picture, of speckle
  LEAST_BITS = 1e6,
  QUEUED = 4,
  KEY = 50; // pictures from one that stands alone to the next

// Why no movie of a size can be made here; "" where one can.
export async function whyNoMovie(size) {
  if (!globalThis.VideoEncoder) return saying("no-encoder", "this browser has no video encoder here; it takes HTTPS or localhost, and WebCodecs");
  if (await configFor(size, RATE)) return "";
  const shown = `${size.width} x ${size.height}`;
  return saying("no-codec", `this browser encodes neither H.264 nor VP9 nor VP8 of ${shown} pixels`, { size: shown });
}

const even = (side) => side + (side % 2);

// {config, ending} of the first kind that the browser encodes; null where it encodes none.
async function configFor({ width, height }, rate) {
  for (const { ending, ...kind } of KINDS) {
    const bitrate = Math.max(LEAST_BITS, Math.round(BITS * width * height * rate));
    const config = { ...kind, width: even(width), height: even(height), framerate: rate, bitrate, latencyMode: "quality" };
    const { supported } = await VideoEncoder.isConfigSupported(config).catch(() => ({}));
    if (supported) return { config, ending };
  }
  return null;
}

// Mean pictures a second of frames in ascending order.
export function rateOf(numbers, times_s) {
  const seconds = times_s ? times_s[numbers.at(-1)] - times_s[numbers[0]] : 0;
  return seconds > 0 ? Math.min(Math.max((numbers.length - 1) / seconds, RATES[0]), RATES[1]) : RATE;
}

// Pictures as they come, canvases of one size. What the encoder can't do is told by `file`: a movie is a by-product.
export class Movie {
  constructor(rate) {
    Object.assign(this, { rate, chunks: [], count: 0, described: null, fault: "", encoder: null });
  }

  async add(canvas) {
    if (!this.fault && !this.encoder) await this.begin(canvas);
    if (this.fault) return;
    const { width, height } = this.config;
    const whole = new OffscreenCanvas(width, height),
      context = whole.getContext("2d", { alpha: false });
    context.drawImage(canvas, 0, 0); // an odd side has a black line behind it
    const at = (1e6 * this.count) / this.rate,
      frame = new VideoFrame(whole, { timestamp: Math.round(at), duration: Math.round(1e6 / this.rate) });
    this.encoder.encode(frame, { keyFrame: this.count++ % KEY === 0 });
    frame.close();
    while (this.encoder.encodeQueueSize > QUEUED && !this.fault) await new Promise((done) => setTimeout(done, 1));
  }

  async begin(canvas) {
    this.fault = await whyNoMovie(canvas);
    if (this.fault) return;
    const { config, ending } = await configFor(canvas, this.rate);
    Object.assign(this, { config, ending });
    const output = (chunk, about) => {
      const bytes = new Uint8Array(chunk.byteLength);
      chunk.copyTo(bytes);
      this.described ??= about?.decoderConfig;
      this.chunks.push({ bytes, key: chunk.type === "key", at: chunk.timestamp });
    };
    this.encoder = new VideoEncoder({ output, error: (error) => (this.fault = error.message) });
    this.encoder.configure(config);
  }

  // {ending, bytes}, or {fault} that says why there is none.
  async file() {
    await this.encoder?.flush().catch((error) => (this.fault ||= error.message));
    if (!this.fault && this.chunks.length !== this.count) this.fault = `${this.chunks.length} of ${this.count} pictures were encoded`;
    if (this.encoder && this.encoder.state !== "closed") this.encoder.close();
    if (this.fault || !this.count) return { fault: this.fault };
    const { config: { codec, width, height }, described, rate, chunks, ending } = this;
    const of = { codec, width, height, rate, chunks, description: described?.description, colour: described?.colorSpace };
    const { written } = await import(`./${ending}_writer.mjs`);
    return { ending, bytes: written(of) };
  }
}
