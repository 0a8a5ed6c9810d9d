// Animated GIF in the browser, by its own decoder, which gives exact frames.

const NO_DELAY_S = 0.1; // of a frame that says none, as browsers play it

// {width, height, count, times_s, frame(n)}; null for a still, and where the browser has no such decoder. frame resolves to a PNG's Blob.
export async function readGif(bytes) {
  if (!("ImageDecoder" in globalThis)) return null;
  const decoder = new ImageDecoder({ data: bytes, type: "image/gif" });
  await decoder.tracks.ready;
  await decoder.completed;
  const count = decoder.tracks.selectedTrack?.frameCount ?? 0;
  if (count < 2) return null;
  const times = [0];
  let size = null;
  for (let n = 0; n < count; n++) {
    const { image } = await decoder.decode({ frameIndex: n });
    size ??= { width: image.displayWidth, height: image.displayHeight };
    times.push(times.at(-1) + (image.duration ? image.duration / 1e6 : NO_DELAY_S));
    image.close();
  }
  const frame = async (n) => {
    const { image } = await decoder.decode({ frameIndex: n });
    const canvas = new OffscreenCanvas(size.width, size.height),
      context = canvas.getContext("2d");
    context.fillRect(0, 0, size.width, size.height); // what is transparent is black, as the model sees it
    context.drawImage(image, 0, 0);
    image.close();
    return canvas.convertToBlob();
  };
  return { ...size, count, times_s: times.slice(0, -1), frame };
}
