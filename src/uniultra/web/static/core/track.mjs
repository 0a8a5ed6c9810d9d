// A structure followed through a cine, one frame at a time: the steps of uniultra/tracking, for one structure. A state is what is
// remembered between two frames; it is never changed in place.

import { anchored, atOnce, followed, maskAt } from "./anchor.mjs";
import { atEdge, flowBetween } from "./flow.mjs";
import { clipBox, regionAround, smoothed } from "./geometry.mjs";
import { evenRound } from "./masks.mjs";
import { agreement, areaOf, boxOf, carried, gridOf, innerPoint, logitsOf, moved } from "./grid.mjs";
import { areaResized, correlation, cropped, matched } from "./resample.mjs";
import { cellsOf, contrastOf, learnt, withSure } from "./target.mjs";
import { partsInside, resemblance, tissueOf } from "./tissue.mjs";

// Constants and weights as tracking/confidence.py has them, and why.
const SURE = 0.8, UNSURE = 0.79, PLAIN = 0.75, LOST = 0.5, FOUND_THERE = 0.65, ABSENT_AFTER = 5, MOST_GROWTH = 2.5, SURE_GROWTH = 1.5, MOST_CHANGE = 3;
const EXPLAINED = 0.95, EXPLAINED_FROM = 0.75, EXPLAINED_SPAN = 0.2, AROUND = 1.4, STRETCH = 4;
const WEIGHTS = [-25.5, 0.5, 7.9, 12.6, 12.6, 5.9], STANDING = [-14.7, 0.9, 3.2, 15.3, 3.1, -1.5], MOST_STABLE = 0.9, DISTINCT = 0.2;
const NO_HOLD = 0.05, STEADY = 0.9, WORSE = 0.08, HELD_GROWTH = 1.3, UNLIKE = 0.5, KIN = 0.6, KIN_LIKE = 0.4, KIN_GROWTH = 1.7;
const FIRM = 0.95, FIRM_LIKE = 0.3, FIRM_GROWTH = 1.2, FIRM_WORSE = 0.03;
const MOVED_ALONG = 0.8, MOVED_GROWTH = 1.5, FAMILIAR = 0.85, RESIZED = 1.6, SAME = 0.9, SAME_SHAPE = 0.95, AS_GOOD = 0.05;
const PARTLY = 0.9, DIRECT = 0.9, NESTED = 0.5; // as tracking/anchor.py and answers.py
const CUT = 0.9; // as tracking/motion.py
const VIEW_SIDE = 128, PATCH = 32, BLUR = 1.5, REACH = 0.2;

// Resolves to the state after a frame on which the mask (Uint8Array) is confirmed. What later frames' qualities are compared with is the
// decoder's own for the mask's box and innermost point, as theirs are: the one that was told may have been corrected, or the mask drawn by hand.
export async function begin(segmenter, image, mask) {
  const view = viewOf(image);
  const box = clipBox(boxOfMask(mask, image), image), crop = segmenter.cropOf(box), grid = gridOf(logitsOf(mask, image, crop), image, crop), seen = appearance(image, box);
  const shown = await segmenter.features(image, crop), parts = partsInside(shown, grid), prompt = promptOf(grid, image);
  const tissue = tissueOf(shown, grid, parts), target = learnt(cellsOf(shown, parts));
  const { quality } = prompt ? await segmenter.refined(image, prompt) : { quality: 0 };
  return { size: { width: image.width, height: image.height }, view, grid, sureGrid: grid, sureView: view, first: seen, sure: seen, anchor: anchored(image, grid, quality, view), tissue, target, lost: 0, steady: 1, doubted: 0 };
}

// Resolves to [answer, state]: {mask, quality, status, confidence} of the next frame, status one of sure, unsure, lost, absent.
export async function step(segmenter, state, image) {
  if (image.width !== state.size.width || image.height !== state.size.height) throw new Error("a track needs frames of one size; begin again on this frame");
  const view = viewOf(image), still = view.pixels.every((value, i) => value === state.view.pixels[i]);
  const flow = still ? null : flowBetween(view, state.view), expected = flow ? carried(state.grid, flow, image) : state.grid;
  const anchor = followed(state.anchor, image, flow, expected.region), now = { ...state, anchor };
  const one = still ? state : now;
  let found = explained(now, image, expected.region);
  found ??= directly(one, image, instead(one, image, await answer(segmenter, one, image, expected), expected), view);
  const cut = wasCut(view, state.view), there = () => (cut ? carried(one.sureGrid, flowBetween(view, one.sureView), image) : one.sureGrid);
  const searches = [[there, FOUND_THERE], [() => alike(one, view, image), SURE]];
  for (const [turn, [search, least]] of searches.entries()) {
    if (found.confidence >= LOST) break;
    if (!cut && one.doubted >= ABSENT_AFTER && one.doubted % 2 !== turn) continue;
    const other = await answer(segmenter, one, image, search());
    if (other.confidence >= least) found = other;
  }
  return concluded(one, found, still, view, expected);
}

