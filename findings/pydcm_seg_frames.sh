#!/usr/bin/env bash
# pydcm 0.5.0 (2026, a DICOM toolkit with decoders of its own), read_seg: masks of a binary SEG are displaced, more from mask to mask, where rows times columns is no multiple of 8; those of a cine are one.
#
# Expected: read_seg gives the masks that write_seg wrote, whatever the size of the frame.
# What happens: frames of a binary SEG follow each other bit by bit. read_seg begins each at a whole byte, so every mask but the first lies too far left, by one to seven pixels more than the one before:
# on 60 x 81 the third structure by eight. Both of its forms, the label map and the masks, do. pydicom reads the same files right; sizes as 60 x 80 are right. Areas
# hardly change. Of the SEG of an ultrasound cine, whose frames have no place in space, it gives one mask, all frames' together: five of 200 pixels each are one of 360. Nothing is said.
# Why it matters: a mask a few pixels beside its structure looks like a bad contour. Cropped frames, as de-identifiers leave them, have such sizes.
# Seen on 30 November 2026 with pydcm 0.5.0, pydicom 3.0.2, numpy 2.4.6, Python 3.12.
# Needs Python 3.12 or later: PYTHON=python3.12 takes another than python3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3}
"$python" -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydcm==0.5.0 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import numpy as np
import pydcm
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid


def picture(rows, columns):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = rows, columns, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation, data.PixelSpacing = 8, 8, 7, 0, [0.2, 0.2]
    data.PixelData = bytes(rows * columns + rows * columns % 2)
    data.save_as("us.dcm", enforce_file_format=True)


def first_columns(masks):
    """The first column of each structure, and its size."""
    return [(int(np.argwhere(mask).min(0)[1]), int(mask.sum())) for mask in masks]


print("pydcm", importlib.metadata.version("pydcm"), "- first column and size of three structures, as written, by pydicom, by read_seg")
seen = {}
for rows, columns in ((60, 80), (61, 83), (61, 81), (60, 81)):
    picture(rows, columns)
    labels = np.zeros((rows, columns), np.uint16)
    for label, row in ((1, 5), (2, 25), (3, 45)):
        labels[row : row + 10, 20:40] = label
    pydcm.write_seg("us.dcm", labels, [{"label": name, "labelID": label} for label, name in enumerate("abc", start=1)], output="seg.dcm")
    masks, _ = pydcm.read_seg("seg.dcm", masks=True)
    found = {"written": [labels == label for label in (1, 2, 3)], "pydicom": pydicom.dcmread("seg.dcm").pixel_array > 0, "read_seg": np.asarray(masks)[:, 0] > 0}
    seen[rows, columns] = {name: first_columns(which) for name, which in found.items()}
    map_of, _ = pydcm.read_seg("seg.dcm")
    assert first_columns([np.asarray(map_of)[0] == label for label in (1, 2, 3)]) == seen[rows, columns]["read_seg"]
    print(f"{rows} x {columns}: {seen[rows, columns]}")
for (rows, columns), found in seen.items():
    assert found["written"] == found["pydicom"] == [(20, 200)] * 3
    assert found["read_seg"] == [(20 - number * (-rows * columns % 8), 200) for number in range(3)], found


def moving(rows=60, columns=80, frames=5):
    """The SEG of a cine in which a structure moves by four columns a frame."""
    data, source, code = Dataset(), generate_uid(), Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = SegmentationStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.SegmentationType = generate_uid(), generate_uid(), "SEG", "BINARY"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.NumberOfFrames, data.SamplesPerPixel, data.PhotometricInterpretation = rows, columns, frames, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 1, 1, 0, 0
    data.ContentLabel, data.ContentDate, data.ContentTime = "SEGMENTATION", "20260101", "120000"
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "85756007", "SCT", "Tissue"
    segment, organization = Dataset(), Dataset()
    segment.SegmentNumber, segment.SegmentLabel, segment.SegmentAlgorithmType = 1, "a", "MANUAL"
    segment.SegmentedPropertyCategoryCodeSequence = segment.SegmentedPropertyTypeCodeSequence = Sequence([code])
    data.SegmentSequence, organization.DimensionOrganizationUID = Sequence([segment]), generate_uid()
    data.DimensionOrganizationSequence, groups, masks = Sequence([organization]), [], np.zeros((frames, rows, columns), np.uint8)
    for number in range(frames):
        masks[number, 20:30, 20 + 4 * number : 40 + 4 * number] = 1
        group, content, identity, image, derivation = (Dataset() for _ in range(5))
        content.DimensionIndexValues, content.TemporalPositionIndex, identity.ReferencedSegmentNumber = [1, number + 1], number + 1, 1
        image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID, image.ReferencedFrameNumber = UltrasoundMultiFrameImageStorage, source, number + 1
        derivation.SourceImageSequence = Sequence([image])
        group.FrameContentSequence, group.SegmentIdentificationSequence = Sequence([content]), Sequence([identity])
        group.DerivationImageSequence = Sequence([derivation])
        groups.append(group)
    data.PerFrameFunctionalGroupsSequence, data.SharedFunctionalGroupsSequence = Sequence(groups), Sequence([Dataset()])
    data.PixelData = np.packbits(masks.ravel(), bitorder="little").tobytes()
    data.save_as("cine.dcm", enforce_file_format=True)
    return masks


masks, (found, _) = moving(), pydcm.read_seg("cine.dcm")
assert np.array_equal(pydicom.dcmread("cine.dcm").pixel_array, masks)
sizes = [int((frame > 0).sum()) for frame in np.asarray(found)]
print(f"a cine's five masks of {[int(mask.sum()) for mask in masks]}: {sizes}; all of them together have {int(masks.any(0).sum())}")
assert sizes == [int(masks.any(0).sum())] == [360]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages "$python" -s run.py
