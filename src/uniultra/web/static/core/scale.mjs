// How large a pixel is, and where: what `Calibration` in uniultra/pixel_scale.py says, its notes included.

const SAME = 0.005;

// calibration: {regions: [...], fallbacks: [[name, [down, right]], ...], notes}, as the server gives it, regions with their
// numbers in the file, with `said` where notes have codes; box: [x0, y0, x1, y1]. {mm: [down, right] or null, source, reason, notes, said}: `notes` speak against
// trusting it blindly, `said` has codes and values of sentences, by their English; where a size is all that is missing, `aspect` is a pixel's width over its height, as far as known.
export function scaleAt(calibration, box) {
  const { said, notes, ...scale } = placed(calibration, box);
  return { ...scale, notes: [...calibration.notes, ...(notes ?? [])], said: { ...calibration.said, ...said } };
}

// The same with one more size of a pixel, [down, right], used where nothing before it applies; a conflict with what is
// known becomes a note.
export function withSize(calibration, name, size) {
  const { regions, fallbacks, notes, said } = calibration;
  const sized = regions.map(({ number, spacing_mm_yx: mm }) => [`region ${number}`, mm]).filter(([, mm]) => mm);
  const [first] = [...sized, ...fallbacks],
    more = { ...calibration, fallbacks: [...fallbacks, [name, size]] };
  if (!first || same(first[1], size)) return more;
  const values = { name, size: inMm(size), known: first[0], known_size: inMm(first[1]) };
  const note = `${name} says ${values.size}, but ${values.known} says ${values.known_size}, which is used`;
  return { ...more, notes: [...notes, note], said: { ...said, [note]: { code: "scale-conflict", values } } };
}

// A number as Python's %g writes it, with so many digits.
export function general(value, digits = 6) {
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e").map(Number);
  if (exponent >= -4 && exponent < digits) return `${Number(value.toPrecision(digits))}`;
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${`${Math.abs(exponent)}`.padStart(2, "0")}`;
}

const inMm = ([down, right]) =>
  same([down, down], [right, right]) ? `${general(right, 4)} mm` : `${general(right, 4)} x ${general(down, 4)} mm`;

function placed({ regions, fallbacks, pixel_aspect: aspect }, box) {
  if (!regions.some((region) => region.spacing_mm_yx)) return fallback(regions, fallbacks, box, aspect);
  let touched = regions.filter((region) => touches(region.box_xyxy, box));
  let holding = touched.filter((region) => holds(region.box_xyxy, box));
  if (!holding.every((region) => region.low_priority)) {
    [holding, touched] = [holding, touched].map((list) => list.filter((region) => !region.low_priority));
  }
  const because = fault(touched, holding);
  if (because) return nowhere(...because);
  return { mm: holding[0].spacing_mm_yx, source: `region ${holding[0].number}`, reason: "" };
}

// The same with a size that the user gave, used where the file says none.
export function withUserSize(calibration, size) {
  return size ? withSize(calibration, "the workspace", size) : calibration;
}

// The length of a line: {value, unit: "mm" or "px", reason, scale}.
export function lengthOf(calibration, a, b) {
  const box = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  const scale = scaleAt(calibration, box),
    { mm, reason } = scale;
  const [down, right] = mm ?? [1, 1];
  return { value: Math.hypot((b[0] - a[0]) * right, (b[1] - a[1]) * down), unit: mm ? "mm" : "px", reason, scale };
}

const nowhere = (code, reason, values = {}) => ({ mm: null, source: "", reason, said: { [reason]: { code, values } } });
const inRegion = (region, fault) => ["in-region", `it lies in region ${region}, and ${fault}`, { region, fault }];
const across = (regions) => ["across-regions", `it lies across regions ${listed(regions)}`, { regions }];

const touches = (r, b) => r[0] < b[2] && b[0] < r[2] && r[1] < b[3] && b[1] < r[3];
const holds = (r, b) => r[0] <= b[0] && r[1] <= b[1] && b[2] <= r[2] && b[3] <= r[3];
export const same = (a, b) => a.every((v, i) => Math.abs(v - b[i]) <= SAME * Math.max(Math.abs(v), Math.abs(b[i])));
const listed = (list) => `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;

function oneScale(regions) {
  const first = regions[0].spacing_mm_yx;
  return Boolean(first) && regions.every(({ spacing_mm_yx: mm }) => mm && same(first, mm));
}

function fallback(regions, fallbacks, box, aspect) {
  const unused = {};
  for (const { number, box_xyxy, shape, fault } of regions) {
    if (!touches(box_xyxy, box)) continue;
    if (shape !== "2D" || fallbacks.length === 0) return nowhere(...inRegion(number, fault));
    unused[`region ${number} is not used: ${fault}`] = { code: "region-unused", values: { region: number, fault } };
  }
  if (fallbacks.length > 0) return { mm: fallbacks[0][1], source: fallbacks[0][0], reason: "", notes: Object.keys(unused), said: unused };
  const why = regions.length ? nowhere("no-lengths", "no region has lengths") : nowhere("uncalibrated", "no calibration is known");
  return { ...why, aspect };
}

function fault(touched, holding) {
  const numbers = (list) => list.map((region) => region.number);
  if (touched.length === 0) return ["outside-regions", "it lies outside every calibrated region"];
  if (holding.length === 0 && touched.length === 1) {
    const region = touched[0].number;
    return ["beyond-region", `it reaches beyond region ${region}`, { region }];
  }
  if (holding.length === 0) return across(numbers(touched));
  const bad = holding.find((region) => !region.spacing_mm_yx);
  if (bad) return inRegion(bad.number, bad.fault);
  if (oneScale(holding) && !oneScale(touched)) return across(numbers(touched));
  if (!oneScale(holding)) {
    const regions = numbers(holding);
    const reason = `it lies in regions ${listed(regions)}, which overlap and have different scales`;
    return ["overlapping-regions", reason, { regions }];
  }
  return null;
}
