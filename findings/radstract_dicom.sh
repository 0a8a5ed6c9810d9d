#!/usr/bin/env bash
# radstract 1.0.2 (reads and writes DICOM for Retuve, hip ultrasound): a cine that it writes has pixels of 1 mm, no times, and is computed radiography; read, 12 bits are white, a palette black.
#
# Expected: convert_images_to_dicom(images, old_dicom=cine, modality=ULTRASOUND) gives ultrasound with the cine's PixelSpacing, or with none. convert_dicom_to_images gives what one sees.
# What happens: its "ultrasound" is the class UID of Computed Radiography. PixelSpacing is set to 1 x 1 and not taken from the old file (0.5 x 0.2 mm), nor are FrameTime and regions. Read,
# 12 bits are clipped at 255, so that tissue and vessel are one white; PALETTE COLOR gives its indices as grey (1 to 3: black); MONOCHROME1 is a negative. A colour still
# read without saying that it is one is 60 grey pictures of 3 x 80 pixels, a row each. RGB, YBR and 8 bits are right. Nothing is said.
# Why it matters: processed cines go back to the archive by it, and every program that measures takes the 1 mm: 20 x 8 mm become 40 x 40. Frames of 12 bits are trained on as white.
# Seen on 30 November 2026 with radstract 1.0.2, pydicom 3.0.2, pillow 13.0.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get() { python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" "$@"; }
get --no-deps radstract==1.0.2
get pydicom==3.0.2 pillow==13.0.0 numpy==2.4.6 SimpleITK==2.5.7 nibabel==5.4.2 scikit-image==0.26.0 opencv-python-headless==5.0.0.93 importlib-metadata==9.0.0
cd "$folder"
cat >run.py <<'PYTHON'
import warnings
from importlib.metadata import version

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

warnings.simplefilter("ignore")
from radstract.data.dicom.exports import convert_images_to_dicom
from radstract.data.dicom.main import convert_dicom_to_images
from radstract.data.dicom.utils import DicomTypes, Modalities

ROWS, COLUMNS, FRAMES = 60, 80, 4
grey = np.full((FRAMES, ROWS, COLUMNS), 60, np.uint8)
grey[:, 10:50, 20:60] = 180


def dataset(pixels, photometric="MONOCHROME2", bits=8):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    frames = pixels.shape[0] if pixels.ndim > 2 and pixels.shape[0] == FRAMES else 1
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage if frames > 1 else UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyID, data.SeriesNumber, data.InstanceNumber = "1", "Test^Phantom", "1", 1, 1
    data.Rows, data.Columns, data.PixelSpacing, data.PhotometricInterpretation = ROWS, COLUMNS, [0.5, 0.2], photometric
    if frames > 1:
        data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = frames, 40, 0x00181063
    data.SamplesPerPixel = 3 if photometric == "RGB" else 1
    if data.SamplesPerPixel == 3:
        data.PlanarConfiguration = 0
    if photometric == "PALETTE COLOR":
        table = np.zeros(256, np.uint16)
        table[1:3] = 60 << 8, 180 << 8
        for place in range(3):
            data.add_new(0x00281101 + place, "US", [256, 0, 16])
            data.add_new(0x00281201 + place, "OW", table.tobytes())
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8 if bits == 8 else 16, bits, bits - 1, 0
    data.PixelData = pixels.tobytes()
    return data


def read(name, data):
    frame = np.array(convert_dicom_to_images(data)[0])
    seen = [frame[5, 5].tolist(), frame[30, 40].tolist()]
    print(f"{name}: tissue {seen[0]}, structure {seen[1]} (60 and 180 seen)")
    return [value[0] for value in seen]


print("radstract", version("radstract"))
cine = dataset(grey)
assert read("8 bits", cine) == [60, 180] and read("RGB", dataset(np.stack([grey] * 3, axis=-1), "RGB")) == [60, 180]
assert read("12 bits", dataset(grey.astype(np.uint16) * 16, bits=12)) == [255, 255]
assert read("PALETTE COLOR", dataset(np.where(grey > 100, 2, 1).astype(np.uint8), "PALETTE COLOR")) == [1, 2]
assert read("MONOCHROME1", dataset(255 - grey, "MONOCHROME1")) == [195, 75]
still = convert_dicom_to_images(dataset(np.stack([grey[0]] * 3, axis=-1), "RGB"))
print(f"a colour still: {len(still)} pictures of {still[0].size}")
assert len(still) == ROWS and still[0].size == (3, COLUMNS)
written = convert_images_to_dicom(convert_dicom_to_images(cine), old_dicom=cine, dicom_type=DicomTypes.SERIES, modality=Modalities.ULTRASOUND)
print(f"written: {written.SOPClassUID.name}, Modality {written.Modality}, PixelSpacing {list(written.PixelSpacing)}, FrameTime {written.get('FrameTime')}; the cine had {list(cine.PixelSpacing)}, {cine.FrameTime}")
assert written.SOPClassUID == "1.2.840.10008.5.1.4.1.1.1" and written.Modality == "US" and "FrameTime" not in written
assert [float(value) for value in written.PixelSpacing] == [1.0, 1.0] and written.NumberOfFrames == FRAMES
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
