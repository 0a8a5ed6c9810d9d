#!/usr/bin/env bash
# @niivue/niivue 0.69.0 (NIfTI, NRRD and MetaImage in the browser): a single ultrasound picture is measured in pixels, turned by half a turn, or a
# thousand times too small, by its format.
#
# Expected: one picture of 36 x 24 pixels of 0.2 x 0.5 mm, written by SimpleITK as 2D .nii, .mha and .nrrd, has the same millimetres and lies at the
# same place, as its 3D files of one slice do. NIfTI in metres or micrometres is brought to mm, by the unit that its header states.
# What happens: of a 2D NRRD the spacing isn't read (1 mm for 0.2 and 0.5; a vector's colours become its first axis); a 2D MetaImage isn't turned
# from ITK's axes (left and posterior) to NIfTI's, where 3D ones and NIfTI are, so that a mask in it lies opposite its image. Of NIfTI the unit is
# ignored: pixels of 0.0002 m are 0.0002 mm, of 200 um 200 mm. Nothing is raised.
# Why it matters: ultrasound is two-dimensional, and SimpleITK writes it so. The ruler's "mm" are pixels, and a mask laid over its
# picture marks the other side. k-Wave and raw channel data are in metres.
# Seen on 29 November 2026 with @niivue/niivue 0.69.0, SimpleITK 2.5.7, nibabel 5.4.2, numpy 2.4.6, Node 20.20.2.
# Needs node and npm. NVImage is called in Node; no page is opened.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" SimpleITK==2.5.7 nibabel==5.4.2 numpy==2.4.6
cd "$folder"
PYTHONPATH=$folder/packages python3 -s - <<'PYTHON'
import nibabel as nib
import numpy as np
import SimpleITK as sitk

picture = np.zeros((24, 36), np.uint8)
picture[3:6, 5:15] = 200
for kind in ("nii", "mha", "nrrd"):
    for name, array, spacing in (("flat", picture, (0.2, 0.5)), ("slice", picture[None], (0.2, 0.5, 1))):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(spacing)
        sitk.WriteImage(image, f"{name}.{kind}")
for unit, each in (("mm", 1), ("meter", 0.001), ("micron", 1000)):
    image = nib.Nifti1Image(picture.T[..., None], np.diag([0.2 * each, 0.5 * each, each, 1]))
    image.header.set_xyzt_units(unit)
    nib.save(image, f"{unit}.nii")
PYTHON
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @niivue/niivue@0.69.0 >/dev/null 2>&1
cat >read.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';

globalThis.window = globalThis;
globalThis.HTMLElement = class {};
globalThis.document = { createElement: () => ({ getContext: () => null }) };
console.warn = () => {};
const { NVImage } = await import('@niivue/niivue');
const { version } = JSON.parse(readFileSync('node_modules/@niivue/niivue/package.json', 'utf8'));
console.log('@niivue/niivue', version, '; size of a pixel, and place of the rectangle, as "mm":');
const found = {};
for (const name of ['flat.nii', 'flat.mha', 'flat.nrrd', 'slice.nii', 'slice.mha', 'slice.nrrd', 'mm.nii', 'meter.nii', 'micron.nii']) {
  const image = await NVImage.new(new Uint8Array(readFileSync(name)).buffer, name, 'gray', 1, null, NaN, NaN, true);
  const at = [0, 0];
  let count = 0;
  image.img.forEach((value, index) => {
    if (!value) return;
    at[0] += index % 36;
    at[1] += Math.floor(index / 36);
    count += 1;
  });
  const [x, y] = at.map((sum) => sum / count);
  const mm = image.hdr.affine.slice(0, 2).map((row) => Number((row[0] * x + row[1] * y + row[3]).toFixed(4)));
  found[name] = { pixel: image.pixDimsRAS.slice(1, 3).map((size) => Number(size.toFixed(6))), at: mm };
  console.log(`   ${name}:`, JSON.stringify(found[name]));
}
const right = { pixel: [0.2, 0.5], at: [-1.9, -2] };
for (const name of ['flat.nii', 'slice.nii', 'slice.mha', 'slice.nrrd']) assert.deepStrictEqual(found[name], right);
assert.deepStrictEqual(found['flat.mha'], { pixel: [0.2, 0.5], at: [1.9, 2] });
assert.deepStrictEqual(found['flat.nrrd'], { pixel: [1, 1], at: [9.5, 4] });
assert.deepStrictEqual(['mm', 'meter', 'micron'].map((unit) => found[`${unit}.nii`].pixel[0]), [0.2, 0.0002, 200]);
console.log('as stated');
JS
node read.mjs 2>&1 | grep -v '^niivue-warn'
