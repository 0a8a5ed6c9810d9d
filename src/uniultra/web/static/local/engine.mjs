// The model in this tab: onnxruntime-web's WebAssembly build, warmed up before the first click.

import * as ort from "../../ort/ort.wasm.min.mjs";
import { Segmenter } from "../core/segmenter.mjs";

// The graphs are optimised already: to do it again would double the cold start.
const OPTIONS = { executionProviders: ["wasm"], graphOptimizationLevel: "disabled" };
let loading = null,
  known = null;

// Answers with the name and version of the model that gave them.
export async function signed(answers) {
  const { name, version } = await modelFacts(),
    sign = (one) => ({ ...one, model: `${name} ${version}` });
  return Array.isArray(answers) ? answers.map(sign) : sign(answers);
}

export const modelFacts = () => (known ??= fetch("model/model.json").then((answer) => answer.json()));

// Resolves to the Segmenter; begins loading on the first call.
export const engine = () => (loading ??= load());

async function load() {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("../../ort/", import.meta.url).href;
  const facts = await modelFacts();
  const [encoder, decoder] = await Promise.all(
    ["encoder.onnx", "decoder.onnx"].map(async (name) => {
      const bytes = new Uint8Array(await (await fetch(`model/${name}`)).arrayBuffer());
      return ort.InferenceSession.create(bytes, OPTIONS);
    }),
  );
  const segmenter = new Segmenter(ort, encoder, decoder, facts);
  const side = 64,
    blank = { width: side, height: side, pixels: new Uint8Array(side * side) };
  await segmenter.segment(blank, { box: { x0: 8, y0: 8, x1: 50, y1: 50 } });
  return segmenter;
}
