// What is written on a picture of a result, as uniultra/outputs/result_picture.py writes it: of each structure its number, name, quality and
// diameters, with the calipers; what a person measured beside; and which ones are lost.

const MOST_DESCRIBED = 12, // of more structures there are numbers alone
  MOST_OF_NAME = 28,
  LEAST_CALIPER = 16;
const [GROUND, WHITE, HALO, DRAWN] = ["rgba(17, 19, 23, 0.75)", "#fff", "rgba(0, 0, 0, 0.6)", "rgb(255, 224, 102)"];

// one: {ids, found, lost, calipers} of the frame, `size` its {width, height}; the context's picture is `zoom` times as large.
export function described(context, zoom, { ids, found, lost, calipers }, size) {
  const { width, height } = context.canvas,
    letters = Math.min(Math.max(Math.round(0.022 * Math.sqrt(width * height)), 12), 72);
  context.font = `${letters}px sans-serif`;
  const there = found.filter(({ box }) => box),
    all = there.length <= MOST_DESCRIBED,
    taken = [];
  const diameters = all ? there.flatMap(({ measures }) => [measures.long_diameter, measures.short_diameter]).filter(Boolean) : [],
    drawn = calipers.map(({ measures }) => ({ ...measures.length, at: measures.length.ends_xy.map((end) => end.map((place) => (place + 0.5) * zoom)) })),
    crossOf = ([x, y]) => [x - 0.4 * letters - 1, y - 0.4 * letters - 1, x + 0.4 * letters + 1, y + 0.4 * letters + 1].map(Math.round);
  for (const { ends_xy: ends } of diameters) if (zoom * reach(ends) >= LEAST_CALIPER) caliper(context, zoom, letters, ends, WHITE);
  for (const { ends_xy: ends, at } of drawn) {
    caliper(context, zoom, letters, ends, DRAWN);
    taken.push(...at.map(crossOf));
  }
  let below = 0;
  for (const structure of lost) {
    label(context, letters, { ...structure, lines: [short(`${structure.name}: lost`)] }, () => [4, below + 4], taken);
    below = taken.at(-1)[3];
  }
  const inside = (...box) => pixelsIn(ids, size, box.map((edge) => Math.floor(edge / zoom))) + 1e6 * drawn.filter(({ at }) => liesOn(box, at)).length;
  for (const one of there) {
    const box = [one.box.x0, one.box.y0, one.box.x1, one.box.y1].map((edge) => Math.round((edge + 0.5) * zoom));
    const said = { ...one.structure, lines: all ? linesOf(one) : [] };
    label(context, letters, said, (wide, high) => placed([wide, high], [box], [width, height], taken, inside), taken);
  }
  for (const { at: [start, end], value, unit } of drawn) {
    const boxes = [end, start].map(crossOf),
      text = `${value.toFixed(unit === "px" ? 0 : 1)} ${unit}`;
    beside(context, letters, text, (wide, high) => placed([wide, high], boxes, [width, height], taken, inside), taken);
  }
}

// Thickness of thin lines, as uniultra/io/overlay.py has it.
const thin = ({ width, height }) => Math.max(1, Math.round(Math.min(Math.max(Math.min(width, height) / 300, 1), 2)), Math.round(Math.min(width, height) / 700));

const reach = ([[ax, ay], [bx, by]]) => Math.max(Math.abs(bx - ax), Math.abs(by - ay));

const short = (name) => (name.length <= MOST_OF_NAME ? name : `${name.slice(0, MOST_OF_NAME - 3)}...`);

function linesOf({ name, quality, known, measures: { long_diameter: long, short_diameter: across } }) {
  const digits = long?.unit === "px" ? 0 : 1,
    unsure = known.source === "track" && known.sure === false ? ", unsure" : "";
  return [
    ...(name ? [short(name)] : []),
    ...(quality === null ? [] : [`quality ${quality.toFixed(2)}${unsure}`]),
    ...(long ? [`${long.value.toFixed(digits)} x ${across.value.toFixed(digits)} ${long.unit}`] : []),
  ];
}

// A dotted line between two crosses, as scanners draw it.
function caliper(context, zoom, letters, ends_xy, colour) {
  const wide = thin(context.canvas),
    off = (wide % 2) / 2, // on whole pixels a line is as light as its colour
    ends = ends_xy.map((end) => end.map((place) => Math.round((place + 0.5) * zoom - off) + off)),
    arm = Math.round(0.4 * letters) + 0.5,
    [a, b] = ends;
  const pieces = 2 * Math.max(Math.round(Math.hypot(b[0] - a[0], b[1] - a[1]) / wide / 6), 1) - 1,
    dash = Math.hypot(b[0] - a[0], b[1] - a[1]) / pieces; // one at either end
  line(context, ends, [dash, dash], colour, [wide, wide]);
  for (const [x, y] of ends) {
    line(context, [[x - arm, y], [x + arm, y]], [], colour, [wide, wide + 2]);
    line(context, [[x, y - arm], [x, y + arm]], [], colour, [wide, wide + 2]);
  }
}

