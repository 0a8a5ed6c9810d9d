// A stack viewport with one picture, a labelmap on it, and the controller of @cornerstonejs/ai: what OHIF's tools use.
// Bundled by ohif.py, which calls `setup` and `ask`.
import * as cs from '@cornerstonejs/core';
import * as tools from '@cornerstonejs/tools';
import ort from 'onnxruntime-web/webgpu';
import { ONNXSegmentationController } from '@cornerstonejs/ai';

const IMAGE = 'test:frame';
const { Labelmap } = tools.Enums.SegmentationRepresentations;
const lines = [];
let ai;
let labelmap;
let prompts = [];

window.setup = async (base64, width, height) => {
  await cs.init();
  tools.init();
  const scalarData = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const image = cs.imageLoader.createAndCacheLocalImage(IMAGE, {
    scalarData,
    dimensions: [width, height],
    spacing: [1, 1],
    origin: [0, 0, 0],
    direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    frameOfReferenceUID: '1.2.3',
  });
  Object.assign(image, { windowCenter: 127.5, windowWidth: 255 });
  const said = { generalSeriesModule: { modality: 'US' }, voiLutModule: { windowCenter: [127.5], windowWidth: [255] } };
  cs.metaData.addProvider((kind) => said[kind], 10);
  cs.imageLoader.registerImageLoader('test', (id) => ({ promise: Promise.resolve(cs.cache.getImage(id)) }));
  const engine = new cs.RenderingEngine('engine');
  engine.enableElement({ viewportId: 'view', type: cs.Enums.ViewportType.STACK, element: document.getElementById('view') });
  const viewport = engine.getViewport('view');
  await viewport.setStack([IMAGE]);
  viewport.render();
  [labelmap] = cs.imageLoader.createAndCacheDerivedLabelmapImages([IMAGE]);
  const data = { imageIds: [labelmap.imageId] };
  tools.segmentation.addSegmentations([{ segmentationId: 'found', representation: { type: Labelmap, data } }]);
  await tools.segmentation.addSegmentationRepresentations('view', [{ segmentationId: 'found', type: Labelmap }]);
  tools.segmentation.activeSegmentation.setActiveSegmentation('view', 'found');
  tools.segmentation.segmentIndex.setActiveSegmentIndex('found', 1);
  const modelName = new URLSearchParams(location.search).get('model');
  const models = await (await fetch(`/${modelName}/models.json`)).json();
  ai = new ONNXSegmentationController({
    models,
    modelName,
    listeners: [(...parts) => lines.push(parts.join(' '))],
    getPromptAnnotations: () => prompts,
  });
  if (new URLSearchParams(location.search).has('absolute')) ort.env.wasm.wasmPaths = `${location.origin}/ort/`;
  await ai.initModel();
  ai.enabled = true;
  ai.initViewport(viewport);
  return lines;
};

async function until(test) {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 20));
}

// A prompt by pixels, 0 at the centre of the first; the labelmap, and the milliseconds of the decoder's graph alone.
window.ask = async (toolName, pixels) => {
  await until(() => ai.currentImage?.imageEmbeddings && !ai.isGpuInUse);
  const points = pixels.map(([x, y]) => cs.utilities.imageToWorldCoords(IMAGE, [x + 0.5, y + 0.5]));
  prompts = [{ metadata: { toolName }, data: { handles: { points } } }];
  const { decoder } = ai.currentImage;
  let ms = 0;
  ai.currentImage.decoder = { run: async (feed) => {
    const began = performance.now();
    const answer = await decoder.run(feed);
    ms = performance.now() - began;
    return answer;
  } };
  ai.annotationsNeedUpdating = true;
  ai.updateAnnotations();
  await until(() => ms && !ai.isGpuInUse);
  ai.currentImage.decoder = decoder;
  return { ms, mask: Array.from(labelmap.voxelManager.getScalarData()), lines: lines.slice(-3) };
};
