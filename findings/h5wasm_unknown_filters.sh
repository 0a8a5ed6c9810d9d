#!/usr/bin/env bash
# h5wasm 0.10.3 (HDF5 in the browser): a data set in Blosc or LZF, as zea writes ultrasound, isn't refused; its "pixels" are whatever lay in memory, other numbers each time. jsfive 0.4.2: what was never written is undefined.
#
# Expected: what the library can't decompress it refuses, as h5py and jsfive do ("Filter with id:32000 not supported"). Signed integers of 12 bits are signed; chunks that were never
# written have the data set's fill value, by HDF5 0 unless another is given.
# What happens: get(name).value and slice() of h5wasm are an array of the right type and size, whose contents nobody wrote: parts of what was read before, or of the library's own memory.
# The library's messages go to the console's error stream; nothing is thrown and nothing is null. zea 0.1.8 writes Blosc by default and wrote LZF before (gzip on request), so no
# picture of its files is what was recorded. (The package h5wasm-plugins has these filters for who knows that they are needed.) Deflate, shuffle, Fletcher's sums and scale-offset are right.
# Signed 12 bits, as analogue-to-digital converters deliver, come as 4091 for -5, from jsfive, too. In jsfive what was never written is undefined, for the fill value.
# Why it matters: viewers of HDF5 in the browser and in editors are made of these two. What they show looks like noise, or like another cine.
# Seen on 1 December 2026 with h5wasm 0.10.3, jsfive 0.4.2, h5py 3.16.0, hdf5plugin 7.1.0, numpy 2.4.6, Node 20.20.2, Python 3.11. Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" h5py==3.16.0 hdf5plugin==7.1.0 numpy==2.4.6
cd "$folder"
PYTHONPATH=$folder/packages python3 -s - <<'PYTHON'
import h5py
import hdf5plugin
import numpy as np

for name, grey in (("first", 50), ("second", 150)):
    frame = np.full((64, 64), grey, np.uint8)
    with h5py.File(f"{name}.h5", "w") as file:
        file.create_dataset("lzf", data=frame, chunks=(32, 32), compression="lzf")
        file.create_dataset("blosc", data=frame, chunks=(32, 32), **hdf5plugin.Blosc(cname="zstd", shuffle=1))
        file.create_dataset("gzip", data=frame, chunks=(32, 32), compression="gzip", shuffle=True, fletcher32=True)
        part = file.create_dataset("part", shape=(64, 64), chunks=(32, 32), dtype="f4", fillvalue=-1)
        part[:32] = grey
        unset = file.create_dataset("unset", shape=(64, 64), dtype="u1")
        assert int(unset[0, 0]) == 0 and float(part[40, 0]) == -1
        twelve = h5py.h5t.STD_I16LE.copy()
        twelve.set_precision(12)
        made = h5py.h5d.create(file.id, b"twelve", twelve, h5py.h5s.create_simple((10,)))
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(-5, 5, dtype=np.int16))
        assert file["twelve"][:].tolist() == list(range(-5, 5))
        assert all((file[key][:] == grey).all() for key in ("lzf", "blosc", "gzip"))
PYTHON
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts h5wasm@0.10.3 jsfive@0.4.2 >/dev/null 2>&1
cat >read.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import h5wasm from 'h5wasm/node';
import * as jsfive from 'jsfive';

await h5wasm.ready;
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
console.log('h5wasm', version('h5wasm'), '- jsfive', version('jsfive'));
const told = (values, right) => {
  const wrong = values.filter((value) => value !== right).length;
  return `${wrong} of ${values.length} wrong${wrong ? `, from ${Math.min(...values)} to ${Math.max(...values)}` : ''}`;
};
for (const [name, grey] of [['first', 50], ['second', 150]]) {
  const bytes = readFileSync(`${name}.h5`);
  const other = new jsfive.File(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), name);
  const file = new h5wasm.File(`${name}.h5`, 'r');
  for (const key of ['lzf', 'blosc', 'gzip']) {
    const values = Array.from(file.get(key).value);
    console.log(`   ${name} file, even ${grey} in ${key}: ${told(values, grey)}`);
    assert.strictEqual(values.length, 64 * 64);
    const wrong = values.filter((value) => value !== grey).length;
    assert(key === 'gzip' ? wrong === 0 : wrong > 2000);
    if (key !== 'gzip') assert.throws(() => other.get(key).value);
    else assert(Array.from(other.get(key).value).every((value) => value === grey));
  }
  const cells = [file, other].map((reader) => [reader.get('part').value[40 * 64], reader.get('unset').value[0], Array.from(reader.get('twelve').value).slice(0, 6)]);
  console.log(`   never written, -1 and 0: h5wasm ${cells[0][0]} and ${cells[0][1]}, jsfive ${cells[1][0]} and ${cells[1][1]}; -5 to 0 in 12 bits: ${cells[0][2].join(' ')}; ${cells[1][2].join(' ')}`);
  assert.deepStrictEqual(cells, [[-1, 0, [4091, 4092, 4093, 4094, 4095, 0]], [undefined, undefined, [4091, 4092, 4093, 4094, 4095, 0]]]);
}
console.log('as stated');
JS
node read.mjs 2>/dev/null
