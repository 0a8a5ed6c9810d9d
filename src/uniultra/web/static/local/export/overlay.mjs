// A frame with its structures drawn over it, and what is said of them: the overlay, the Secondary Capture and the movie are this picture.

import { outlines } from "../../core/outline.mjs";
import { described } from "./captions.mjs";

const FILL = 0.3,
  LEAST_SIDE = 480, // a smaller frame is enlarged by a whole number, so that text can be read on it
  MOST_ENLARGED = 32;

// A canvas. picture: a Blob; one: {masks, ids, found, lost, calipers}, masks being Uint8Arrays of 0 and 1 in the order of `structures`; banners: boxes
// [x0, y0, x1, y1] that are painted black first.
export async function drawn(picture, one, structures, banners) {
  const bitmap = await createImageBitmap(picture),
    { width, height } = bitmap;
  const zoom = Math.min(Math.max(Math.ceil(LEAST_SIDE / Math.max(width, height)), 1), MOST_ENLARGED);
  const canvas = new OffscreenCanvas(width * zoom, height * zoom),
    context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  covered(context, banners, zoom);
  context.lineWidth = Math.min(canvas.width, canvas.height) < 600 ? 1 : 2;
  one.masks.forEach((mask, index) => {
    context.strokeStyle = `rgb(${structures[index].colour.join()})`;
    context.fillStyle = `rgba(${[...structures[index].colour, FILL].join()})`;
    context.beginPath();
    for (const loop of outlines(mask, { width, height })) {
      loop.forEach(([x, y], i) => context[i ? "lineTo" : "moveTo"]((x + 0.5) * zoom, (y + 0.5) * zoom));
      context.closePath();
    }
    context.fill("evenodd");
    context.stroke();
  });
  described(context, zoom, one, { width, height });
  return canvas;
}

export const asPng = async (canvas) => new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());

// Every pixel that a box touches becomes black; boxes count from the centre of the first pixel, a canvas from its corner.
export function covered(context, banners, zoom = 1) {
  context.fillStyle = "#000";
  for (const [x0, y0, x1, y1] of banners) {
    const [left, top] = [x0, y0].map((edge) => Math.floor(edge + 0.5));
    const [width, height] = [Math.ceil(x1 + 0.5) - left, Math.ceil(y1 + 0.5) - top];
    context.fillRect(left * zoom, top * zoom, width * zoom, height * zoom);
  }
}
