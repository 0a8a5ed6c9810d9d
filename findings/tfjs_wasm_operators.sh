#!/usr/bin/env bash
# TensorFlow.js 4.22.0, backend wasm: an eroded frame is black, the largest of negative values is 0 in 3D, mirrored borders are smeared on one side, and from the second row on a batch gets one bias: all right with backend cpu.
#
# Expected: the backends answer the same, to rounding, or refuse (einsum and unsortedSegmentSum say that wasm has no kernel).
# What happens: dilation2d begins at the smallest positive float (1.2e-38), so that whatever is below 0 becomes 0: erosion, which is the dilation of the negative (-dilation2d(-x)), makes 0 of every frame, and a frame in dB dilated is 0 dB. maxPool3d does the same
# (maxPool doesn't): logits of -5, -9, -7 and -8 give 0. image.transform with fillMode "reflect" puts the last pixel left of and above the frame: 6 6 6 6 | 1 2 3 for 4 3 2 1 | 1 2 3. fused.matMul of two or more items with a bias gives the first
# row of each item its bias (10, 20) and all others the last one (20, 20). Nothing is said.
# Why it matters: wasm is the backend where a browser has no WebGL, and on phones. Masks are cleaned by erosion, volumes pooled by their maximum, frames turned with mirrored borders, and layers over tokens are such products.
# Seen on 1 December 2026 with @tensorflow/tfjs-core, tfjs-backend-cpu and tfjs-backend-wasm 4.22.0, Node 20.20.2.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 >/dev/null 2>&1
cat >run.mjs <<'JS'
import assert from 'node:assert';
import { resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

setWasmPaths(`${resolve('node_modules/@tensorflow/tfjs-backend-wasm/dist')}/`);
console.warn = () => {};
const print = console.log;
const flat = async (tensor) => Array.from(await tensor.data()).map((value) => Math.round(value * 1000) / 1000 + 0);
async function answers(backend) {
  assert(await tf.setBackend(backend));
  await tf.ready();
  const frame = tf.tensor4d([5, 9, 7, 8], [1, 2, 2, 1]);
  const square = tf.zeros([2, 2, 1]);
  const row = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 1, 6, 1]);
  const column = tf.tensor4d([1, 2, 3, 4], [1, 4, 1, 1]);
  const items = (many) => tf.fused.matMul({ a: tf.ones([many, 3, 4]), b: tf.ones([many, 4, 2]), bias: tf.tensor1d([10, 20]) });
  return {
    dilated: await flat(tf.dilation2d(frame, square, 1, 'same')),
    eroded: await flat(tf.neg(tf.dilation2d(tf.neg(frame), square, 1, 'same'))),
    decibels: await flat(tf.dilation2d(tf.neg(frame), square, 1, 'same')),
    pooled: await flat(tf.maxPool(tf.neg(frame), 2, 2, 'valid')),
    pooled3d: await flat(tf.maxPool3d(tf.reshape(tf.neg(frame), [1, 1, 2, 2, 1]), [1, 2, 2], [1, 2, 2], 'valid')),
    left: await flat(tf.image.transform(row, tf.tensor2d([[1, 0, -4, 0, 1, 0, 0, 0]]), 'nearest', 'reflect', 0, [1, 14])),
    above: await flat(tf.image.transform(column, tf.tensor2d([[1, 0, 0, 0, 1, -2, 0, 0]]), 'nearest', 'reflect', 0, [8, 1])),
    one: await flat(items(1)),
    two: await flat(items(2)),
  };
}
const [cpu, wasm] = [await answers('cpu'), await answers('wasm')];
for (const name of Object.keys(cpu)) print(`${name}: cpu ${cpu[name].join(' ')}; wasm ${wasm[name].join(' ')}`);
for (const name of ['dilated', 'pooled', 'one']) assert.deepStrictEqual(cpu[name], wasm[name]);
assert.deepStrictEqual([cpu.eroded, cpu.decibels, cpu.pooled3d], [[5, 8, 7, 8], [-5, -8, -7, -8], [-5]]);
assert.deepStrictEqual([wasm.eroded, wasm.decibels, wasm.pooled3d], [[0, 0, 0, 0], [0, 0, 0, 0], [0]]);
assert.deepStrictEqual(cpu.left, [4, 3, 2, 1, 1, 2, 3, 4, 5, 6, 6, 5, 4, 3]);
assert.deepStrictEqual(wasm.left, [6, 6, 6, 6, 1, 2, 3, 4, 5, 6, 6, 5, 4, 3]);
assert.deepStrictEqual([cpu.above, wasm.above], [[2, 1, 1, 2, 3, 4, 4, 3], [4, 4, 1, 2, 3, 4, 4, 3]]);
assert.deepStrictEqual(cpu.two, [14, 24, 14, 24, 14, 24, 14, 24, 14, 24, 14, 24]);
assert.deepStrictEqual(wasm.two, [14, 24, 24, 24, 24, 24, 14, 24, 24, 24, 24, 24]);
print('as stated');
JS
node run.mjs
