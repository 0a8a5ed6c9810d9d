// DICOM SR with measurements (PS3.16 TID 1500): the content of uniultra/io/dicom/sr.py, without the patient's identity.

import { code, derivedHead, noticeFor, referenceTo, sourceOf } from "./derived.mjs";
import { dicomFile, randomUid } from "./dicom_writer.mjs";
import { edgeLine } from "./edge.mjs";
import { MEASURES } from "./tables.mjs";

const STORAGE = "1.2.840.10008.5.1.4.1.1.88.33",
  MOST_POINTS = 4000; // of an outline: GraphicData (VR FL) holds 65,534 bytes, 8 a point
const dcm = (value, meaning) => ["DCM", value, meaning],
  sct = (value, meaning) => ["SCT", value, meaning];
const [MOD, CONTEXT, CONTAINS] = ["HAS CONCEPT MOD", "HAS OBS CONTEXT", "CONTAINS"];

// A report as a file. findings: [{label, codes, listed, mask, measures, models}], all of the frame `number`; `codes`: {measures, units}, the
// codes of both by their names; lengths: [{label, value, unit, ends_xy}], what a person measured beside; raw, count, size and maker as of a segmentation.
export async function report({ raw, count, size, number, findings, lengths, maker, codes }) {
  const source = sourceOf(raw),
    labels = findings.map(({ label }) => label);
  const { instance, attributes } = await derivedHead(source, STORAGE, "SR", 901, [...labels, ...lengths.map(({ label }) => label)], noticeFor(findings.map(({ models }) => models)));
  const uids = new Map(labels.map((label) => [label, randomUid()])); // one for all of a name
  const groups = findings.map((finding) => group(finding, uids.get(finding.label), referenceTo(source, [number], count), size, codes));
  groups.push(...lengths.map((one) => distance(one, referenceTo(source, [number], count), codes)));
  const elsewhere = [
    [0x0020000d, "UI", source.study],
    [0x00081115, "SQ", [[[0x0020000e, "UI", source.series], [0x00081199, "SQ", [referenceTo(source)]]]]],
  ];
  const dataset = [
    ...attributes,
    [0x00081111, "SQ", []],
    [0x0040a372, "SQ", []],
    [0x0040a385, "SQ", [elsewhere]],
    [0x0040a491, "CS", "COMPLETE"],
    [0x0040a493, "CS", "UNVERIFIED"],
    [0x0040a496, "CS", "PRELIMINARY"],
    ...container(dcm("126000", "Imaging Measurement Report"), "1500", [
      coded(MOD, dcm("121049", "Language of Content Item and Descendants"), ["RFC5646", "en-US", "English (United States)"]),
      ...observer(maker),
      coded(MOD, dcm("121058", "Procedure reported"), sct("16310003", "Diagnostic ultrasonography")),
      item(CONTAINS, container(dcm("126010", "Imaging Measurements"), "", groups)),
    ]),
  ];
  return dicomFile(dataset, STORAGE, instance, maker.version);
}

const item = (relation, rest) => [[0x0040a010, "CS", relation], ...rest];
const concept = (type, name) => [[0x0040a040, "CS", type], [0x0040a043, "SQ", [code(name)]]];
const within = (items) => (items.length ? [[0x0040a730, "SQ", items]] : []);
const coded = (relation, name, value, items = []) =>
  item(relation, [...concept("CODE", name), [0x0040a168, "SQ", [code(value)]], ...within(items)]);
const text = (name, value) => item(CONTEXT, [...concept("TEXT", name), [0x0040a160, "UT", value]]);
const uid = (name, value) => item(CONTEXT, [...concept("UIDREF", name), [0x0040a124, "UI", value]]);

function container(name, template, items) {
  const of = [[0x00080105, "CS", "DCMR"], [0x0040db00, "CS", template]];
  return [...concept("CONTAINER", name), [0x0040a050, "CS", "CONTINUOUS"], ...(template ? [[0x0040a504, "SQ", [of]]] : []), ...within(items)];
}

// Who observed: this model.
function observer({ model, modelVersion }) {
  return [
    coded(CONTEXT, dcm("121005", "Observer Type"), dcm("121007", "Device")),
    uid(dcm("121012", "Device Observer UID"), randomUid()),
    text(dcm("121013", "Device Observer Name"), "UniUltra"),
    text(dcm("121014", "Device Observer Manufacturer"), "UniUltra"),
    text(dcm("121015", "Device Observer Model Name"), `${model} ${modelVersion}`),
  ];
}

// A structure's measures and its edge on the image (TID 1410).
function group({ label, codes, listed, mask, measures, models }, own, reference, size, known) {
  const place = codes.region ?? (listed ? codes.type : null),
    side = codes.side ? [coded(MOD, sct("272741003", "Laterality"), codes.side)] : [];
  const measured = MEASURES.filter((name) => measures[name]).map((name) => {
    const { value, unit } = measures[name];
    return numeric(known.measures[name], value, known.units[unit]);
  });
  return item(CONTAINS, container(dcm("125007", "Measurement Group"), "1410", [
    text(dcm("112039", "Tracking Identifier"), label),
    uid(dcm("112040", "Tracking Unique Identifier"), own),
    coded(CONTAINS, sct("276214006", "Finding category"), codes.category),
    coded(CONTAINS, dcm("121071", "Finding"), codes.type),
    ...(place ? [coded(MOD, sct("363698007", "Finding Site"), place, side)] : []),
    ...models.slice(0, 1).flatMap(algorithm),
    ...measured,
    region(edgeLine(mask, size, MOST_POINTS), reference),
  ]));
}

// What made a mask (TID 4019).
const algorithm = ([name, version]) =>
  [["111001", "Algorithm Name", name], ["111003", "Algorithm Version", version], ["122405", "Algorithm Manufacturer", "UniUltra"]].map(([value, meaning, said]) =>
    item(MOD, [...concept("TEXT", dcm(value, meaning)), [0x0040a160, "UT", said]]),
  );

// A person's caliper (TID 1501): its line on the image beside the number.
function distance({ label, value, unit, ends_xy }, reference, known) {
  const line = [[0x00700022, "FL", ends_xy.flat().map((place) => place + 0.5)], [0x00700023, "CS", "POLYLINE"]],
    drawn = item("INFERRED FROM", [...concept("SCOORD", sct("260753009", "Source")), ...line, ...within([imageOf(reference)])]);
  return item(CONTAINS, container(dcm("125007", "Measurement Group"), "1501", [
    text(dcm("112039", "Tracking Identifier"), label),
    uid(dcm("112040", "Tracking Unique Identifier"), randomUid()),
    numeric(known.measures.length, value, known.units[unit], [drawn]),
  ]));
}

function numeric(name, value, unit, items = []) {
  const six = Number(value.toPrecision(6));
  const given = [[0x004008ea, "SQ", [code(unit)]], [0x0040a161, "FD", six], [0x0040a30a, "DS", `${six}`]];
  return item(CONTAINS, [...concept("NUM", name), [0x0040a300, "SQ", [given]], ...within(items)]);
}

const imageOf = (reference) => item("SELECTED FROM", [...concept("IMAGE", sct("260753009", "Source")), [0x00081199, "SQ", [reference]]]);

function region(line, reference) {
  const drawn = [[0x00700022, "FL", line.flat()], [0x00700023, "CS", "POLYLINE"]];
  return item(CONTAINS, [...concept("SCOORD", dcm("111030", "Image Region")), ...drawn, ...within([imageOf(reference)])]);
}