function line(context, [[ax, ay], [bx, by]], dashes, light, [thick, halo]) {
  for (const [colour, wide, pattern] of [[HALO, halo, []], [light, thick, dashes]]) {
    context.strokeStyle = colour;
    context.lineWidth = wide;
    context.setLineDash(pattern);
    context.beginPath();
    context.moveTo(ax, ay);
    context.lineTo(bx, by);
    context.stroke();
  }
  context.setLineDash([]);
}

// A number on its structure's colour, and lines of text beside it. `at(wide, high)` says where.
function label(context, letters, { number, colour, lines }, at, taken) {
  const pad = Math.max(Math.floor(letters / 3), 2),
    widthOf = (text) => Math.ceil(context.measureText(text).width);
  const chip = Math.max(widthOf(number) + 2 * pad, letters + pad),
    text = Math.max(-2 * pad, ...lines.map(widthOf)) + 2 * pad,
    high = Math.max(lines.length, 1) * (letters + pad) + pad;
  const [x, y] = at(chip + text, high);
  taken.push([x, y, x + chip + text, y + high]);
  context.textBaseline = "middle";
  context.fillStyle = GROUND;
  context.fillRect(x, y, chip + text, high);
  context.fillStyle = `rgb(${colour.join()})`;
  context.fillRect(x, y, chip, high);
  const [red, green, blue] = colour;
  context.fillStyle = 0.299 * red + 0.587 * green + 0.114 * blue > 110 ? "#000" : WHITE;
  context.textAlign = "center";
  context.fillText(number, x + chip / 2, y + high / 2);
  context.fillStyle = WHITE;
  context.textAlign = "left";
  lines.forEach((words, i) => context.fillText(words, x + chip + pad, y + pad + i * (letters + pad) + letters / 2));
}

// What a caliper says, beside it.
function beside(context, letters, text, at, taken) {
  const pad = Math.max(Math.floor(letters / 3), 2),
    [wide, high] = [Math.ceil(context.measureText(text).width) + 2 * pad, letters + 2 * pad],
    [x, y] = at(wide, high);
  taken.push([x, y, x + wide, y + high]);
  context.fillStyle = GROUND;
  context.fillRect(x, y, wide, high);
  Object.assign(context, { fillStyle: DRAWN, textAlign: "left", textBaseline: "middle" });
  context.fillText(text, x + pad, y + high / 2);
}

// Whether a box has a part of the line between two points.
function liesOn([x0, y0, x1, y1], [[ax, ay], [bx, by]]) {
  const steps = Math.max(Math.floor(Math.hypot(bx - ax, by - ay)), 1);
  for (let step = 0; step <= steps; step++) {
    const [x, y] = [ax + ((bx - ax) * step) / steps, ay + ((by - ay) * step) / steps];
    if (x >= x0 && x < x1 && y >= y0 && y < y1) return true;
  }
  return false;
}

// Where a label covers the fewest others and crosses, then the fewest lines, then the fewest pixels of structures: about its boxes, or in a corner
// of the picture.
function placed([wide, high], boxes, [width, height], taken, inside) {
  const gap = 4,
    [right, bottom] = [width - wide - gap, height - high - gap];
  const about = ([x0, y0, x1, y1]) => [
    [x0, y0 - high - gap], [x0, y1 + gap], [x1 + gap, y0], [x0 - wide - gap, y0],
    [x1 - wide, y0 - high - gap], [x1 - wide, y1 + gap], [x1 + gap, y1 - high], [x0 - wide - gap, y1 - high],
  ];
  const places = [
    ...boxes.flatMap(about),
    [gap, gap], [right, gap], [gap, bottom], [right, bottom], boxes[0].slice(0, 2),
  ].map(([x, y]) => [Math.min(Math.max(x, 1), Math.max(width - wide - 1, 1)), Math.min(Math.max(y, 1), Math.max(height - high - 1, 1))]);
  const cost = ([x, y]) => {
    const others = taken.filter(([a, b, c, d]) => x < c && a < x + wide && y < d && b < y + high).length;
    return others * 1e9 + inside(x, y, x + wide, y + high);
  };
  return places.map((place) => [cost(place), place]).reduce((best, one) => (one[0] < best[0] ? one : best))[1];
}

function pixelsIn(ids, { width, height }, [x0, y0, x1, y1]) {
  let count = 0;
  for (let y = Math.max(y0, 0); y <= Math.min(y1, height - 1); y++) {
    for (let x = Math.max(x0, 0); x <= Math.min(x1, width - 1); x++) count += ids[y * width + x] ? 1 : 0;
  }
  return count;
}
