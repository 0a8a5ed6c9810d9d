// The coded frames of an MP4 or MOV (ISO/IEC 14496-12, QuickTime): where each lies, when it is shown, which ones stand alone.

const HEX = (byte) => byte.toString(16).padStart(2, "0");
const PLAIN_MATRIX = [65536, 0, 0, 0, 65536];
const IN_ENTRY = 78; // bytes of a VisualSampleEntry before its boxes
const MOST_SAMPLES = 1e6;

// {width, height, aspect, codec, description, samples: [{at, length, time, key, shown}]}, samples in the order of decoding, times in seconds.
export function readMp4(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const top = boxes(view, 0, bytes.length);
  const movie = one(view, top, "moov");
  if (movie.some(({ type }) => type === "mvex")) throw new Error("it is a fragmented MP4");
  for (const track of movie.filter(({ type }) => type === "trak")) {
    const parts = boxes(view, track.at, track.end),
      media = one(view, parts, "mdia");
    const handler = find(media, "hdlr");
    if (handler && name(view, handler.at + 8) === "vide") return videoOf(view, bytes, movie, parts, media);
  }
  throw new Error("it holds no video");
}

function boxes(view, at, end) {
  const found = [];
  while (at + 8 <= end) {
    let size = view.getUint32(at),
      head = 8;
    if (size === 1) [size, head] = [Number(view.getBigUint64(at + 8)), 16];
    else if (size === 0) size = end - at;
    if (size < head) break;
    found.push({ type: name(view, at + 4), at: at + head, end: Math.min(at + size, end) });
    at += size;
  }
  return found;
}

const name = (view, at) => String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
const find = (list, type) => list.find((box) => box.type === type);

// The boxes within the first one of a type.
function one(view, list, type) {
  const box = find(list, type);
  if (!box) throw new Error(`its box '${type}' is missing; it may be truncated`);
  return boxes(view, box.at, box.end);
}

function videoOf(view, bytes, movie, track, media) {
  const table = one(view, one(view, media, "minf"), "stbl");
  const header = find(track, "tkhd"),
    wide = header && view.getUint8(header.at) === 1;
  const matrix = header ? PLAIN_MATRIX.map((_, i) => view.getInt32(header.at + (wide ? 52 : 40) + 4 * i)) : PLAIN_MATRIX;
  if (matrix.some((value, i) => value !== PLAIN_MATRIX[i])) throw new Error("it is to be shown turned");
  const scale = timescale(view, find(media, "mdhd"));
  const described = find(table, "stsd");
  const entry = described && boxes(view, described.at + 8, described.end)[0];
  if (!entry) throw new Error("its codec isn't named");
  const samples = samplesOf(view, table, scale, bytes.length);
  edit(view, track, samples, scale, timescale(view, find(movie, "mvhd")));
  return {
    width: view.getUint16(entry.at + 24),
    height: view.getUint16(entry.at + 26),
    ...codecOf(view, bytes, entry),
    samples,
  };
}

const timescale = (view, box) => (box ? view.getUint32(box.at + (view.getUint8(box.at) === 1 ? 20 : 12)) || 1 : 1);

function codecOf(view, bytes, entry) {
  const inside = boxes(view, entry.at + IN_ENTRY, entry.end),
    aspect = find(inside, "pasp");
  const more = { aspect: aspect ? view.getUint32(aspect.at) / view.getUint32(aspect.at + 4) || 1 : 1 };
  const [avc, vpc, av1] = ["avcC", "vpcC", "av1C"].map((type) => find(inside, type));
  if (avc) return { ...more, ...avcOf(bytes.subarray(avc.at, avc.end)) };
  if (vpc) {
    const [profile, level, depth] = bytes.subarray(vpc.at + 4, vpc.at + 7);
    const two = (value) => `${value}`.padStart(2, "0");
    return { ...more, codec: entry.type === "vp08" ? "vp8" : `vp09.${two(profile)}.${two(level)}.${two(depth >> 4)}` };
  }
  if (av1) return { ...more, codec: av1Of(bytes.subarray(av1.at, av1.end)) };
  return { ...more, codec: entry.type };
}

// The codec string of H.264 and what its decoder is given, from an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1).
export const avcOf = (record) => ({ codec: `avc1.${[...record.subarray(1, 4)].map(HEX).join("")}`, description: record.slice() });

