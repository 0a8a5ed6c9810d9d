// What every DICOM object that is derived from an image begins with: the attributes of uniultra/io/dicom/source.py, without the patient's identity.

import { reals, text } from "../dicom_elements.mjs";
import { randomUid, uidOf } from "./dicom_writer.mjs";
import { UIDS } from "./offers.mjs";

const JPEG = "1.2.840.10008.1.2.4.50",
  LONGEST = 64;
export const SEGMENTED = ["DCM", "113076", "Segmentation"],
  PROCESSED = ["DCM", "121322", "Source image for image processing operation"];
const EMPTY = [
  [0x00080020, "DA"], [0x00080030, "TM"], [0x00080050, "SH"], [0x00080090, "PN"], [0x00100010, "PN"],
  [0x00100020, "LO"], [0x00100030, "DA"], [0x00100040, "CS"], [0x00200010, "SH"],
];
const LONGEST_CODE = 16; // of a CodeValue; a longer one is a LongCodeValue (PS3.3 8.1)

// An item of a code sequence: [scheme, value, meaning].
export const code = ([scheme, value, meaning]) => [
  value.length > LONGEST_CODE ? [0x00080119, "UC", value] : [0x00080100, "SH", value],
  [0x00080102, "SH", scheme],
  [0x00080104, "LO", meaning],
];

// {sopClass, instance, study, series} of what `readDicom` read.
export function sourceOf({ view, found }) {
  return Object.fromEntries(Object.entries(UIDS).map(([name, tag]) => [name, text(view, found.get(tag))]));
}

// A reference to the source, or to some of its frames, from 0, where it has several.
export function referenceTo(source, numbers = [], count = 1) {
  const frames = count > 1 && numbers.length ? [[0x00081160, "IS", numbers.map((number) => `${number + 1}`)]] : [];
  return [[0x00081150, "UI", source.sopClass], [0x00081155, "UI", source.instance], ...frames];
}

// What an archive is told of results with so many structures, by the models that made each, as uniultra/io/dicom/notices.py has it; without
// structures they are what a person measured.
export function noticeFor(makers) {
  const origin = !makers.length ? "Measured by hand" : isByHand(makers) ? "Drawn by hand" : "AI-generated";
  return `${origin}; not for diagnostic use`;
}

const isByHand = (makers) => makers.every((models) => !models.length);

// What they name as their origin: the model, or, of what a person alone drew and measured, this program.
export function makerFor(makers, { name, version, uniultra }) {
  const own = isByHand(makers) ? { model: "UniUltra", modelVersion: uniultra } : { model: name, modelVersion: version };
  return { ...own, version: uniultra };
}

// The head of an object of a SOP class: {instance, attributes}. labels: what it is of.
export async function derivedHead(source, sopClass, modality, seriesNumber, labels, notice) {
  const instance = randomUid(),
    [day, time] = now(),
    described = labels.length ? `${[...new Set(labels)].join(", ")}: ${notice}` : notice;
  const attributes = [
    ...EMPTY.map(([tag, vr]) => [tag, vr, ""]),
    [0x00080005, "CS", "ISO_IR 192"],
    [0x00080012, "DA", day],
    [0x00080013, "TM", time],
    [0x00080016, "UI", sopClass],
    [0x00080018, "UI", instance],
    [0x00080023, "DA", day],
    [0x00080033, "TM", time],
    [0x00080060, "CS", modality],
    [0x00080070, "LO", "UniUltra"],
    [0x0008103e, "LO", described.length <= LONGEST ? described : notice],
    [0x0020000d, "UI", await uidOf(`derived by uniultra from${source.study}`)],
    [0x0020000e, "UI", randomUid()],
    [0x00200011, "IS", `${seriesNumber}`],
    [0x00200013, "IS", "1"],
  ];
  return { instance, attributes };
}

function now() {
  const date = new Date(),
    two = (value) => `${value}`.padStart(2, "0");
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return [day, [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join("")];
}

// How lossy the source is, for good where it was once (PS3.3 C.7.6.1.1.5).
export function lossy({ view, found, syntax, parts, samples }, { width, height }, count) {
  const said = (tag, most) => text(view, found.get(tag), most);
  if (said(0x00282110) !== "01" && syntax !== JPEG) return [[0x00282110, "CS", "00"]];
  const known = reals(view, found.get(0x00282112)),
    plain = width * height * samples * count;
  const coded = parts?.flat().reduce((sum, [from, to]) => sum + to - from, 0);
  const ratios = known ?? (coded ? [Math.round((100 * plain) / coded) / 100] : null);
  const method = said(0x00282114, 256) || (syntax === JPEG ? "ISO_10918_1" : "");
  const all = [[0x00282110, "CS", "01"]];
  if (ratios) all.push([0x00282112, "DS", ratios.map(ratioText)]);
  if (method) all.push([0x00282114, "CS", method.split("\\")]);
  return all;
}

export const ratioText = (ratio) => `${Number(ratio.toPrecision(8))}`;
