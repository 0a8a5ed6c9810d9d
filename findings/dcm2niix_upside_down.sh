#!/usr/bin/env bash
# dcm2niix stores ultrasound bottom row first and says nothing of it in the NIfTI: every reader shows it upside down.
#
# Expected: rows as they are in the DICOM file, or an affine (qform_code or sform_code above 0) that says that they were turned.
# What happens: rows are turned, as for all images, but as ultrasound has no ImageOrientationPatient both codes are 0, "unknown".
# SimpleITK reads an identity direction, nibabel makes up a left-to-right affine of its own: the probe is at the bottom in both. The
# frames of a cine are slices 1 mm apart on the third axis; FrameTime is neither in the header nor in the JSON beside it.
# Why it matters: masks drawn on the NIfTI lie upside down on the DICOM, and models see depth the wrong way round.
# Seen on 28 November 2026 with dcm2niix 1.0.20260724, SimpleITK 2.5.7, nibabel 5.4.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dcm2niix==1.0.20260724 SimpleITK==2.5.7 nibabel==5.4.2 \
    pydicom==3.0.2 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import json
import os
import subprocess

import nibabel
import numpy as np
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

data = Dataset()
data.file_meta = FileMetaDataset()
data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
data.NumberOfFrames, data.Rows, data.Columns, data.PixelSpacing = 6, 40, 60, [0.3, 0.2]
data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
data.BitsAllocated, data.BitsStored, data.HighBit, data.FrameTime = 8, 8, 7, 40
data.FrameIncrementPointer, data.PatientID, data.SeriesNumber, data.InstanceNumber = 0x00181063, "1", 1, 1
frames = np.zeros((6, 40, 60), np.uint8)
frames[:, :10] = 200  # the skin, at the top
data.PixelData = frames.tobytes()
os.mkdir("in")
data.save_as("in/a.dcm", enforce_file_format=True)
ran = subprocess.run(["venv/bin/dcm2niix", "-z", "n", "-f", "a", "-o", ".", "in"], capture_output=True, text=True)
assert ran.returncode == 0, ran.stdout + ran.stderr

image = nibabel.load("a.nii")
codes = int(image.header["qform_code"]), int(image.header["sform_code"])
by_itk = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage("a.nii"))
said = json.load(open("a.json"))
print(said["ConversionSoftware"], said["ConversionSoftwareVersion"])
print("axes", image.shape, "spacing", [round(float(one), 2) for one in image.header.get_zooms()], "qform, sform", *codes)
print("SimpleITK, row 0:", by_itk[0, 0, 0], "row 39:", by_itk[0, 39, 0], "direction", SimpleITK.ReadImage("a.nii").GetDirection())
print("DICOM,     row 0:", frames[0, 0, 0], "row 39:", frames[0, 39, 0])
assert codes == (0, 0) and (by_itk[:, ::-1] == frames).all() and image.shape == (60, 40, 6)
assert not {"FrameTime", "RepetitionTime"} & set(said)
print("as stated")
PYTHON
