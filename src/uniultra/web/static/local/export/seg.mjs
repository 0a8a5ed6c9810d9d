// DICOM SEG (PS3.3 A.51), binary, of a still or of frames of a cine: the attributes of uniultra/io/dicom/seg.py, without the patient's identity.

import { PROCESSED, SEGMENTED, code, derivedHead, lossy, noticeFor, referenceTo, sourceOf } from "./derived.mjs";
import { dicomFile, randomUid } from "./dicom_writer.mjs";

const STORAGE = "1.2.840.10008.5.1.4.1.1.66.4";
const INTELLIGENCE = ["DCM", "123110", "Artificial Intelligence"];
const [IN_IDENTIFICATION, IN_CONTENT, SEGMENT, TIME] = [0x0062000a, 0x00209111, 0x0062000b, 0x00209128];

// A segmentation as a file. `raw`: what `readDicom` read; `count`: frames of the image; segments: [{label, codes, colour, models, plane(number)}],
// `colour` [r, g, b] of 0 to 255, `models` [[name, version], ...], none of one that a person drew, a mask for each of the frames `numbers`;
// maker: {model, modelVersion, version}.
export async function segmentation({ raw, count, size, numbers, segments, maker }) {
  const source = sourceOf(raw),
    organisation = randomUid(),
    several = count > 1,
    reference = referenceTo(source),
    notice = noticeFor(segments.map(({ models }) => models));
  const { instance, attributes } = await derivedHead(source, STORAGE, "SEG", 900, segments.map(({ label }) => label), notice);
  const dimension = (pointer, within, name) => [
    [0x00209164, "UI", organisation],
    [0x00209165, "AT", pointer],
    [0x00209167, "AT", within],
    [0x00209421, "LO", name],
  ];
  const dimensions = [dimension(SEGMENT, IN_IDENTIFICATION, "Segment Number"), dimension(TIME, IN_CONTENT, "Temporal Position Index")];
  const dataset = [
    ...attributes,
    ...HEAD,
    [0x00081090, "LO", maker.model],
    [0x00081200, "SQ", [[[0x00081115, "SQ", [[[0x0008114a, "SQ", [reference]], [0x0020000e, "UI", source.series]]]], [0x0020000d, "UI", source.study]]]],
    [0x00082112, "SQ", [reference]],
    [0x00181020, "LO", maker.version],
    [0x00700081, "LO", notice],
    [0x00209221, "SQ", [[[0x00209164, "UI", organisation]]]],
    [0x00209222, "SQ", several ? dimensions : dimensions.slice(0, 1)],
    ...pixelAttributes(size, segments.length * numbers.length),
    ...lossy(raw, size, count),
    [0x00620001, "CS", "BINARY"],
    [0x00620002, "SQ", segments.map((segment, index) => description(segment, index + 1))],
    [0x00620013, "CS", overlap(segments, numbers)],
    [0x52009229, "SQ", [[]]],
    [0x52009230, "SQ", segments.flatMap((_, index) => numbers.map((number, place) => group([index + 1, place + 1], referenceTo(source, [number], count), several)))],
    [0x7fe00010, "OB", packed(segments, numbers, size)],
  ];
  return dicomFile(dataset, STORAGE, instance, maker.version);
}

const HEAD = [
  [0x00080008, "CS", ["DERIVED", "PRIMARY"]],
  [0x00181000, "LO", "none"],
  [0x00200020, "CS", ""],
  [0x00700080, "CS", "UNIULTRA"],
  [0x00700084, "PN", ""],
  [0x20500020, "CS", "IDENTITY"],
];

function pixelAttributes({ width, height }, frames) {
  const numbers = [[0x00280002, 1], [0x00280010, height], [0x00280011, width], [0x00280100, 1], [0x00280101, 1], [0x00280102, 0], [0x00280103, 0]];
  return [...numbers.map(([tag, value]) => [tag, "US", value]), [0x00280004, "CS", "MONOCHROME2"], [0x00280008, "IS", `${frames}`]];
}

