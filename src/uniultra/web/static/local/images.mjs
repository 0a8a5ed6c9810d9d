// Files of images in this tab: DICOM, GIF, what the browser itself reads, and video. The readers of DICOM and video are loaded with the first
// file that takes them.

import { bmp } from "./bmp.mjs";
import { readDeepPng } from "./deep_png.mjs";
import { readGif } from "./gif.mjs";

const PLAIN = { regions: [], fallbacks: [], notes: [], pixel_aspect: 1 };

// {width, height, count, times_s, calibration, kind, blob(n), grey(n)} of a file's bytes: its frames as pictures, and as the model's pixels.
export async function read(bytes) {
  if (String.fromCharCode(...bytes.subarray(128, 132)) === "DICM") {
    const { readDicom } = await import("./dicom.mjs"),
      dicom = readDicom(bytes);
    const blob = async (n) => asBlob(await dicom.frame(n), dicom.table);
    return { ...dicom, kind: "DICOM", blob, ...grey(blob) };
  }
  if (String.fromCharCode(...bytes.subarray(0, 4)) === "GIF8") {
    const cine = await readGif(bytes);
    if (cine) return { ...cine, calibration: PLAIN, kind: "GIF", blob: cine.frame, ...grey(cine.frame) };
  }
  const deep = await readDeepPng(bytes);
  const blob = deep ? bmp(deep) : new Blob([bytes]);
  const picture = await createImageBitmap(blob).catch(() => null);
  if (!picture) return video(bytes);
  const { width, height } = picture;
  picture.close();
  return {
    width,
    height,
    count: 1,
    times_s: null,
    calibration: PLAIN,
    kind: "image",
    blob: async () => blob,
    ...grey(async () => blob),
  };
}

async function video(bytes) {
  const { containerOf, readVideo } = await import("./video.mjs"),
    container = containerOf(bytes);
  if (!container) throw new Error("not an image that this browser reads");
  const { aspect, ...cine } = await readVideo(bytes, container);
  return { ...cine, calibration: { ...PLAIN, pixel_aspect: aspect }, kind: "video", blob: cine.frame, ...grey(cine.frame) };
}

// A frame's picture, with `table` applied to the grey of one that is encoded.
async function asBlob(frame, table) {
  if (!(frame instanceof Blob)) return bmp(frame);
  return table ? bmp(mapped(await pixelsOf(frame), table)) : frame;
}

// As Python has it: what is transparent on black, and values as they are stored, whatever a gamma or a profile of colours in the file says.
async function pixelsOf(blob) {
  const picture = await createImageBitmap(blob, { colorSpaceConversion: "none" }),
    context = new OffscreenCanvas(picture.width, picture.height).getContext("2d", { alpha: false });
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, picture.width, picture.height);
}

function mapped(image, table) {
  image.data.forEach((value, index, data) => {
    if (index % 4 !== 3) data[index] = table[value];
  });
  return image;
}

// The last frame that was asked about, as grey pixels: luma as Python takes it (ITU-R 601).
function grey(blobOf) {
  let last = { number: -1, image: null };
  return {
    grey: async (number) => {
      if (last.number === number) return last.image;
      const picture = await pixelsOf(await blobOf(number)),
        { data } = picture;
      const pixels = new Uint8Array(picture.width * picture.height);
      for (let i = 0; i < pixels.length; i++) {
        pixels[i] = (19595 * data[4 * i] + 38470 * data[4 * i + 1] + 7471 * data[4 * i + 2] + 0x8000) >> 16;
      }
      last = { number, image: { width: picture.width, height: picture.height, pixels } };
      return last.image;
    },
  };
}
