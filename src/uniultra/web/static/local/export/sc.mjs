// DICOM Secondary Capture of an overlay, for stations that show no SEG: the attributes of uniultra/io/dicom/sc.py. A still is uncompressed; a cine
// is JPEG, a frame at a time.

import { PROCESSED, SEGMENTED, code, derivedHead, lossy, noticeFor, ratioText, referenceTo, sourceOf } from "./derived.mjs";
import { dicomFile } from "./dicom_writer.mjs";
import { jpeg } from "./jpeg.mjs";

const [STILL, CINE, JPEG] = ["1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.7.4", "1.2.840.10008.1.2.4.50"];

// A still's picture, a canvas, as a file. `of`: {raw, count, size, labels, makers, maker}; number: which frame of the source it is.
export async function capture(canvas, number, of) {
  const picture = marked(canvas, noticeFor(of.makers));
  const { instance, dataset } = await base(STILL, [number], of, picture);
  const rgb = new Uint8Array(3 * picture.width * picture.height);
  for (let i = 0, at = 0; at < rgb.length; i += 4) for (let c = 0; c < 3; c++) rgb[at++] = picture.data[i + c];
  return dicomFile([...dataset, ...lossy(of.raw, of.size, of.count), [0x00280004, "CS", "RGB"], [0x7fe00010, "OB", rgb]], STILL, instance, of.maker.version);
}

// The pictures of a cine, as they come.
export class Captures {
  constructor() {
    Object.assign(this, { numbers: [], frames: [], picture: null });
  }

  // makers: the models of each structure that the frame shows.
  add(canvas, number, makers) {
    const picture = marked(canvas, noticeFor(makers));
    this.picture = { width: picture.width, height: picture.height };
    this.numbers.push(number);
    this.frames.push(jpeg(picture));
  }

  // All of them as a file.
  async file(of) {
    const { numbers, frames, picture } = this;
    const { instance, dataset } = await base(CINE, numbers, of, picture);
    const all = [
      ...dataset,
      ...compressed(of, 3 * picture.width * picture.height * frames.length, frames.reduce((sum, { length }) => sum + length, 0)),
      [0x00182002, "SH", numbers.map((number) => `frame ${number}`)],
      [0x00280004, "CS", "YBR_FULL_422"],
      [0x00280008, "IS", `${frames.length}`],
      [0x00280009, "AT", 0x00182002],
      [0x7fe00010, "OB", frames],
    ];
    return dicomFile(all, CINE, instance, of.maker.version, JPEG);
  }
}

// How lossy the source was, and then this.
function compressed({ raw, size, count }, plain, coded) {
  const before = new Map(lossy(raw, size, count).map(([tag, , value]) => [tag, value]));
  const [ratios, methods] = [0x00282112, 0x00282114].map((tag) => before.get(tag) ?? []);
  const known = ratios.length === methods.length; // the values of both belong together
  return [
    [0x00282110, "CS", "01"],
    [0x00282112, "DS", [...(known ? ratios : []), ratioText(Math.round((100 * plain) / coded) / 100)]],
    [0x00282114, "CS", [...(known ? methods : []), "ISO_10918_1"]],
  ];
}

// The picture with a line above it that says what it is, so that no pixel of the frame is covered: an ImageData.
function marked(canvas, notice) {
  const { width, height } = canvas,
    letters = Math.max(Math.min(Math.floor(width / 26), 24), 8),
    band = 2 * letters;
  const whole = new OffscreenCanvas(width, height + band + ((height + band) % 2)),
    context = whole.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#000";
  context.fillRect(0, 0, whole.width, whole.height);
  context.drawImage(canvas, 0, band);
  context.font = `${letters}px sans-serif`;
  context.textBaseline = "middle";
  context.fillStyle = "rgb(255, 210, 80)";
  context.fillText(notice, letters / 2, letters, width - letters);
  return context.getImageData(0, 0, whole.width, whole.height);
}

// All but the pixels.
async function base(kind, numbers, { raw, count, labels, makers, maker }, { width, height }) {
  const source = sourceOf(raw),
    notice = noticeFor(makers),
    { instance, attributes } = await derivedHead(source, kind, "US", 902, labels, notice);
  const drawn = labels.length ? `Outlines of ${labels.length} structure${labels.length === 1 ? "" : "s"}` : "Calipers";
  const said = new Map(attributes.map(([tag, , value]) => [tag, value]));
  const dataset = [
    ...attributes,
    [0x00080008, "CS", ["DERIVED", "SECONDARY", "OVERLAY"]],
    [0x00080064, "CS", "WSD"],
    [0x00082111, "ST", `${drawn} drawn on the image. ${notice}`],
    [0x00082112, "SQ", [[...referenceTo(source, numbers, count), [0x0040a170, "SQ", [code(PROCESSED)]]]]],
    [0x00089215, "SQ", [code(SEGMENTED)]],
    [0x00181012, "DA", said.get(0x00080023)],
    [0x00181014, "TM", said.get(0x00080033)],
    [0x00181016, "LO", "UniUltra"],
    [0x00181018, "LO", maker.model],
    [0x00181019, "LO", [maker.version, maker.modelVersion]],
    [0x00200020, "CS", ""],
    [0x00200060, "CS", ""],
    [0x00204000, "LT", notice],
    [0x00280301, "CS", "YES"],
    [0x00280302, "CS", "NO"],
  ];
  const numbersOf = [[0x00280002, 3], [0x00280006, 0], [0x00280010, height], [0x00280011, width], [0x00280100, 8], [0x00280101, 8], [0x00280102, 7], [0x00280103, 0]];
  return { instance, dataset: [...dataset, ...numbersOf.map(([tag, value]) => [tag, "US", value])] };
}