function boxOfMask(mask, { width, height }) {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < width * height; i++) {
    if (!mask[i]) continue;
    const x = i % width, y = (i - x) / width;
    [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
  }
  if (x0 === Infinity) throw new Error("the mask is empty; segment the structure on this frame first");
  return { x0: x0 - 0.5, y0: y0 - 0.5, x1: x1 + 0.5, y1: y1 + 0.5 };
}

export function viewOf(image) {
  const scale = VIEW_SIDE / Math.max(image.width, image.height);
  if (scale >= 1) return image;
  return areaResized(image, Math.max(Math.round(image.width * scale), 1), Math.max(Math.round(image.height * scale), 1));
}

// Whether the picture is another than on the frame before, all of it.
export const wasCut = (view, before) => view.pixels.some((value, i) => value !== before.pixels[i]) && correlation(view.pixels, before.pixels) < CUT;

const shownAround = (box) => regionAround(box, AROUND, STRETCH);

// What a box and its surroundings look like.
export function appearance(image, box) {
  const region = shownAround(box), clamp = (value, most) => evenRound(Math.min(Math.max(value, 0), most));
  const [x0, x1] = [clamp(region.x0, image.width), clamp(region.x1, image.width)], [y0, y1] = [clamp(region.y0, image.height), clamp(region.y1, image.height)];
  if (x1 <= x0 || y1 <= y0) return { width: PATCH, height: PATCH, pixels: new Uint8Array(PATCH * PATCH) };
  return areaResized(cropped(image, x0, y0, x1, y1), PATCH, PATCH);
}

export const likeness = (a, b) => correlation(smoothed(a, BLUR).pixels, smoothed(b, BLUR).pixels);

// The mask of the prompted frame, where that explains what is seen; else null.
function explained(one, image, region) {
  return one.anchor.likeness < EXPLAINED ? null : registered(one, image, region, { least: one.anchor.likeness });
}

// The same, carried here at once, where it explains what is seen better than step by step: the track has drifted. Else the model's.
function directly(one, image, found, view) {
  if (one.anchor.likeness >= EXPLAINED) return found;
  const anchor = atOnce(one.anchor, image, flowBetween(view, one.anchor.view));
  const better = anchor.likeness >= Math.max(DIRECT, one.anchor.likeness);
  const other = better ? registered({ ...one, anchor }, image, anchor.at, { least: anchor.likeness }) : null;
  if (!other) return found;
  const kept = { ...other, growth: Math.min(other.growth, other.changed) }; // what was last sure may have drifted, too
  return { ...kept, confidence: chance(kept) };
}

// The same where that frame partly explains what is seen and the model's mask isn't sure and lies there too, but is of quite another size;
// else the model's.
function instead(one, image, found, expected) {
  if (found.confidence >= SURE || one.anchor.likeness < PARTLY || one.anchor.likeness >= EXPLAINED || !boxOf(found.grid)) return found;
  const other = registered(one, image, expected.region, { resembles: found.resembles });
  if (!other || areaRatio(found.grid, other.grid) <= SURE_GROWTH) return found;
  return other.growth > SURE_GROWTH || other.confidence < LOST || agreement(found.grid, other.grid) < NESTED ? found : other;
}

function registered(one, image, region, known) {
  const grid = maskAt(one.anchor, region), box = boxOf(grid);
  if (!box || !promptOf(grid, image)) return null;
  const { mask } = grid.pasted(image);
  return weighed(one, grid, mask, appearance(image, clipBox(box, image)), one.anchor.quality, known);
}

