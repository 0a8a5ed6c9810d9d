// Opens what `uniultra export --for huggingface` wrote with transformers.js, as SAM 2, and prints the masks as JSON.
//
//   npm install --ignore-scripts @huggingface/transformers@4.3.2     (in a folder of its own, beside a copy of this file)
//   node transformers_js.mjs FOLDER IMAGE > masks.json
import path from 'node:path';
import { env, RawImage, Sam2ImageProcessor, Sam2Model, Sam2Processor, AutoProcessor } from '@huggingface/transformers';

const [folder, file] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = path.dirname(path.resolve(folder));
const name = path.basename(folder);
const model = await Sam2Model.from_pretrained(name, { dtype: 'fp32' });
const processor = await AutoProcessor.from_pretrained(name);
const image = await RawImage.read(file);
const asks = {
  box: { input_boxes: [[[116, 40, 398, 318]]] },
  click: { input_points: [[[[257, 179]]]], input_labels: [[[1]]] },
  both: { input_boxes: [[[116, 40, 398, 318]]], input_points: [[[[130, 60]]]], input_labels: [[[0]]] },
  named: { input_points: [[[[116, 40], [398, 318], ...Array(4).fill([0, 0])]]], input_labels: [[[6, 7, 12, 13, 14, 15]]] },
  two: { input_points: [[[[257, 179]], [[60, 380]]]], input_labels: [[[1], [1]]] },
};
const found = {};
for (const [kind, prompt] of Object.entries(asks)) {
  const inputs = await processor(image, prompt);
  const outputs = await model(inputs);
  const masks = await processor.post_process_masks(outputs.pred_masks, inputs.original_sizes, inputs.reshaped_input_sizes);
  found[kind] = { dims: masks[0].dims, scores: Array.from(outputs.iou_scores.data), mask: Array.from(masks[0].data, Number) };
}
console.log(JSON.stringify(found));
