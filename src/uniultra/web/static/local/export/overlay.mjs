// A frame with its structures drawn over it, as PNG.

import { outlines } from "../../core/outline.mjs";

const FILL = 0.3;

// picture: a Blob; masks: Uint8Arrays of 0 and 1 in the order of `structures`; banners: boxes [x0, y0, x1, y1] that are painted black first.
export async function overlay(picture, masks, structures, banners) {
  const bitmap = await createImageBitmap(picture),
    { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height),
    context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  covered(context, banners);
  context.lineWidth = Math.min(width, height) < 600 ? 1 : 2;
  masks.forEach((mask, index) => {
    context.strokeStyle = `rgb(${structures[index].colour.join()})`;
    context.fillStyle = `rgba(${[...structures[index].colour, FILL].join()})`;
    context.beginPath();
    for (const loop of outlines(mask, { width, height })) {
      loop.forEach(([x, y], i) => (i ? context.lineTo(x + 0.5, y + 0.5) : context.moveTo(x + 0.5, y + 0.5)));
      context.closePath();
    }
    context.fill("evenodd");
    context.stroke();
  });
  return new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
}

// Every pixel that a box touches becomes black; boxes count from the centre of the first pixel, a canvas from its corner.
export function covered(context, banners) {
  context.fillStyle = "#000";
  for (const [x0, y0, x1, y1] of banners) {
    const [left, top] = [x0, y0].map((edge) => Math.floor(edge + 0.5));
    context.fillRect(left, top, Math.ceil(x1 + 0.5) - left, Math.ceil(y1 + 0.5) - top);
  }
}
