#!/usr/bin/env bash
# dcmjs 0.52.2 (DICOM in browsers and Node): a JPEG cine or still whose frames lie in several fragments, read and written again, is refused by its readers.
#
# Expected: read, change a name, write: the same pixel data, as with cines whose frames have one fragment each; or an error.
# What happens: where the file's offset table is empty, which the standard allows (PS3.5 A.4), each fragment is taken for a frame: 3 frames in 6 fragments are 6 values. Written again, the
# file gets an offset table that says so: 6 frames beside NumberOfFrames 3, each half a JPEG; a still in two fragments gets two. pydicom and SimpleITK read the
# file before and neither reads it after (grey ones SimpleITK still does); with and without fragmentMultiframe. With a table in the source it is right. No error, no warning.
# Why it matters: dcmjs is how pages de-identify and correct headers before they send to an archive. The picture is lost wherever the source isn't kept, and one finds out when it is opened.
# Seen on 29 November 2026 with dcmjs 0.52.2, pydicom 3.0.2, Pillow 13.0.0, SimpleITK 2.5.7, Node 20.20.2, Python 3.11.
# Needs node and npm.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages pydicom==3.0.2 numpy==2.4.6 Pillow==13.0.0 SimpleITK==2.5.7
echo '{"type": "module"}' >package.json
npm install --silent --no-audit --no-fund dcmjs@0.52.2 >/dev/null 2>&1
cat >again.js <<'JS'
import fs from 'node:fs';
import * as module from 'dcmjs';

const { DicomMessage } = (module.default ?? module).data;
for (const name of process.argv.slice(2)) {
    const bytes = fs.readFileSync(`${name}.dcm`);
    const data = DicomMessage.readFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    data.dict['00100010'].Value = ['Other^Name'];
    console.log(`dcmjs, ${name}: ${data.dict['7FE00010'].Value.length} values`);
    fs.writeFileSync(`${name} again.dcm`, Buffer.from(data.write()));
    fs.writeFileSync(`${name} whole.dcm`, Buffer.from(data.write({ fragmentMultiframe: false })));
}
JS
cat >run.py <<'PYTHON'
import io
import subprocess

import numpy as np
import pydicom
import SimpleITK
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)


def saved(name, count, fragments, table):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage if count > 1 else UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 60, 80, 3, "YBR_FULL_422"
    data.PlanarConfiguration = 0
    if count > 1:
        data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = count, 40, 0x00181063
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.LossyImageCompression, data.LossyImageCompressionRatio, data.LossyImageCompressionMethod = "01", 10, "ISO_10918_1"
    frames = []
    for number in range(count):
        frame = np.random.default_rng(number).integers(0, 255, (60, 80, 3), np.uint8)
        frame[:20] = 50 * (number + 1)
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=90, subsampling=1)
        frames.append(file.getvalue())
    data.PixelData = encapsulate(frames, fragments_per_frame=fragments, has_bot=table)
    data["PixelData"].is_undefined_length = True
    data.save_as(f"{name}.dcm", enforce_file_format=True)


def read(path):
    """The frames by each reader; None where it refuses."""
    found = []
    for reader in (lambda: pydicom.dcmread(path).pixel_array, lambda: SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(path))):
        try:
            found.append(reader().reshape(-1, 60, 80, 3))
        except Exception:
            found.append(None)
    return found


cases = {
    "cine, one fragment each": (3, 1, False), "cine, two and a table": (3, 2, True), "cine, two and no table": (3, 2, False), "still, two and no table": (1, 2, False),
}
for name, case in cases.items():
    saved(name, *case)
subprocess.run(["node", "again.js", *cases], check=True)
for name, (count, fragments, table) in cases.items():
    before, after, whole = read(f"{name}.dcm"), read(f"{name} again.dcm"), read(f"{name} whole.dcm")
    assert before[0].shape == (count, 60, 80, 3) and abs(before[0].astype(int) - before[1]).max() <= 1
    said = []
    for first, second, third in zip(before, after, whole):
        same = "refused" if second is None else "the same" if second.shape == first.shape and (second == first).all() else f"{(second != first).mean():.0%} of the pixels are others"
        said.append(same)
        assert (second is None) == (third is None) and (second is None or (second == third).all())
    print(f"{name}: pydicom and SimpleITK read it; after dcmjs {said[0]}, {said[1]}")
    assert (said == ["the same"] * 2) == (fragments == 1 or table)
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>/dev/null
