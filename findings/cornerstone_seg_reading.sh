#!/usr/bin/env bash
# @cornerstonejs/adapters 5.14.0 (OHIF's DICOM SEG): of a binary SEG with few frames, as two structures on one still, all but the first are displaced;
# a SEG of ultrasound without an orientation in space isn't opened.
#
# Expected: createFromDICOMSegBuffer gives each mask where it was drawn: bits are packed without gaps from frame to frame (PS3.5 8.1.1). Plane
# Orientation isn't needed where the source has no frame of reference (PS3.3 C.8.20.2), as ultrasound hasn't.
# What happens: it goes by the length of the pixel data, and prefers the layout that it writes itself, each frame from a new byte
# (cornerstone_seg_frames.sh). Padded to an even length, two frames of 10 x 13 have 34 bytes either way: the second structure lies 6
# pixels to the left. Five frames (82 bytes for 85) and 8 x 16 are right. Without PlaneOrientationSequence all end in a TypeError.
# Why it matters: the structure at which one looks first is right. Which files are hit depends on numbers of rows, columns and structures
# that nobody chooses: the same study is right at 8 x 16 and wrong at 10 x 13.
# Seen on 29 November 2026 with @cornerstonejs/adapters, core and tools 5.14.0, dcmjs 0.52.0 (its own), Node 20.20.2; files by pydicom 3.0.2, numpy 2.4.6.
# Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydicom==3.0.2 numpy==2.4.6
cd "$folder"
cat >make.py <<'PYTHON'
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, UltrasoundMultiFrameImageStorage, generate_uid


def code(value: str, scheme: str, meaning: str) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return [item]


def frame(segment: int, source: int, oriented: bool) -> Dataset:
    image, derived, content, names, item, place = Dataset(), Dataset(), Dataset(), Dataset(), Dataset(), Dataset()
    if oriented:
        place.ImagePositionPatient = [0, 0, source - 1]
        item.PlanePositionSequence = [place]
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = UltrasoundMultiFrameImageStorage, "1.2.3.4.5"
    image.ReferencedFrameNumber = source
    image.PurposeOfReferenceCodeSequence = code("121322", "DCM", "Source Image for Image Processing Operation")
    derived.SourceImageSequence, derived.DerivationCodeSequence = [image], code("113076", "DCM", "Segmentation")
    content.DimensionIndexValues, names.ReferencedSegmentNumber = [segment], segment
    item.DerivationImageSequence, item.FrameContentSequence, item.SegmentIdentificationSequence = [derived], [content], [names]
    return item


