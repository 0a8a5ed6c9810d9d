// Grey PNG of 16 bits, of which a browser shows the high byte alone: scaled here as Python does, the smallest value in the file to 0 and the
// largest to 255.

const GREY_OF_16_BITS = [16, 0];

// {width, height, data}, RGBA, of a file's bytes; null for any other file, and for an interlaced one.
export async function readDeepPng(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || view.getUint32(0) !== 0x89504e47 || bytes[24] !== GREY_OF_16_BITS[0] || bytes[25] !== GREY_OF_16_BITS[1]) return null;
  if (bytes[28]) throw new Error("not an image that this browser reads");
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const rows = await inflated(bytes, view, height * (2 * width + 1));
  return spread(unfiltered(rows, 2 * width, height), width, height);
}

async function inflated(bytes, view, length) {
  const parts = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === 0x49444154) parts.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const rows = new Uint8Array(await new Response(stream).arrayBuffer().catch(() => new ArrayBuffer(0)));
  if (rows.length !== length) throw new Error("not an image that this browser reads");
  return rows;
}

// The rows without their filters (PNG, third edition, section 9); a pixel has two bytes.
function unfiltered(rows, stride, height) {
  const values = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x > 1 ? values[at - 2] : 0,
        up = y ? values[at - stride] : 0,
        corner = x > 1 && y ? values[at - stride - 2] : 0;
      values[at] = rows[at + y + 1] + [0, left, up, (left + up) >> 1, nearest(left, up, corner)][filter];
    }
  }
  return values;
}

function nearest(left, up, corner) {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function spread(values, width, height) {
  const view = new DataView(values.buffer),
    greys = Uint16Array.from({ length: width * height }, (_, index) => view.getUint16(2 * index));
  let [low, high] = [65535, 0];
  for (const grey of greys) [low, high] = [Math.min(low, grey), Math.max(high, grey)];
  const data = new Uint8ClampedArray(4 * greys.length);
  greys.forEach((grey, index) => {
    const shown = high > low ? Math.round((255 * (grey - low)) / (high - low)) : 0;
    data.fill(shown, 4 * index, 4 * index + 3).fill(255, 4 * index + 3, 4 * index + 4);
  });
  return { width, height, data };
}
