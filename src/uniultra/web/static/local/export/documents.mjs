// Results as JSON: COCO, and all that is known of each structure.

import { utf8 } from "./bytes.mjs";
import { byHand, madeByModels } from "./makers.mjs";

const NOTICE = "not a medical device";

// found: as in results.mjs; labels: of the classes, in the order of their numbers.
export function coco({ name, image, facts }, found, labels) {
  const numbers = [...new Set(found.map(({ frame }) => frame))];
  const images = numbers.map((frame, i) => ({ id: i + 1, file_name: name, width: image.width, height: image.height, frame }));
  const annotations = found.map(({ structure, known, box: edges, frame, area_px, quality }, index) => {
    const box = edges ?? { x0: -0.5, y0: -0.5, x1: -0.5, y1: -0.5 };
    return {
      id: index + 1,
      image_id: 1 + numbers.indexOf(frame),
      category_id: 1 + labels.indexOf(structure.class),
      iscrowd: 0,
      area: area_px,
      bbox: [box.x0 + 0.5, box.y0 + 0.5, box.x1 - box.x0, box.y1 - box.y0],
      segmentation: { size: [image.height, image.width], counts: known.counts },
      ...(quality === null ? {} : { score: quality }),
      model: madeByModels(known, facts),
      by_hand: byHand(known),
    };
  });
  const categories = labels.map((label, index) => ({ id: index + 1, name: label }));
  return utf8(JSON.stringify({ images, categories, annotations }));
}

// lengths: calipers as lines of a table.
export function report({ name, image, facts }, found, lengths) {
  const objects = found.map(({ frame, time_s, id, name: called, structure, known, box, area_px, quality, scale, measures, notes }) => {
    const coded = ([scheme, value, meaning]) => ({ value, meaning, scheme });
    const { category, type, region, side } = structure.codes,
      codes = Object.entries({ category, type, region, laterality: side }).filter(([, code]) => code);
    return {
      frame: image.count > 1 ? frame : null,
      time_s,
      id,
      name: called,
      codes: Object.fromEntries(codes.map(([key, code]) => [key, coded(code)])),
      prompt: known.box || known.points?.length ? { box: known.box ?? null, points: known.points ?? [], labels: known.labels ?? [] } : null,
      box_xyxy: box && [box.x0, box.y0, box.x1, box.y1],
      area_px,
      area_mm2: scale.mm && area_px * scale.mm[0] * scale.mm[1],
      quality,
      source: known.source,
      by_hand: byHand(known),
      ...(notes.length ? { notes } : {}),
      measures: { scale: scaleOf(scale), ...measures },
    };
  });
  const model = { name: facts.name, version: facts.version };
  const said = {
    schema: "uniultra.tab/1",
    image: name,
    width: image.width,
    height: image.height,
    frames_in_file: image.count,
    model,
    uniultra: facts.uniultra,
    objects,
    ...(lengths.length ? { calipers: lengths.map((one) => caliper(one, image)) } : {}),
    notice: NOTICE,
  };
  return utf8(JSON.stringify(said, null, 2));
}

const scaleOf = ({ mm, source, reason, notes, aspect }) => ({
  spacing_mm_yx: mm,
  source: source || null,
  reason: reason || null,
  notes,
  ...(!mm && (aspect ?? 1) !== 1 ? { pixel_aspect: aspect } : {}),
});

function caliper({ frame, name, scale, measures: { length } }, { count }) {
  return { frame: count > 1 ? frame : null, id: Number(name.split(" ").at(-1)), length, scale: scaleOf(scale) };
}