// The codec string of AV1, from an AV1CodecConfigurationRecord (AV1-ISOBMFF, 2.3.3).
export function av1Of(record) {
  const [profile, level, high] = [record[1] >> 5, record[1] & 31, (record[2] >> 6) & 1];
  return `av01.${profile}.${`${level}`.padStart(2, "0")}${record[2] >> 7 ? "H" : "M"}.${high ? "10" : "08"}`;
}

function samplesOf(view, table, scale, end) {
  const words = (type, skip = 4) => {
    const box = find(table, type);
    return box ? { count: view.getUint32(box.at + skip), at: box.at + skip + 4 } : { count: 0, at: 0 };
  };
  const sizes = words("stsz", 8),
    [same, count] = [sizes.at ? view.getUint32(sizes.at - 8) : 0, sizes.count];
  if (!(count > 0 && count <= MOST_SAMPLES)) throw new Error("it holds no frames");
  const places = placesOf(view, table, words, count),
    keys = words("stss");
  const standing = new Set(Array.from({ length: keys.count }, (_, i) => view.getUint32(keys.at + 4 * i) - 1));
  const starts = runs(view, words("stts"), count),
    delays = runs(view, words("ctts"), count);
  const samples = [];
  let [clock, at, chunk] = [0, 0, -1];
  for (let i = 0; i < count; i++) {
    const length = same || view.getUint32(sizes.at + 4 * i);
    if (places[i].chunk !== chunk) [chunk, at] = [places[i].chunk, places[i].at];
    if (at + length > end) break; // truncated: what is there is shown
    const key = !keys.at || standing.has(i);
    samples.push({ at, length, time: (clock + (delays[i] ?? 0)) / scale, key, shown: true });
    clock += starts[i] ?? 0;
    at += length;
  }
  return samples;
}

// The value of each sample, of a table of [how many, value].
function runs(view, { count, at }, most) {
  const values = [];
  for (let i = 0; i < count && values.length < most; i++) {
    const [many, value] = [view.getUint32(at + 8 * i), view.getInt32(at + 8 * i + 4)];
    for (let j = 0; j < many && values.length < most; j++) values.push(value);
  }
  return values;
}

// Of each sample the chunk that it lies in, and where that begins.
function placesOf(view, table, words, count) {
  const long = find(table, "co64"),
    offsets = words(long ? "co64" : "stco"),
    groups = words("stsc");
  const group = (i) => [0, 1].map((j) => view.getUint32(groups.at + 12 * i + 4 * j));
  const places = [];
  let next = 0;
  for (let chunk = 0; chunk < offsets.count && places.length < count; chunk++) {
    if (next + 1 < groups.count && group(next + 1)[0] === chunk + 1) next++;
    const at = long ? Number(view.getBigUint64(offsets.at + 8 * chunk)) : view.getUint32(offsets.at + 4 * chunk);
    for (let i = 0; i < group(next)[1] && places.length < count; i++) places.push({ chunk, at });
  }
  if (places.length < count) throw new Error("its table of chunks is damaged");
  return places;
}

// What an edit list cuts away isn't shown, but decoded; of one entry, after the empty ones.
function edit(view, track, samples, scale, movieScale) {
  const edits = find(track, "edts") ? find(one(view, track, "edts"), "elst") : null;
  if (!edits) return;
  const wide = view.getUint8(edits.at) === 1,
    width = wide ? 20 : 12;
  const entries = Array.from({ length: view.getUint32(edits.at + 4) }, (_, i) => {
    const at = edits.at + 8 + width * i;
    const [length, start] = wide
      ? [Number(view.getBigUint64(at)), Number(view.getBigInt64(at + 8))]
      : [view.getUint32(at), view.getInt32(at + 4)];
    return { length: length / movieScale, start: start / scale, empty: start < 0 };
  }).filter(({ empty }) => !empty);
  if (entries.length > 1) throw new Error("its edit list has several parts");
  const [kept] = entries;
  if (!kept) return;
  const half = 0.5 / scale + 0.5 / movieScale,
    end = kept.length ? kept.start + kept.length - half : Infinity;
  for (const sample of samples) sample.shown = sample.time >= kept.start - half && sample.time < end;
}
