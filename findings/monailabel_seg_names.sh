#!/usr/bin/env bash
# MONAI Label 0.8.5 (labelling server for 3D Slicer and OHIF): in the DICOM SEG that it stores, a structure has the name of another where one before it is absent, and all are coded as spleen.
#
# Expected: nifti_to_dicom_seg, with which its DICOM store saves a reviewed label map, names label 3 as the third entry of label_info says, which its Slicer plugin sends for all
# segments, each with its number (idx); the code of a structure is its own, or a local one, or says "tissue".
# What happens: entries are counted off along the labels that are in the picture. Of left ventricle, myocardium and left atrium (1, 2, 3) on a frame without myocardium the atrium is stored
# as "myocardium". Whatever the name, SegmentedPropertyType is (78961009, SCT), which is Spleen, with the structure's name for its meaning. It does so with dcmqi, its default, and with
# pydicom-seg alike; the latter at least keeps the segment's number.
# Why it matters: not every structure is in every view. The archive then holds an atrium as myocardium, its area included, and whoever searches by code finds a heart full of spleens.
# Seen on 30 November 2026 with monailabel 0.8.5, dcmqi 1.5.7, pydicom-seg 0.4.1, pydicom 2.4.5, MONAI 1.6.1, torch 2.13.0, SimpleITK 2.5.7, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" torch==2.13.0 numpy==2.2.6 pydicom==2.4.5 simpleitk==2.5.7 nibabel==5.4.2 jsonschema==4.26.0 psutil==7.2.2 requests==2.34.2 pydantic-settings==2.16.3 pynrrd==1.1.3
"${get[@]}" --no-deps monai==1.6.1 monailabel==0.8.5 pydicom-seg==0.4.1 itk-core==5.4.7
python3 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --target "$folder/programs" dcmqi==1.5.7
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import logging
import pathlib
import warnings

import numpy as np
import pydicom
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
from monailabel.datastore.utils.convert import dicom_to_nifti, nifti_to_dicom_seg

ROWS, COLUMNS = 24, 36
NAMES = ["left ventricle", "myocardium", "left atrium"]
data = Dataset()
data.file_meta = FileMetaDataset()
data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
data.is_little_endian, data.is_implicit_VR, data.preamble = True, False, b"\0" * 128
data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.6.1"
data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = generate_uid(), generate_uid(), generate_uid()
data.PatientID, data.PatientName, data.PatientBirthDate, data.PatientSex, data.Modality, data.InstanceNumber = "1", "Test^Phantom", "", "", "US", 1
data.StudyDate, data.StudyTime, data.StudyID, data.AccessionNumber, data.ReferringPhysicianName = "20260101", "120000", "1", "", ""
data.ImageOrientationPatient, data.ImagePositionPatient, data.SliceThickness, data.PixelSpacing = [1, 0, 0, 0, 1, 0], [0, 0, 0], 1, [0.5, 0.2]
data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = ROWS, COLUMNS, 1, "MONOCHROME2"
data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
data.PixelData = bytes(ROWS * COLUMNS)
pathlib.Path("series").mkdir()
data.save_as("series/a.dcm", write_like_original=False)
frame = SimpleITK.ReadImage(dicom_to_nifti("series"))


def stored(labels, with_dcmqi):
    """Name and code of each structure, by the row in which it begins."""
    mask = np.zeros((1, ROWS, COLUMNS), np.uint8)
    for label in labels:
        mask[0, 6 * label : 6 * label + 3, 4:20] = label
    image = SimpleITK.GetImageFromArray(mask)
    image.CopyInformation(frame)
    SimpleITK.WriteImage(image, "labels.nii.gz")
    said = [{"name": name, "idx": number} for number, name in enumerate(NAMES, 1)]
    made = pydicom.dcmread(nifti_to_dicom_seg("series", "labels.nii.gz", said, use_itk=with_dcmqi))
    named = {one.SegmentNumber: (one.SegmentLabel, one.SegmentedPropertyTypeCodeSequence[0].CodeValue) for one in made.SegmentSequence}
    pixels = made.pixel_array.reshape(-1, ROWS, COLUMNS)
    groups = [one.SegmentIdentificationSequence[0].ReferencedSegmentNumber for one in made.PerFrameFunctionalGroupsSequence]
    return {int(np.nonzero(mask)[0].min()) // 6: named[number] for mask, number in zip(pixels, groups, strict=True)}


print("monailabel", importlib.metadata.version("monailabel"))
for with_dcmqi in (True, False):
    whole, part = stored([1, 2, 3], with_dcmqi), stored([1, 3], with_dcmqi)
    print("by dcmqi:" if with_dcmqi else "by pydicom-seg:", "all three", [whole[label][0] for label in (1, 2, 3)], "- without label 2:", {NAMES[label - 1]: part[label][0] for label in (1, 3)})
    assert [whole[label][0] for label in (1, 2, 3)] == NAMES and part[1][0] == "left ventricle" and part[3][0] == "myocardium"
    assert {code for _, code in (whole | part).values()} == {"78961009"}
print("code of each: 78961009, Spleen")
print("as stated")
PYTHON
PATH=$folder/programs/bin:$PATH PYTHONPATH=$folder/packages:$folder/programs python3 -s run.py 2>/dev/null