// The model's answer to the box of an expected mask and its innermost point.
async function answer(segmenter, one, image, expected) {
  const prompt = promptOf(expected, image);
  if (!prompt) return nothing(one, image);
  const found = withinReach(await segmenter.refined(image, prompt), prompt.box, image);
  const box = found.mask.includes(1) ? clipBox(boxOfMask(found.mask, image), image) : null;
  if (!box) return nothing(one, image);
  const grid = gridOf(found.logits, image, segmenter.cropOf(box)), shown = await segmenter.features(image, segmenter.cropOf(prompt.box));
  const parts = partsInside(shown, grid), resembles = resemblance(tissueOf(shown, grid, parts), one.tissue), cells = cellsOf(shown, parts);
  const contrast = one.target && cells && contrastOf(one.target, cells);
  return { ...weighed(one, grid, found.mask, appearance(image, box), found.quality, { resembles, contrast }), cells };
}

// An answer without what lies farther beyond its prompt's box than REACH allows.
export function withinReach({ mask, logits, ...rest }, { x0, y0, x1, y1 }, { width, height }) {
  const [across, down] = [REACH * (x1 - x0), REACH * (y1 - y0)], from = (value) => Math.max(Math.trunc(value), 0);
  const [left, top, right, bottom] = [from(x0 - across), from(y0 - down), from(x1 + across) + 1, from(y1 + down) + 1];
  const cut = { mask: mask.slice(), logits: logits.slice() };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (mask[i] && (x < left || x > right || y < top || y > bottom)) [cut.mask[i], cut.logits[i]] = [0, -logits[i]];
    }
  }
  return { ...rest, ...cut };
}

function promptOf(grid, image) {
  const found = boxOf(grid), box = found && clipBox(found, image);
  if (!box || box.x1 - box.x0 < 1 || box.y1 - box.y0 < 1) return null;
  const clamp = (value, length) => Math.min(Math.max(value, -0.5), length - 0.5), [x, y] = innerPoint(grid);
  return { box, points: [[clamp(x, image.width), clamp(y, image.height)]], negatives: [] };
}

const nothing = (one, { width, height }) => ({ mask: new Uint8Array(width * height), grid: one.grid, seen: one.sure, quality: 0, growth: 1, confidence: 0, standing: null, resembles: 0.5, likeFirst: -1, changed: 1, explained: 0, contrast: null });

// `least`: the likeness to the confirmed frame that is known already; `contrast`: to what lies beside it, null where the model wasn't asked.
function weighed(one, grid, mask, seen, quality, { resembles = 1, least = -1, contrast = null }) {
  const evidence = {
    quality, firstQuality: one.anchor.quality, likeFirst: Math.max(likeness(seen, one.first), least), stable: stability(grid.logits),
    explained: one.anchor.likeness, growth: areaRatio(grid, one.sureGrid), changed: areaRatio(grid, one.anchor.grid), resembles, contrast,
    absent: one.lost >= ABSENT_AFTER,
  };
  return { mask, grid, seen, ...evidence, confidence: chance(evidence), standing: standingOf(evidence) };
}

function areaRatio(one, other) {
  const [a, b] = [Math.max(areaOf(one), 1), Math.max(areaOf(other), 1)];
  return Math.max(a, b) / Math.min(a, b);
}

function stability(logits) {
  let [inner, outer] = [0, 0];
  for (const value of logits) { inner += value > 1; outer += value > -1; }
  return inner / Math.max(outer, 1);
}

// The confidence that evidence gives, by which a frame is remembered.
export function chance({ quality, firstQuality, likeFirst, stable, explained, growth, changed, resembles }) {
  if (growth > MOST_GROWTH) return 0;
  const registered = Math.min(Math.max((explained - EXPLAINED_FROM) / EXPLAINED_SPAN, 0), 1);
  const most = changed > MOST_CHANGE || growth > SURE_GROWTH ? UNSURE : 1;
  return Math.min(logistic(WEIGHTS, [1, quality, firstQuality, likeFirst, stable, registered]), resembles < UNLIKE ? LOST - 0.01 : most);
}

// The same chance by what was learnt of the structure, by which its mask is shown or hidden; null where the model wasn't asked.
export function standingOf({ contrast, growth, resembles, likeFirst, stable, absent }) {
  if (contrast === null) return null;
  if (growth > MOST_GROWTH || (resembles < KIN && likeFirst < FIRM_LIKE)) return 0;
  return logistic(STANDING, [1, contrast, resembles, Math.min(stable, MOST_STABLE), likeFirst, absent ? 1 : 0]);
}

function logistic(weights, values) {
  const logit = values.reduce((sum, value, i) => sum + weights[i] * value, 0);
  return 1 / (1 + Math.exp(-Math.min(Math.max(logit, -30), 30)));
}

