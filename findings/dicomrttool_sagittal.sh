#!/usr/bin/env bash
# DicomRTTool 6.2.0 (outlines of an RTSTRUCT as masks): of a sagittal or coronal series the mask is empty, or lies on the first slice; of slices that are tilted it lies some slices off. Axial is right.
#
# Expected: an outline lies on the slice whose plane it is in, and whose image it refers to, whatever way the slices run; or the series is refused.
# What happens: the slice is the one whose ImagePositionPatient has the nearest z. In a sagittal or coronal series all slices have one z, so each outline lands on the first; two of them cancel each other out (as a hole would), so four outlines are an empty mask
# and three are one outline on slice 0, of 651 pixels for 1,953. Of slices tilted by 15 degrees a structure of slices 2 to 5 is on 3 to 6; by 35 degrees on 6 to 9. Ultrasound and CT alike; nothing is logged.
# Why it matters: transrectal and swept ultrasound volumes lie sagittally or tilted in the patient. A prostate has no volume, or one beside itself, and masks made so train networks.
# Seen on 1 December 2026 with dicomrttool 6.2.0, SimpleITK 2.5.7, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dicomrttool==6.2.0 SimpleITK==2.5.7 pydicom==3.0.2 numpy==2.4.6 2>/dev/null
cat >run.py <<'PYTHON'
import logging
import math
import shutil
from pathlib import Path

import numpy as np
from DicomRTTool.ReaderWriter import DicomReaderWriter
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTStructureSetStorage, UltrasoundImageStorage, generate_uid

SLICES, ROWS, COLUMNS, STEP, PIXEL = 12, 60, 80, 2.0, 0.5
said = []
handler = logging.Handler(logging.WARNING)
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger().addHandler(handler)


def item(**values):
    made = Dataset()
    for key, value in values.items():
        setattr(made, key, value)
    return made


def saved(data, path):
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
    data.save_as(path, enforce_file_format=True)


def slices_of(right, down, outlined, kind=UltrasoundImageStorage):
    """On which slices, and with how many pixels each, the outlines of these slices are found again."""
    right, down = np.array(right, float), np.array(down, float)
    onwards = np.cross(right, down)
    folder = Path("series")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    study, series, space = generate_uid(), generate_uid(), generate_uid()
    patient = {"StudyInstanceUID": study, "PatientName": "Test^Phantom", "PatientID": "1", "PatientBirthDate": "", "PatientSex": "", "StudyDate": "20260101",
               "StudyTime": "120000", "StudyID": "1", "AccessionNumber": "", "ReferringPhysicianName": "", "FrameOfReferenceUID": space, "SeriesDescription": "made"}
    images = [generate_uid() for _ in range(SLICES)]
    for number, image in enumerate(images):
        corner = [float(value) for value in np.round(onwards * STEP * number, 6)]
        saved(item(**patient, SOPClassUID=kind, SOPInstanceUID=image, SeriesInstanceUID=series, SeriesNumber=1, InstanceNumber=number + 1,
                   Modality="CT" if kind == CTImageStorage else "US", Rows=ROWS, Columns=COLUMNS, PixelSpacing=[PIXEL, PIXEL], SliceThickness=STEP, ImagePositionPatient=corner,
                   ImageOrientationPatient=[float(value) for value in np.round((*right, *down), 8)], SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2",
                   BitsAllocated=16, BitsStored=16, HighBit=15, PixelRepresentation=0, PixelData=np.full((ROWS, COLUMNS), number, np.uint16).tobytes()), folder / f"{number}.dcm")
    outlines = []
    for number in outlined:
        corners = [onwards * STEP * number + PIXEL * (right * x + down * y) for x, y in ((30, 20), (60, 20), (60, 40), (30, 40))]
        refers = [item(ReferencedSOPClassUID=kind, ReferencedSOPInstanceUID=images[number])]
        outlines.append(item(ContourImageSequence=refers, ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=4,
                             ContourData=[round(float(value), 5) for corner in corners for value in corner]))
    all_images = [item(ReferencedSOPClassUID=kind, ReferencedSOPInstanceUID=image) for image in images]
    of_study = item(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1", ReferencedSOPInstanceUID=study,
                    RTReferencedSeriesSequence=[item(SeriesInstanceUID=series, ContourImageSequence=all_images)])
    saved(item(**patient, SOPClassUID=RTStructureSetStorage, SOPInstanceUID=generate_uid(), SeriesInstanceUID=generate_uid(), Modality="RTSTRUCT", StructureSetLabel="made",
               ReferencedFrameOfReferenceSequence=[item(FrameOfReferenceUID=space, RTReferencedStudySequence=[of_study])],
               StructureSetROISequence=[item(ROINumber=1, ROIName="prostate", ReferencedFrameOfReferenceUID=space, ROIGenerationAlgorithm="MANUAL")],
               ROIContourSequence=[item(ROIDisplayColor=[255, 0, 0], ReferencedROINumber=1, ContourSequence=outlines)],
               RTROIObservationsSequence=[item(ObservationNumber=1, ReferencedROINumber=1, RTROIInterpretedType="ORGAN", ROIInterpreter="")]), folder / "outlines.dcm")
    reader = DicomReaderWriter(description="made", Contour_Names=["prostate"], arg_max=False, verbose=False)
    reader.walk_through_folders(str(folder))
    reader.set_index(0)
    reader.get_images_and_mask()
    mask = np.asarray(reader.mask)[..., -1]
    assert [int(plane.max()) for plane in reader.ArrayDicom] == list(range(SLICES))
    return {number: int(plane.sum()) for number, plane in enumerate(mask) if plane.any()}


def tilted(degrees):
    angle = math.radians(degrees)
    return (1, 0, 0), (0, math.cos(angle), math.sin(angle))


FOUR, THREE = (2, 3, 4, 5), (2, 3, 4)
axial, sagittal, coronal = ((1, 0, 0), (0, 1, 0)), ((0, 1, 0), (0, 0, -1)), ((1, 0, 0), (0, 0, -1))
found = {"axial": slices_of(*axial, FOUR), "sagittal": slices_of(*sagittal, FOUR), "coronal": slices_of(*coronal, FOUR), "sagittal, three outlines": slices_of(*sagittal, THREE),
         "CT, sagittal": slices_of(*sagittal, FOUR, CTImageStorage), "tilted by 15": slices_of(*tilted(15), FOUR), "tilted by 35": slices_of(*tilted(35), FOUR)}
for name, one in found.items():
    print(f"{name}: pixels by slice {one}")
print("logged:", said)
assert found["axial"] == {number: 651 for number in FOUR}
assert found["sagittal"] == found["coronal"] == found["CT, sagittal"] == {} and found["sagittal, three outlines"] == {0: 651}
assert list(found["tilted by 15"]) == [3, 4, 5, 6] and list(found["tilted by 35"]) == [6, 7, 8, 9] and not said
print("as stated")
PYTHON
venv/bin/python run.py