def stored(name: str, rows: int, columns: int, where: list[tuple[int, int]], oriented: bool) -> None:
    """Frames of a segment and a source frame each; segment n is a box in rows 3 to 6 of 3 columns, from 4 * n - 1 on."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = SegmentationStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.PatientID = "1.2.3", generate_uid(), "SEG", "1"
    data.PatientName, data.SeriesNumber, data.InstanceNumber = "Test^Phantom", 2, 1
    data.PatientBirthDate = data.PatientSex = data.StudyDate = data.StudyTime = data.ReferringPhysicianName = ""
    data.StudyID = data.AccessionNumber = ""
    data.Manufacturer = data.ManufacturerModelName = data.DeviceSerialNumber = data.SoftwareVersions = "1"
    data.ContentDate, data.ContentTime, data.ImageType, data.LossyImageCompression = "20260101", "120000", ["DERIVED", "PRIMARY"], "00"
    data.SegmentationType, data.SegmentsOverlap = "BINARY", "NO"
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 1, 1, 0
    data.NumberOfFrames, data.Rows, data.Columns = len(where), rows, columns
    data.ContentLabel, data.ContentDescription, data.ContentCreatorName = "SEGMENTATION", "", ""
    dimension, organization = Dataset(), Dataset()
    organization.DimensionOrganizationUID = dimension.DimensionOrganizationUID = generate_uid()
    dimension.DimensionIndexPointer, dimension.FunctionalGroupPointer = 0x0062000B, 0x0062000A  # the segment's number
    data.DimensionOrganizationSequence, data.DimensionIndexSequence = [organization], [dimension]
    data.SegmentSequence = []
    for number in sorted({segment for segment, _ in where}):
        segment = Dataset()
        segment.SegmentNumber, segment.SegmentLabel, segment.SegmentAlgorithmType = number, str(number), "MANUAL"
        segment.SegmentedPropertyCategoryCodeSequence = code("123037004", "SCT", "Anatomical Structure")
        segment.SegmentedPropertyTypeCodeSequence = code("123037004", "SCT", "Anatomical Structure")
        data.SegmentSequence.append(segment)
    series, source, shared, measures = Dataset(), Dataset(), Dataset(), Dataset()
    source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = UltrasoundMultiFrameImageStorage, "1.2.3.4.5"
    series.SeriesInstanceUID, series.ReferencedInstanceSequence = "1.2.3.4", [source]
    data.ReferencedSeriesSequence = [series]
    measures.PixelSpacing, measures.SliceThickness = [1, 1], 1
    shared.PixelMeasuresSequence = [measures]
    if oriented:
        data.FrameOfReferenceUID, data.PositionReferenceIndicator = "1.2.3.9", ""
        plane = Dataset()
        plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        shared.PlaneOrientationSequence = [plane]
    else:
        data.PatientOrientation = ""
    data.SharedFunctionalGroupsSequence = [shared]
    data.PerFrameFunctionalGroupsSequence = [frame(*one, oriented) for one in where]
    masks = np.zeros((len(where), rows, columns), bool)
    for mask, (number, _) in zip(masks, where, strict=True):
        mask[3:7, 4 * number - 1 : 4 * number + 2] = True
    packed = np.packbits(masks.ravel(), bitorder="little").tobytes()
    data.PixelData = packed + b"\0" * (len(packed) % 2)
    data["PixelData"].VR = "OB"
    data.save_as(f"{name}.dcm", enforce_file_format=True)


stored("two structures, 10x13", 10, 13, [(1, 1), (2, 1)], True)
stored("two structures, 8x16", 8, 16, [(1, 1), (2, 1)], True)
stored("five frames, 10x13", 10, 13, [(1, number) for number in range(1, 6)], True)
stored("no orientation, 8x16", 8, 16, [(1, 1), (2, 1)], False)
PYTHON
PYTHONPATH=$folder/packages python3 -s make.py
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @cornerstonejs/adapters@5.14.0 @cornerstonejs/core@5.14.0 \
    @cornerstonejs/tools@5.14.0 @babel/runtime@8.1.3 >/dev/null 2>&1
cat >read.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';

globalThis.window = globalThis;
console.warn = () => {};
const { adaptersSEG } = await import('@cornerstonejs/adapters');
const core = await import('@cornerstonejs/core');
const { version } = JSON.parse(readFileSync('node_modules/@cornerstonejs/adapters/package.json', 'utf8'));
const US = '1.2.840.10008.5.1.4.1.1.3.1';

/** Leftmost column of each segment by frame of the source, counted from 1. */
async function columns(name) {
  const [rows, width] = name.split(' ').at(-1).split('x').map(Number);
  const imageIds = Array.from({ length: 5 }, (_, frame) => `wadouri:us?frame=${frame + 1}`);
  const answers = {
    instance: { SOPInstanceUID: '1.2.3.4.5', SOPClassUID: US, SeriesInstanceUID: '1.2.3.4', StudyInstanceUID: '1.2.3', Rows: rows, Columns: width, Modality: 'US' },
    generalSeriesModule: { seriesInstanceUID: '1.2.3.4', studyInstanceUID: '1.2.3', modality: 'US' },
    generalImageModule: { sopInstanceUID: '1.2.3.4.5' },
    sopCommonModule: { sopInstanceUID: '1.2.3.4.5', sopClassUID: US },
    imagePixelModule: {
      rows, columns: width, pixelRepresentation: 0, bitsAllocated: 8, bitsStored: 8, highBit: 7, samplesPerPixel: 1, photometricInterpretation: 'MONOCHROME2',
    },
    imagePlaneModule: {
      rows, columns: width, rowCosines: [1, 0, 0], columnCosines: [0, 1, 0], imageOrientationPatient: [1, 0, 0, 0, 1, 0],
      imagePositionPatient: [0, 0, 0], usingDefaultValues: true,
    },
  };
  const metadataProvider = { get: (kind) => answers[kind] };
  core.metaData.addProvider(metadataProvider.get, 10000);
  try {
    const seg = new Uint8Array(readFileSync(`${name}.dcm`)).buffer;
    const { labelMapImages } = await adaptersSEG.Cornerstone3D.Segmentation.createFromDICOMSegBuffer(imageIds, seg, { metadataProvider });
    const found = {};
    labelMapImages.flat().forEach((image, place) => image.voxelManager.getScalarData().forEach((segment, at) => {
      const key = `${segment} on frame ${(place % 5) + 1}`;
      if (segment) found[key] = Math.min(found[key] ?? width, at % width);
    }));
    return found;
  } catch (error) {
    return error.name;
  } finally {
    core.metaData.removeProvider(metadataProvider.get);
  }
}
const found = {};
console.log('@cornerstonejs/adapters', version, '; first column, 3 as drawn for segment 1 and 7 for 2:');
for (const name of ['two structures, 10x13', 'two structures, 8x16', 'five frames, 10x13', 'no orientation, 8x16']) {
  found[name] = await columns(name);
  console.log(`   ${name}:`, JSON.stringify(found[name]));
}
assert.deepStrictEqual(found, {
  'two structures, 10x13': { '1 on frame 1': 3, '2 on frame 1': 1 },
  'two structures, 8x16': { '1 on frame 1': 3, '2 on frame 1': 7 },
  'five frames, 10x13': Object.fromEntries([1, 2, 3, 4, 5].map((frame) => [`1 on frame ${frame}`, 3])),
  'no orientation, 8x16': 'TypeError',
});
console.log('as stated');
JS
node read.mjs 2>&1 | grep -v '^$'