// A structure that was lost, moved to where the frame looks most like it did when it was last sure.
function alike(one, view, image) {
  const box = boxOf(one.sureGrid);
  if (!box) return one.sureGrid;
  const shown = shownAround(clipBox(box, image)), [sx, sy] = [view.width / image.width, view.height / image.height];
  const width = Math.max(Math.round((shown.x1 - shown.x0) * sx), 1), height = Math.max(Math.round((shown.y1 - shown.y0) * sy), 1);
  if (!(width >= 4 && width <= view.width && height >= 4 && height <= view.height)) return one.sureGrid;
  const [column, row] = matched(view, stretched(one.sure, width, height));
  return moved(one.sureGrid, column / sx - 0.5 - shown.x0, row / sy - 0.5 - shown.y0);
}

function stretched({ width, height, pixels }, toWidth, toHeight) {
  const out = new Uint8Array(toWidth * toHeight);
  for (let y = 0; y < toHeight; y++) {
    for (let x = 0; x < toWidth; x++) out[y * toWidth + x] = Math.round(atEdge(pixels, width, height, ((x + 0.5) * width) / toWidth - 0.5, ((y + 0.5) * height) / toHeight - 0.5));
  }
  return { width: toWidth, height: toHeight, pixels: out };
}

// Whether a frame that looks unlike the prompted one is unsure rather than lost.
export function holdsOn({ quality, growth, confidence, standing, resembles, likeFirst }, one, steady, agreed) {
  if (standing !== null) return standing >= LOST;
  const worse = one.anchor.quality - quality;
  if (worse > WORSE) return false;
  if (resembles < UNLIKE) return Math.min(steady, agreed) >= FIRM && growth <= FIRM_GROWTH && worse <= FIRM_WORSE && likeFirst >= FIRM_LIKE;
  const followed = confidence >= NO_HOLD && steady >= STEADY && growth <= HELD_GROWTH;
  const alike = likeFirst >= KIN_LIKE && growth <= KIN_GROWTH, there = agreed >= MOVED_ALONG && growth <= MOVED_GROWTH;
  return followed || (resembles >= KIN && (alike || there));
}

// The status and confidence that are said of an answer, whatever is remembered: one whose standing is below LOST is called lost, a sure one
// that isn't plain unsure, and an unsure one sure where its tissue, its shape and the model's quality are all as they were.
export function said(status, found, one, agreed) {
  const { confidence, standing, resembles, growth, quality } = found, plain = isPlain(found);
  if (standing !== null && standing < LOST) return { status: "lost", confidence: Math.min(confidence, standing) };
  if (status === "sure" && !plain) return { status: "unsure", confidence: Math.min(confidence, UNSURE) };
  const same = resembles >= SAME && agreed >= SAME_SHAPE && growth <= SURE_GROWTH && quality >= one.anchor.quality - AS_GOOD;
  if (status === "unsure" && same && plain) return { status: "sure", confidence: Math.max(confidence, SURE) };
  return { status, confidence };
}

function isPlain({ quality, explained, changed, contrast }) {
  if (explained >= EXPLAINED) return true;
  const distinct = contrast === null || contrast >= DISTINCT;
  return quality >= PLAIN && distinct && !(explained >= FAMILIAR && changed > RESIZED);
}

function concluded(before, found, still, view, expected) {
  const { mask, grid, seen, quality, confidence } = found, along = agreement(grid, expected), steady = Math.min(before.steady, along);
  const agreed = before.lost >= ABSENT_AFTER ? 0 : along; // what was absent moved along with a guess
  const one = { ...before, steady, doubted: confidence < LOST ? before.doubted + 1 : 0 }, shown = confidence >= LOST || holdsOn(found, one, steady, agreed);
  const status = confidence >= SURE ? "sure" : shown ? "unsure" : one.lost + 1 < ABSENT_AFTER ? "lost" : "absent";
  const empty = new Uint8Array(mask.length);
  if (!shown) return [{ mask: empty, quality: 0, status, confidence }, { ...one, view, grid, lost: one.lost + 1 }];
  const told = said(status, found, one, agreed), answer = { ...told, ...(told.status === "lost" ? { mask: empty, quality: 0 } : { mask, quality }) };
  if (still && !one.lost) return [answer, { ...one, view }];
  const next = { ...one, view, grid, lost: 0 };
  if (status !== "sure") return [answer, next];
  const target = one.target && found.cells ? withSure(one.target, found.cells) : one.target;
  return [answer, { ...next, sureGrid: grid, sureView: view, sure: seen, steady: 1, target }];
}
