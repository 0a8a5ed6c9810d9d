#!/usr/bin/env bash
# @cornerstonejs/tools 5.14.0 (OHIF's probe on ultrasound): velocities of spectral Doppler leave out ReferencePixelPhysicalValueY: -50 cm/s for 50.
#
# Expected: of a region whose pixel (0, 0) stands for 100 cm/s and whose rows go down by 1 cm/s each, row 50 is 50 cm/s:
# (row - ReferencePixelY0) * PhysicalDeltaY + ReferencePixelPhysicalValueY (PS3.3 C.8.5.5.1.10 to C.8.5.5.1.16).
# What happens: the last term is never used, for time and velocity alike: -50 cm/s "US Region". Right only where the reference pixel lies on
# the baseline. And the loader (@cornerstonejs/dicom-image-loader, from files) takes the first two bytes of that double as an integer: 0
# for 100, 39322 for -12.3.
# Why it matters: the direction of flow and its speed are the reading; what was measured at the same pixel of a file whose scale counts from the
# edge of the spectrum has the wrong sign, and a size that looks right. Differences between two points are right.
# Seen on 29 November 2026 with @cornerstonejs/tools, core and dicom-image-loader 5.14.0, dicom-parser 1.8.21, Node 20.20.2; file by pydicom 3.0.2.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydicom==3.0.2
cd "$folder"
PYTHONPATH=$folder/packages python3 -s - <<'PYTHON'
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

for name, value in (("edge", 100.0), ("odd", -12.3)):
    data, region = Dataset(), Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.Modality, data.Rows, data.Columns = "US", 300, 600
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 3, 3, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 100, 50
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 499, 249
    region.PhysicalUnitsXDirection, region.PhysicalUnitsYDirection = 4, 7  # seconds, cm/s
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.005, -1.0
    region.ReferencePixelX0, region.ReferencePixelY0 = 0, 0
    region.ReferencePixelPhysicalValueX, region.ReferencePixelPhysicalValueY = 0.0, value
    data.SequenceOfUltrasoundRegions = [region]
    data.save_as(f"{name}.dcm", enforce_file_format=True)
PYTHON
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cornerstonejs/core@5.14.0 @cornerstonejs/tools@5.14.0 \
    @cornerstonejs/dicom-image-loader@5.14.0 dicom-parser@1.8.21 >/dev/null 2>&1
cat >probe.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import parser from 'dicom-parser';

globalThis.window = globalThis;
console.warn = () => {};
const { getCalibratedProbeUnitsAndValue } = await import('./node_modules/@cornerstonejs/tools/dist/esm/utilities/getCalibratedUnits.js');
const { getUSEnhancedRegions } = await import('./node_modules/@cornerstonejs/dicom-image-loader/dist/esm/imageLoader/wadouri/metaData/USHelpers.js');
const regionOf = (name) => getUSEnhancedRegions(parser.parseDicom(new Uint8Array(readFileSync(`${name}.dcm`))))[0];
const { version } = JSON.parse(readFileSync('node_modules/@cornerstonejs/tools/package.json', 'utf8'));
const read = regionOf('edge');
const probe = (region) => getCalibratedProbeUnitsAndValue({ calibration: { sequenceOfUltrasoundRegions: [region] } }, [[200, 100, 0]]);
const said = [read, { ...read, referencePhysicalPixelValueY: 100, referencePixelPhysicalValueY: 100 }].map(probe);
console.log('@cornerstonejs/tools', version, '; row 50 of the region, 50 cm/s:', JSON.stringify(said[0]));
console.log('the reference value as read from the files, 100 and -12.3:', read.referencePhysicalPixelValueY, regionOf('odd').referencePhysicalPixelValueY);
for (const one of said) assert.deepStrictEqual(one, { units: ['seconds', 'cm/sec'], values: [0.5, -50], calibrationType: 'US Region' });
assert.deepStrictEqual([read.referencePhysicalPixelValueY, regionOf('odd').referencePhysicalPixelValueY], [0, 39322]);
console.log('as stated');
JS
node probe.mjs