// A segment (PS3.3 C.8.20.4), with a side as a modifier of its type.
function description({ label, codes, colour, models }, number) {
  const name = fitting(models.map(([one]) => one)); // several in one item: highdicom reads no segmentation with more
  const algorithm = [
    [0x00240202, "LO", "UniUltra"],
    [0x0066002f, "SQ", [code(INTELLIGENCE)]],
    [0x00660031, "LO", fitting(models.map(([, version]) => version))],
    [0x00660036, "LO", name],
  ];
  const side = codes.side ? [[0x00620011, "SQ", [code(codes.side)]]] : [];
  return [
    ...(codes.region ? [[0x00082218, "SQ", [code(codes.region)]]] : []),
    [0x00620003, "SQ", [code(codes.category)]],
    [0x00620004, "US", number],
    [0x00620005, "LO", label],
    ...(models.length ? [[0x00620007, "SQ", [algorithm]]] : []),
    [0x00620008, "CS", models.length ? "SEMIAUTOMATIC" : "MANUAL"],
    ...(models.length ? [[0x00620009, "LO", name]] : []),
    [0x0062000d, "US", cielab(colour)],
    [0x0062000f, "SQ", [[...code(codes.type), ...side]]],
    [0x00620020, "UT", label],
    [0x00620021, "UI", randomUid()],
  ];
}

// All of it in one value of VR LO where it fits, else the first.
function fitting(said) {
  const whole = said.join(", ");
  return whole.length <= 64 ? whole : said[0];
}

// A colour of sRGB as DICOM encodes CIELab (PS3.3 C.10.7.1.1), for the white point D65.
function cielab(colour) {
  const [r, g, b] = colour.map((part) => (part / 255 > 0.04045 ? ((part / 255 + 0.055) / 1.055) ** 2.4 : part / 255 / 12.92));
  const curve = (part) => (part > 0.008856 ? Math.cbrt(part) : 7.787 * part + 16 / 116);
  const [x, y, z] = [
    curve((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.950456),
    curve(0.212671 * r + 0.71516 * g + 0.072169 * b),
    curve((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.088754),
  ];
  return [(116 * y - 16) / 100, (500 * (x - y) + 128) / 255, (200 * (y - z) + 128) / 255].map((part) => Math.round(65535 * part));
}

function overlap(segments, numbers) {
  const meet = numbers.some((number) => {
    const seen = new Uint8Array(segments[0].plane(number).length);
    return segments.some(({ plane }) => plane(number).some((inside, i) => inside && seen[i]++ > 0));
  });
  return segments.length > 1 && meet ? "YES" : "NO";
}

function group([segment, place], reference, several) {
  const image = [...reference, [0x0028135a, "CS", "YES"], [0x0040a170, "SQ", [code(PROCESSED)]]];
  const content = several ? [[TIME, "UL", place], [0x00209157, "UL", [segment, place]]] : [[0x00209157, "UL", segment]];
  return [
    [0x00089124, "SQ", [[[0x00082112, "SQ", [image]], [0x00089215, "SQ", [code(SEGMENTED)]]]]],
    [IN_CONTENT, "SQ", [content]],
    [IN_IDENTIFICATION, "SQ", [[[SEGMENT, "US", segment]]]],
  ];
}

// Planes follow each other bit by bit, not beginning on bytes (PS3.5 8.1.1).
function packed(segments, numbers, { width, height }) {
  const area = width * height,
    bytes = new Uint8Array(Math.ceil((segments.length * numbers.length * area) / 8));
  let from = 0;
  for (const { plane } of segments) {
    for (const number of numbers) {
      const mask = plane(number);
      for (let i = mask.indexOf(1); i >= 0; i = mask.indexOf(1, i + 1)) bytes[Math.floor((from + i) / 8)] |= 1 << ((from + i) % 8);
      from += area;
    }
  }
  return bytes;
}
