// The calibration of a DICOM file as uniultra/io/dicom/regions.py has it, with the same notes.

import { general, same, withSize } from "../core/scale.mjs";
import { itemsOf, reals } from "./dicom_elements.mjs";

const SHAPES = ["without spatial format", "2D", "M-mode", "spectral", "a waveform", "graphics"];
const UNITS = "no unit|percent|dB|cm|seconds|hertz|dB/seconds|cm/s|cm2|cm2/s|cm3|cm3/s|degrees".split("|");
const NOT_AN_IMAGE = "the file doesn't call it a 2D image";
const SPACINGS = [["PixelSpacing", 0x00280030], ["NominalScannedPixelSpacing", 0x00182010]];
const EDGES = [0x00186018, 0x0018601a, 0x0018601c, 0x0018601e];
const DOTS_PER_INCH = [72, 96, 100, 120, 144, 150, 200, 240, 300, 600], MM_PER_INCH = 25.4, SAME_SIZE = 2e-4; // of prints, as io/print_size.py has them
const [LEAST_MM, MOST_MM] = [0.001, 10]; // of a pixel, in ultrasound

// {regions, fallbacks, notes, said, pixel_aspect}, for `scaleAt`. What is odd becomes notes, never an error.
export function calibrationOf(view, found, explicit, size) {
  const regions = [],
    notes = [];
  for (const [index, item] of itemsOf(view, found.get(0x00186011), explicit).entries()) {
    const reason = unusable(view, item);
    if (reason) {
      notes.push(`region ${index + 1} is ignored: ${reason}`);
      continue;
    }
    const region = { ...regionOf(view, item), number: index + 1 };
    notes.push(...oddities(region, size));
    regions.push(region);
  }
  const usable = [];
  for (const [name, tag] of SPACINGS) {
    const spacing = reals(view, found.get(tag));
    if (isSize(spacing)) usable.push([name, spacing]);
    else if (spacing) notes.push(`${name} ${spacing.map((one) => general(one)).join(", ")} is not two sizes above 0 and is not used`);
  }
  const plain = { regions, fallbacks: [], notes, said: {}, pixel_aspect: 1 };
  const sized = usable.reduce((known, [name, spacing]) => withSize(known, name, spacing), plain);
  if (!regions.length && usable.length) sized.notes = [...sized.notes, ...printSizeNotes(...usable[0])];
  return withAspect(sized, reals(view, found.get(0x00280034)));
}

// A sentence where the size of a pixel is that of a print, or 1 mm.
function printSizeNotes(name, [down, across]) {
  if (Math.abs(down - across) > SAME_SIZE * down) return [];
  if (down === 1) return [`${name} is 1 x 1 mm, as ITK and converters write where nobody knew the size of a pixel: check it, or give --override-scale`];
  const dots = DOTS_PER_INCH.find((each) => Math.abs((down * each) / MM_PER_INCH - 1) <= SAME_SIZE);
  return dots
    ? [`${name} is ${general(down, 4)} mm, which is ${dots} dots per inch: ITK takes a picture's print size for millimetres; check it, or give --override-scale`]
    : [];
}

const isSize = (pair) => pair?.length === 2 && pair.every((mm) => mm > 0);

const uint32 = (view, element) => (element?.length >= 4 ? view.getUint32(element.at, true) : null);
const uint16 = (view, element) => (element?.length >= 2 ? view.getUint16(element.at, true) : null);
const float64 = (view, element) => (element?.length >= 8 ? view.getFloat64(element.at, true) : NaN);

// Why an item is no region; "" where it is one.
function unusable(view, item) {
  const edges = EDGES.map((tag) => uint32(view, item.get(tag)));
  if (edges.includes(null)) return "it has no location";
  const [x0, y0, x1, y1] = edges;
  return x1 > x0 && y1 > y0 ? "" : `its box ${x0},${y0},${x1},${y1} is empty or inverted`;
}

function regionOf(view, item) {
  const named = (names, tag) => {
    const code = uint16(view, item.get(tag));
    return code === null ? "unknown" : (names[code] ?? `unknown (${code})`);
  };
  const [x0, y0, x1, y1] = EDGES.map((tag) => uint32(view, item.get(tag)));
  const shape = named(SHAPES, 0x00186012),
    units = [named(UNITS, 0x00186024), named(UNITS, 0x00186026)];
  const deltas = [0x0018602c, 0x0018602e].map((tag) => float64(view, item.get(tag))).map((one) => (Number.isFinite(one) ? one : NaN));
  const fault = faultOf(shape, units, deltas);
  return {
    box_xyxy: [x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5],
    shape,
    fault,
    low_priority: Boolean(uint32(view, item.get(0x00186016)) & 1),
    spacing_mm_yx: fault ? null : [10 * Math.abs(deltas[1]), 10 * Math.abs(deltas[0])],
  };
}

const isUnsaid = (shape, ...units) => shape === SHAPES[0] || shape.startsWith("unknown") || units.every((unit) => unit === UNITS[0]);

function faultOf(shape, [across, down], deltas) {
  const [dx, dy] = deltas.map((delta) => (Number.isNaN(delta) ? "nan" : general(delta)));
  let fault = deltas.every(Boolean) ? "" : `its pixel deltas ${dx} and ${dy} cm have no length`;
  if (across !== "cm" || down !== "cm") fault = `its units are ${across} to the right and ${down} down, not cm`;
  if (shape !== "2D") fault = isUnsaid(shape, across, down) ? NOT_AN_IMAGE : `it is ${shape}, x in ${across} and y in ${down}`;
  return fault;
}

function oddities({ number, box_xyxy, spacing_mm_yx: mm }, { width, height }) {
  const end = box_xyxy.slice(2).map((edge) => edge - 0.5),
    found = [];
  if (end[0] > width || end[1] > height)
    found.push(
      `region ${number}: its box ends at ${end.map((edge) => general(edge)).join()}, beyond the frame of ${width} x ${height}: ` +
        "cut, resized or turned after calibration; if resized, its millimetres are wrong by that factor, " +
        "if turned, those across and down are exchanged",
    );
  if (mm && (Math.min(...mm) < LEAST_MM || Math.max(...mm) > MOST_MM))
    found.push(`region ${number}: ${general(mm[1])} x ${general(mm[0])} mm per pixel is not plausible for ultrasound`);
  return found;
}

// With what PixelAspectRatio (height to width of a pixel) says beside the size that is used.
function withAspect(calibration, ratio) {
  if (!isSize(ratio) || same([ratio[0], ratio[0]], [ratio[1], ratio[1]])) return calibration;
  const { regions, fallbacks } = calibration,
    whole = regions.length ? null : fallbacks[0]?.[1],
    [known] = [...regions.map(({ spacing_mm_yx }) => spacing_mm_yx), whole].filter(Boolean);
  if (known && same([known[0] / known[1], 1], [ratio[0] / ratio[1], 1])) return calibration;
  const more = known ? ", which the spacing in use contradicts" : ": along a slant, a length in pixels means nothing",
    note = `PixelAspectRatio says that pixels are ${general(ratio[0])} high to ${general(ratio[1])} wide${more}`;
  const pixel_aspect = known ? 1 : ratio[1] / ratio[0];
  return { ...calibration, pixel_aspect, notes: [...calibration.notes, note] };
}
