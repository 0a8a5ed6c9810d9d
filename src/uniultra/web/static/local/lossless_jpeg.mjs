// Lossless JPEG by Huffman codes (ISO/IEC 10918-1, annex H), which no browser reads.

const [SOF3, DHT, SOS, DRI, EOI] = [0xc3, 0xc4, 0xda, 0xdd, 0xd9];
const DAMAGED = "its lossless JPEG is damaged or truncated; copy or export it again";
const MOST_PIXELS = 64e6;

// {width, height, samples, bits, values}: Uint16Array, samples of a pixel beside each other.
export function losslessJpeg(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength),
    tables = [];
  let [at, frame, restart] = [2, null, 0];
  while (at + 4 <= data.length) {
    if (data[at] !== 0xff) throw new Error(DAMAGED);
    const marker = data[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = view.getUint16(at + 2),
      body = at + 4;
    if (marker === SOF3) frame = frameOf(view, body);
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== 0xcc) throw new Error("its JPEG isn't lossless by Huffman codes; use `uniultra open`");
    else if (marker === DHT) readTables(data, body, at + 2 + length, tables);
    else if (marker === DRI) restart = view.getUint16(body);
    else if (marker === SOS) return decode(data, at + 2 + length, frame, scanOf(data, body, tables, frame), restart);
    else if (marker === EOI) break;
    at += 2 + length;
  }
  throw new Error(DAMAGED);
}

function frameOf(view, at) {
  const [bits, height, width, samples] = [view.getUint8(at), view.getUint16(at + 1), view.getUint16(at + 3), view.getUint8(at + 5)];
  const plain = Array.from({ length: samples }, (_, i) => view.getUint8(at + 7 + 3 * i) === 0x11).every(Boolean);
  if (!(width * height > 0 && width * height <= MOST_PIXELS && bits >= 2 && bits <= 16 && [1, 3].includes(samples) && plain)) throw new Error(DAMAGED);
  return { bits, width, height, samples };
}

// Codes of up to 16 bits: of each 16 bits that may come next, the length of the code and its category, as length << 8 | category.
function readTables(data, at, end, tables) {
  while (at + 17 <= end) {
    const number = data[at] & 15,
      counts = data.subarray(at + 1, at + 17),
      next = new Uint16Array(65536);
    let [code, symbol] = [0, at + 17];
    counts.forEach((count, index) => {
      const rest = 15 - index; // bits behind the code
      for (let i = 0; i < count; i++, code++) next.fill(((index + 1) << 8) | data[symbol++], code << rest, (code + 1) << rest);
      code <<= 1;
    });
    tables[number] = next;
    at = symbol;
  }
}

function scanOf(data, at, tables, frame) {
  const count = data[at];
  const used = Array.from({ length: count }, (_, i) => tables[data[at + 2 + 2 * i] >> 4]);
  const rest = at + 1 + 2 * count;
  if (!frame || count !== frame.samples || !used.every(Boolean)) throw new Error(DAMAGED);
  return { used, predictor: data[rest], shift: data[rest + 2] & 15 };
}

function decode(data, at, { bits, width, height, samples }, { used, predictor, shift }, restart) {
  if (predictor < 1 || predictor > 7) throw new Error(DAMAGED);
  const values = new Uint16Array(width * height * samples),
    row = width * samples,
    first = 1 << (bits - shift - 1),
    stream = new Bits(data, at);
  const lines = restart ? restart / width : Infinity; // H.1.1: a restart comes at the beginning of a line
  for (let y = 0; y < height; y++) {
    const fresh = y % lines === 0;
    if (fresh && y) stream.restart();
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < samples; c++) {
        const i = y * row + x * samples + c,
          left = values[i - samples];
        let expected;
        if (fresh) expected = x ? left : first;
        else if (!x) expected = values[i - row];
        else expected = predicted(predictor, left, values[i - row], values[i - row - samples]);
        values[i] = expected + stream.difference(used[c]);
      }
    }
  }
  if (stream.at > data.length + 4) throw new Error(DAMAGED);
  return { width, height, samples, bits, values: shift ? values.map((value) => value << shift) : values };
}

// Table H.1: a beside, b above, c above and beside.
function predicted(kind, a, b, c) {
  if (kind === 1) return a;
  if (kind === 2) return b;
  if (kind === 3) return c;
  if (kind === 4) return a + b - c;
  if (kind === 5) return a + ((b - c) >> 1);
  if (kind === 6) return b + ((a - c) >> 1);
  return (a + b) >> 1;
}

class Bits {
  constructor(data, at) {
    Object.assign(this, { data, at, held: 0, count: 0 });
  }

  // Holds at least `needed` bits, up to 16; beyond the end come zeros.
  fill(needed) {
    while (this.count < needed) {
      const byte = this.data[this.at] ?? 0;
      if (byte === 0xff && this.data[this.at + 1] !== 0) {
        this.held <<= 8; // a marker: nothing more comes before it
        this.past = (this.past ?? 0) + 1;
        if (this.past > 64) throw new Error(DAMAGED);
      } else {
        this.held = (this.held << 8) | byte;
        this.at += byte === 0xff ? 2 : 1;
        if (this.at > this.data.length + 64) throw new Error(DAMAGED);
      }
      this.count += 8;
    }
  }

  take(count) {
    this.fill(count);
    this.count -= count;
    const found = (this.held >>> this.count) & ((1 << count) - 1);
    this.held &= (1 << this.count) - 1;
    return found;
  }

  difference(table) {
    this.fill(16);
    const entry = table[(this.held >>> (this.count - 16)) & 0xffff],
      category = entry & 255;
    if (!entry) throw new Error(DAMAGED);
    this.take(entry >> 8);
    if (!category) return 0;
    if (category === 16) return 32768;
    const value = this.take(category);
    return value < 1 << (category - 1) ? value - (1 << category) + 1 : value;
  }

  // Past the next restart marker.
  restart() {
    Object.assign(this, { held: 0, count: 0, past: 0 });
    while (this.at < this.data.length && !(this.data[this.at] === 0xff && (this.data[this.at + 1] & 0xf8) === 0xd0)) this.at++;
    this.at += 2;
  }
}
