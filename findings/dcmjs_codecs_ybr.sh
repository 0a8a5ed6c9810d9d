#!/usr/bin/env bash
# dcmjs-codecs 0.0.8 (transcoding of dcmjs-dimse, DICOM networking in Node): colour ultrasound in YBR_FULL or YBR_FULL_422 changes its colours in
# "lossless" JPEG 2000 and JPEG-LS, and in JPEG; stored by planes it is scrambled.
#
# Expected: transcode() keeps the picture: of a frame of RGB 200, 100, 50, stored as YBR_FULL, any DICOM reader shows 200, 100, 50 again.
# What happens: JPEG 2000 and JPEG-LS are given the pixels as RGB, and PhotometricInterpretation stays YBR_FULL (YBR_FULL_422), so that every
# reader turns them into RGB a second time: 91, 255, 150, orange into green. JPEG of YBR_FULL is encoded as if it had been RGB: violet, 123, 86,
# 182. Of YBR_FULL by planes the planes are mixed first, 124, 129, 132, which is lost for good. RGB of either
# layout, grey, RLE and JPEG of YBR_FULL_422 are right. Nothing is raised.
# Why it matters: a storage SCP or a router in Node is told which syntax an archive takes, and the colours of Doppler, which are
# directions, come out as others. The file says lossless.
# Seen on 29 November 2026 with dcmjs-codecs 0.0.8, Node 20.20.2; files made and read with pydicom 3.0.2, Pillow 13.0.0,
# pyjpegls 1.5.1, numpy 2.4.6.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydicom==3.0.2 numpy==2.4.6 Pillow==13.0.0 pyjpegls==1.5.1
cd "$folder"
cat >make.py <<'PYTHON'
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import convert_color_space
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

rgb = np.zeros((2, 24, 36, 3), np.uint8)
rgb[:] = 200, 100, 50
ybr = convert_color_space(rgb, "RGB", "YBR_FULL")
halved = np.stack([ybr[:, :, ::2, 0], ybr[:, :, 1::2, 0], ybr[:, :, ::2, 1], ybr[:, :, ::2, 2]], axis=-1)
kinds = {
    "rgb": ("RGB", 0, rgb),
    "full": ("YBR_FULL", 0, ybr),
    "planes": ("YBR_FULL", 1, np.moveaxis(ybr, -1, 1)),
    "halved": ("YBR_FULL_422", 0, halved),
}
for name, (interpretation, planar, pixels) in kinds.items():
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.PatientID = generate_uid(), generate_uid(), "US", "1"
    data.PatientName, data.SeriesNumber, data.InstanceNumber, data.FrameTime = "Test^Phantom", 1, 1, 40
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, interpretation, planar
    data.NumberOfFrames, data.Rows, data.Columns = 2, 24, 36
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = pixels.tobytes()
    data["PixelData"].VR = "OB"
    data.save_as(f"{name}.dcm", enforce_file_format=True)
PYTHON
PYTHONPATH=$folder/packages python3 -s make.py
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts dcmjs-codecs@0.0.8 >/dev/null 2>&1
cat >transcode.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
import codecs from 'dcmjs-codecs';

const { NativeCodecs, Transcoder, constants } = codecs;
await NativeCodecs.initializeAsync({ logCodecsInfo: false, logCodecsTrace: false });
for (const name of ['rgb', 'full', 'planes', 'halved']) {
  for (const syntax of ['Jpeg2000Lossless', 'JpegLsLossless', 'JpegBaselineProcess1']) {
    const transcoder = new Transcoder(new Uint8Array(readFileSync(`${name}.dcm`)).buffer);
    transcoder.transcode(constants.TransferSyntax[syntax]);
    writeFileSync(`${name}-${syntax}.dcm`, Buffer.from(transcoder.getDicomPart10()));
  }
}
JS
node transcode.mjs >/dev/null 2>&1
cat >read.py <<'PYTHON'
import json
import warnings

from pydicom import dcmread
from pydicom.pixels import pixel_array

warnings.simplefilter("ignore")
print("dcmjs-codecs", json.load(open("node_modules/dcmjs-codecs/package.json"))["version"], "; 200, 100, 50 is shown as:")
shown: dict[str, dict[str, list[int]]] = {}
for name in ("rgb", "full", "planes", "halved"):
    shown[name] = {"as made": pixel_array(dcmread(f"{name}.dcm"))[1, 3, 4].tolist()}
    for syntax in ("Jpeg2000Lossless", "JpegLsLossless", "JpegBaselineProcess1"):
        data = dcmread(f"{name}-{syntax}.dcm")
        shown[name][syntax] = pixel_array(data)[1, 3, 4].tolist()
    print(f"   {name} ({dcmread(f'{name}.dcm').PhotometricInterpretation}):", shown[name])


def near(found: list[int], wanted: tuple[int, int, int]) -> bool:
    return max(abs(one - other) for one, other in zip(found, wanted, strict=True)) <= 4


LOSSLESS = ("Jpeg2000Lossless", "JpegLsLossless")
assert all(near(kind["as made"], (200, 100, 50)) for kind in shown.values())
assert all(near(found, (200, 100, 50)) for found in shown["rgb"].values())
for syntax in LOSSLESS:
    assert near(shown["full"][syntax], (91, 255, 150)) and near(shown["halved"][syntax], (91, 255, 150))
    assert near(shown["planes"][syntax], (124, 129, 132))
assert near(shown["full"]["JpegBaselineProcess1"], (123, 86, 182)) and near(shown["halved"]["JpegBaselineProcess1"], (200, 100, 50))
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s read.py
