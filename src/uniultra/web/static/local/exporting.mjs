// Results as downloads. What writes them is loaded when it is first needed.

import { modelFacts } from "./engine.mjs";
import { Refused } from "./refused.mjs";
import { saying } from "./said.mjs";
import { zip } from "./export/bytes.mjs";

// The results of a file as one ZIP. one: {name, image, doc, banners}.
export async function exportFile(one, kinds) {
  const { resultsOf, stemOf } = await import("./export/results.mjs");
  const { files, notes } = await resultsOf({ ...one, ...(await known()) }, kinds).catch((error) => {
    throw new Refused("output", error.message);
  });
  return { ...zipped(`${stemOf(one.name)}.uniultra.zip`, files), notes };
}

// What is measured on several files as tables, each a download.
export async function exportMeasures(opened) {
  const { tablesOf } = await import("./export/results.mjs"),
    facts = await known(),
    files = tablesOf(opened.map((one) => ({ ...one, ...facts })));
  for (const [name, bytes] of Object.entries(files)) download(name, bytes, "text/csv");
  return { folder: "", files: Object.keys(files), notes: [] };
}

// All accepted files as one ZIP.
export async function exportAccepted(accepted) {
  if (!accepted.length) throw new Refused("output", saying("none-accepted", "no image with a mask is accepted yet; accept some first"));
  const { datasetOf } = await import("./export/dataset.mjs");
  const files = await datasetOf(accepted),
    pictures = Object.keys(files).filter((name) => name.startsWith("images/")).length;
  return { ...zipped("dataset.uniultra.zip", files), notes: [`${pictures} pictures of ${accepted.length} accepted files`] };
}

// The model's facts with this page's version, the codes of structures by their names, and those of measures and units.
async function known() {
  const { uniultra, structures, codes } = await (await fetch("site.json")).json();
  return { facts: { ...(await modelFacts()), uniultra }, table: structures, codes };
}

function zipped(name, files) {
  download(name, zip(files), "application/zip");
  return { folder: name, files: Object.keys(files) };
}

export function download(name, bytes, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
