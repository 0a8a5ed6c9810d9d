// How large a pixel is, and where: what `Calibration.at` in uniultra/pixel_scale.py says of a box, for lines
// that are dragged.

const SAME = 0.005;

// calibration: {regions: [...], fallbacks: [[name, [down, right]], ...]}, as the server gives it; box: [x0,
// y0, x1, y1]. {mm: [down, right] or null, source, reason, said}; `said` has the reason's code and values, by its
// English.
export function scaleAt(calibration, box) {
  const { regions, fallbacks } = calibration;
  if (!regions.some((region) => region.spacing_mm_yx)) return fallback(regions, fallbacks, box);
  const numbered = regions.map((region, index) => ({ ...region, number: index + 1 }));
  let touched = numbered.filter((region) => touches(region.box_xyxy, box));
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
  return size
    ? { ...calibration, fallbacks: [...calibration.fallbacks, ["the workspace", size]] }
    : calibration;
}

// The length of a line: {value, unit: "mm" or "px", reason}.
export function lengthOf(calibration, a, b) {
  const box = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  const { mm, reason } = scaleAt(calibration, box);
  const [down, right] = mm ?? [1, 1];
  return { value: Math.hypot((b[0] - a[0]) * right, (b[1] - a[1]) * down), unit: mm ? "mm" : "px", reason };
}

const nowhere = (code, reason, values = {}) => ({ mm: null, source: "", reason, said: { [reason]: { code, values } } });
const inRegion = (region, fault) => ["in-region", `it lies in region ${region}, and ${fault}`, { region, fault }];
const across = (regions) => ["across-regions", `it lies across regions ${listed(regions)}`, { regions }];

const touches = (r, b) => r[0] < b[2] && b[0] < r[2] && r[1] < b[3] && b[1] < r[3];
const holds = (r, b) => r[0] <= b[0] && r[1] <= b[1] && b[2] <= r[2] && b[3] <= r[3];
const same = (a, b) => a.every((v, i) => Math.abs(v - b[i]) <= SAME * Math.max(Math.abs(v), Math.abs(b[i])));
const listed = (list) => `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;

function oneScale(regions) {
  const first = regions[0].spacing_mm_yx;
  return Boolean(first) && regions.every(({ spacing_mm_yx: mm }) => mm && same(first, mm));
}

function fallback(regions, fallbacks, box) {
  for (const [index, region] of regions.entries()) {
    if (!touches(region.box_xyxy, box)) continue;
    if (region.shape !== "2D" || fallbacks.length === 0) {
      return nowhere(...inRegion(index + 1, region.fault));
    }
  }
  if (fallbacks.length > 0) return { mm: fallbacks[0][1], source: fallbacks[0][0], reason: "" };
  return regions.length ? nowhere("no-lengths", "no region has lengths") : nowhere("uncalibrated", "no calibration is known");
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
