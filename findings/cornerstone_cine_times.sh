#!/usr/bin/env bash
# @cornerstonejs/tools 5.14.0 (the cine of OHIF and others): by a FrameTimeVector each frame is shown for the time of the one before, an even vector
# is played at 30 frames a second whatever it says, and the next cine in a viewport has the times of the first.
#
# Expected: playClip(element, { frameTimeVector }) shows frame i until frame i + 1 is due: of 0, 20, 100, 20, 60 ms (PS3.3 C.7.6.5.1.2) 20, 100,
# 20 and 60 ms; of 0, 20, 20, 20, 20 each 20 ms.
# What happens: the wait is looked up before the next frame is set, so that frame 1 has the 20 ms that belong to frame 0, and frame 0 the mean of
# all, 50. An even vector counts as none: 33 ms for 20. Fractions are cut off (16.9: 16). The vector is kept at the first call in a viewport:
# another cine of as many frames plays by it, one of more or fewer frames at 30 a second. One framesPerSecond, ever, and no vector counts any more.
# Why it matters: a heart of 50 frames a second beats at 60 % of its rate, and a cine whose frames come when the machine had time moves in jerks
# that the patient didn't make. Time in a loop is what stress echo and contrast are read by.
# Seen on 29 November 2026 with @cornerstonejs/tools and core 5.14.0, Node 20.20.2. Nothing is waited for: the script keeps the clock, and the viewport
# is a StackViewport that shows at once.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cornerstonejs/core@5.14.0 @cornerstonejs/tools@5.14.0 >/dev/null 2>&1
cat >cine.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';

globalThis.window = globalThis;
console.warn = () => {};
const core = await import('@cornerstonejs/core');
const { default: engines } = await import('./node_modules/@cornerstonejs/core/dist/esm/RenderingEngine/renderingEngineCache.js');
const { playClip, stopClip } = await import('./node_modules/@cornerstonejs/tools/dist/esm/utilities/cine/playClip.js');
const { version } = JSON.parse(readFileSync('node_modules/@cornerstonejs/tools/package.json', 'utf8'));

/** A stack viewport that shows at once what it is told to; time is counted, not waited for. */
function viewer(id, frames) {
  const element = Object.assign(new EventTarget(), { dataset: { viewportUid: id, renderingEngineUid: id } });
  const shown = { index: 0 };
  const viewport = Object.assign(Object.create(core.StackViewport.prototype), { id, element, viewportStatus: core.Enums.ViewportStatus.RENDERED });
  const count = () => Array.from({ length: shown.frames }, (_, frame) => `us:${frame}`);
  shown.frames = frames;
  Object.assign(viewport, {
    getImageIds: count, getTargetImageIdIndex: () => shown.index, getCurrentImageIdIndex: () => shown.index,
    getFrameOfReferenceUID: () => '1.2.3', scroll: (delta) => { shown.index += delta; },
  });
  engines.set({ id, hasBeenDestroyed: false, getViewport: () => viewport });
  return { element, shown };
}

/** How long each frame is shown, in ms, from the start of the second round on. */
function durations(view, frames, options) {
  Object.assign(view.shown, { frames, index: 0 });
  const waiting = [];
  let now = 0;
  const asked = (again) => (action, ms) => waiting.push({ at: now + ms, action, again: again && ms }) && waiting.at(-1);
  const kept = [globalThis.setTimeout, globalThis.setInterval, globalThis.clearTimeout, globalThis.clearInterval];
  const clear = (timer) => waiting.splice(waiting.indexOf(timer), 1);
  [globalThis.setTimeout, globalThis.setInterval, globalThis.clearTimeout, globalThis.clearInterval] = [asked(false), asked(true), clear, clear];
  const changes = [];
  playClip(view.element, options);
  while (changes.length < 2 * frames + 2) {
    const next = waiting.reduce((first, one) => (one.at < first.at ? one : first));
    now = next.at;
    if (next.again) next.at += next.again;
    else clear(next);
    next.action();
    changes.push([view.shown.index, now]);
  }
  stopClip(view.element);
  [globalThis.setTimeout, globalThis.setInterval, globalThis.clearTimeout, globalThis.clearInterval] = kept;
  const from = changes.findIndex(([frame], place) => frame === 0 && place > 0);
  return Array.from({ length: frames }, (_, frame) => Math.round(changes[from + frame + 1][1] - changes[from + frame][1]));
}

const uneven = [0, 20, 100, 20, 60];
const view = viewer('one', 5);
const found = {
  uneven: durations(view, 5, { frameTimeVector: uneven }),
  'the next cine there': durations(view, 5, { frameTimeVector: [0, 200, 10, 200, 10] }),
  'one of four frames after it': durations(view, 4, { frameTimeVector: [0, 200, 10, 200] }),
  even: durations(viewer('two', 5), 5, { frameTimeVector: [0, 20, 20, 20, 20] }),
  fractions: durations(viewer('three', 5), 5, { frameTimeVector: [0, 16.9, 16.9, 33.8, 16.9] }),
};
console.log('@cornerstonejs/tools', version, '; ms that each frame is shown:');
for (const [name, times] of Object.entries(found)) console.log(`   ${name}:`, times.join(', '));
assert.deepStrictEqual(found, {
  uneven: [50, 20, 100, 20, 60], 'the next cine there': [50, 20, 100, 20, 60], 'one of four frames after it': [33, 33, 33, 33],
  even: [33, 33, 33, 33, 33], fractions: [20, 16, 16, 33, 16],
});
console.log('as stated');
JS
node cine.mjs
