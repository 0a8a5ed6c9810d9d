// Structures as the polygons that LabelMe and CVAT take: the same fields as uniultra/io/annotation_files.py writes. Coordinates count from the
// corner of the first pixel; parts of one structure share its number.

import { utf8 } from "./bytes.mjs";
import { polygons } from "./yolo.mjs";

// [[number, label, [[x, y], ...]], ...]. masks: [{mask, label}].
function parts(masks, size, digits) {
  const rounded = (place) => Number((place + 0.5).toFixed(digits));
  return masks.flatMap(({ mask, label }, index) =>
    polygons(mask, size).map((points) => [index + 1, label, points.map((point) => point.map(rounded))]),
  );
}

// LabelMe's JSON of one image, which is named and not embedded.
export function labelme(image, masks, size) {
  const shapes = parts(masks, size, 3).map(([group_id, label, points]) => ({
    label,
    points,
    group_id,
    description: "",
    shape_type: "polygon",
    flags: {},
    mask: null,
  }));
  const about = { imagePath: image, imageData: null, imageHeight: size.height, imageWidth: size.width };
  return utf8(JSON.stringify({ version: "5.5.0", flags: {}, shapes, ...about }, null, 2));
}

// "CVAT for images 1.1" of one image.
export function cvat(image, masks, size) {
  const drawn = parts(masks, size, 2).map(([group_id, label, points]) => {
    const said = points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(";");
    return `    ${tag("polygon", { label, source: "auto", occluded: "0", points: said, z_order: "0", group_id })} />`;
  });
  const head = tag("image", { id: "0", name: image, width: size.width, height: size.height });
  const lines = ['<?xml version="1.0" encoding="utf-8"?>', "<annotations>", "  <version>1.1</version>", `  ${head}>`, ...drawn, "  </image>", "</annotations>"];
  return utf8([...lines, ""].join("\n"));
}

const tag = (name, values) => `<${name}${Object.entries(values).map(([key, value]) => ` ${key}="${escaped(`${value}`)}"`).join("")}`;

// What XML 1.0 has no character for becomes a blank.
const escaped = (text) =>
  text.replace(/[\x00-\x1f\ufffe\uffff]|\p{Cs}/gu, " ").replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
