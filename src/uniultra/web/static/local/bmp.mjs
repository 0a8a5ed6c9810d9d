// Pixels as a BMP file: no time goes into packing what is unpacked at once.

const HEAD = 54; // bytes before the pixels

// Of an ImageData, whose alpha is left out.
export function bmp({ width, height, data }) {
  const colours = new Uint32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  const head = new DataView(new ArrayBuffer(HEAD));
  head.setUint16(0, 0x424d);
  const fields = [[2, HEAD + 4 * colours.length], [10, HEAD], [14, 40], [18, width], [22, -height], [26, 1 | (32 << 16)]];
  for (const [at, value] of fields) head.setInt32(at, value, true);
  for (let at = 0; at < colours.length; at++) {
    const rgba = colours[at];
    colours[at] = (rgba & 0xff00ff00) | ((rgba >>> 16) & 255) | ((rgba & 255) << 16);
  }
  return new Blob([head.buffer, colours], { type: "image/bmp" });
}
