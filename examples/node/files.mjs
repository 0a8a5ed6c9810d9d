// Files in and out, for Node: a model folder, grey images (PNG, PGM), masks (PNG).

import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-web";
import { PNG } from "pngjs";
import { Segmenter } from "../../src/uniultra/web/static/core/segmenter.mjs";

const FORMAT = "1";
const MOST_PIXELS = 100e6;
const PNG_SIGNATURE = 0x89504e47;

// A folder that `uniultra export` wrote: model.json, encoder.onnx, decoder.onnx.
export async function openModel(folder) {
  const facts = JSON.parse(read(join(folder, "model.json"), "a model folder holds it; export the model again"));
  if (facts.format !== FORMAT) throw new Error(`'${folder}' has format ${facts.format}; this client reads ${FORMAT}. Export the model again`);
  if (!facts.passes) throw new Error(`'${folder}' doesn't say in model.json how prompts become masks (passes); export the model again`);
  ort.env.wasm.numThreads = 1;
  const [encoder, decoder] = ["encoder.onnx", "decoder.onnx"].map((file) => verified(folder, file, facts.sha256[file]));
  const [first, second] = [await ort.InferenceSession.create(encoder), await ort.InferenceSession.create(decoder)];
  return { segmenter: new Segmenter(ort, first, second, facts), facts };
}

// {width, height, pixels} of an 8-bit grey PNG (one whose channels are equal will do) or binary PGM.
export function readImage(path) {
  const bytes = read(path, "give a grey PNG or PGM");
  return bytes.subarray(0, 2).toString("latin1") === "P5" ? readPgm(bytes, path) : readPng(bytes, path);
}

// Writes 0 and 255, whole or not at all.
export function writeMask(path, mask, { width, height }) {
  const png = new PNG({ width, height });
  mask.forEach((inside, index) => png.data.fill(inside ? 255 : 0, 4 * index, 4 * index + 3).fill(255, 4 * index + 3, 4 * index + 4));
  const part = `${path}.part`;
  try {
    writeFileSync(part, PNG.sync.write(png, { colorType: 0 }));
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw new Error(`'${path}' can't be written (${error.code}); choose a folder that you may write to`);
  }
}

function read(path, fix) {
  if (!existsSync(path)) throw new Error(`'${path}' is missing; ${fix}`);
  return readFileSync(path);
}

function verified(folder, file, sha256) {
  const bytes = read(join(folder, file), "a model folder holds it; export the model again");
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== sha256) throw new Error(`'${join(folder, file)}' isn't the file that model.json names; export the model again`);
  return bytes;
}

function readPng(bytes, path) {
  let png;
  try {
    if (bytes.length > 24 && bytes.readUInt32BE(0) === PNG_SIGNATURE && bytes.readUInt32BE(16) * bytes.readUInt32BE(20) > MOST_PIXELS) throw new Error("over 100 megapixels");
    png = PNG.sync.read(bytes);
  } catch (error) {
    throw new Error(`'${path}' is not a PNG or PGM that can be read (${error.message}); give a grey PNG or PGM`);
  }
  if (png.depth > 8) throw new Error(`'${path}' has ${png.depth} bits a pixel; give 8`);
  const pixels = new Uint8Array(png.width * png.height);
  for (let index = 0; index < pixels.length; index++) {
    const [red, green, blue, alpha] = png.data.subarray(4 * index, 4 * index + 4);
    if (alpha !== 255) throw new Error(`'${path}' has transparent pixels; give a grey PNG or PGM without`);
    if (red !== green || green !== blue) throw new Error(`'${path}' is in colour; give a grey PNG or PGM`);
    pixels[index] = red;
  }
  return { width: png.width, height: png.height, pixels };
}

function readPgm(bytes, path) {
  const head = /^P5(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s/.exec(bytes.subarray(0, 1000).toString("latin1"));
  const [width, height, most] = head ? head.slice(1).map(Number) : [0, 0, 0];
  const pixels = head ? bytes.subarray(head[0].length, head[0].length + width * height) : [];
  const whole = most === 255 && width * height > 0 && pixels.length === width * height;
  if (!whole) throw new Error(`'${path}' is no whole 8-bit binary PGM; give a grey PNG or PGM`);
  return { width, height, pixels: Uint8Array.from(pixels) };
}
