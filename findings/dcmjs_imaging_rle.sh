#!/usr/bin/env bash
# dcmjs-imaging 0.2.5 (DICOM pictures in Node and browsers, on dcmjs): colour in RLE comes out in other colours, whatever the header says.
#
# Expected: its README lists RLE Lossless; the picture is the one that dcmtk, GDCM and pydicom show. (The segments of RLE are planes
# in any case, PS3.5 G.2; PlanarConfiguration says nothing of them.)
# What happens: RGB of 200,100,50 is rendered as 100,100,100 with PlanarConfiguration 0, and as 200,200,200 with 1; a picture is
# taken apart into its planes. YBR_FULL is wrong, too. Nothing is thrown. Grey in RLE, and uncompressed colour, are right.
# Why it matters: RLE colour is what older carts store of Doppler and of colour-mapped B-mode; a page that segments what it
# renders gets three small pictures over each other.
# Seen on 28 November 2026 with dcmjs-imaging 0.2.5, dcmjs 0.52.2, Node 20.20.2; files by pydicom 3.0.2, numpy 2.4.6, Python 3.11.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund dcmjs-imaging@0.2.5 dcmjs@0.52.2 >/dev/null 2>&1
venv/bin/python - <<'PYTHON'
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import convert_color_space, pixel_array
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, UltrasoundImageStorage, generate_uid

PICTURE = np.full((40, 60, 3), (200, 100, 50), np.uint8)


def save(name, photometric, pixels, rle, planar=0):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.Rows, data.Columns, data.PhotometricInterpretation = 40, 60, photometric
    data.SamplesPerPixel, data.WindowCenter, data.WindowWidth = 1 if pixels.ndim == 2 else 3, 128, 256
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    if pixels.ndim == 3:
        data.PlanarConfiguration = 0
    data.PixelData = pixels.tobytes()
    if rle:
        data.compress(RLELossless, encoding_plugin="pydicom")
    if planar:
        data.PlanarConfiguration = planar
    data.save_as(name, enforce_file_format=True)
    expected = 100 if pixels.ndim == 2 else (200, 100, 50)
    assert np.abs(pixel_array(name)[20, 30].astype(int) - expected).max() <= 1


save("plain.dcm", "RGB", PICTURE, False)
save("grey.dcm", "MONOCHROME2", PICTURE[..., 1], True)
save("rgb0.dcm", "RGB", PICTURE, True)
save("rgb1.dcm", "RGB", PICTURE, True, 1)
save("ybr.dcm", "YBR_FULL", convert_color_space(PICTURE, "RGB", "YBR_FULL"), True)
PYTHON
cat >look.js <<'JS'
const fs = require('fs');
const { DicomImage, NativePixelDecoder } = require('dcmjs-imaging');

const shown = (name) => {
  const file = fs.readFileSync(`${name}.dcm`);
  const image = new DicomImage(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
  const pixels = new Uint8Array(image.render({ frame: 0 }).pixels);
  return Array.from(pixels.slice(4 * (20 * 60 + 30), 4 * (20 * 60 + 30) + 3)).join();
};
(async () => {
  await NativePixelDecoder.initializeAsync();
  const found = Object.fromEntries(['plain', 'grey', 'rgb0', 'rgb1', 'ybr'].map((name) => [name, shown(name)]));
  console.log('dcmjs-imaging', require('dcmjs-imaging/package.json').version, 'shows 200,100,50 (grey: 100) as');
  console.log(found);
  const same = found.plain === '200,100,50' && found.grey === '100,100,100';
  const other = ['rgb0', 'rgb1', 'ybr'].every((name) => found[name] !== '200,100,50');
  console.log(same && other ? 'as stated' : 'CHANGED');
  process.exit(same && other ? 0 : 1);
})();
JS
node look.js
