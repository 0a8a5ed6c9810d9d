#!/usr/bin/env bash
# vtkDICOMImageReader (VTK 9.5.2; PyVista, vedo and others open DICOM with it): of an ultrasound cine it gives the first frame alone, and colour as grey stripes.
#
# Expected: all frames, or an error; colours as they are seen; or an error, as for JPEG.
# What happens: of five frames there is one, 36 x 24 x 1. RGB by planes is taken for RGB by pixels: 200,100,50 everywhere is a picture of three
# grey stripes, 200, 100 and 50 (each plane takes a third of the height, and is three times as wide as high). YBR_FULL has one component, and holds
# the first third of the bytes: Y, Cb and Cr beside each other as grey pixels. MONOCHROME1 isn't inverted. GetErrorCode is 0 each time, and nothing
# is said. Grey and RGB by pixels are right but for the other frames; JPEG is refused.
# Why it matters: a script that opens a cine that way segments its first frame, and of colour a picture that nobody has seen.
# Seen on 29 November 2026 with vtk 9.5.2, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check vtk==9.5.2 pydicom==3.0.2 numpy==2.4.6
venv/bin/python - <<'PYTHON'
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import convert_color_space
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkVersion
from vtkmodules.vtkIOImage import vtkDICOMImageReader


def cine(frames: np.ndarray, colours: str, planar: int = 0) -> str:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation = frames[0, 0, 0].size, colours
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    if frames.ndim == 4:
        data.PlanarConfiguration = planar
        frames = convert_color_space(frames, "RGB", "YBR_FULL") if colours == "YBR_FULL" else frames
    data.PixelData = (np.moveaxis(frames, 3, 1) if planar else frames).tobytes()
    data["PixelData"].VR = "OB"
    data.save_as("a.dcm", enforce_file_format=True)
    return "a.dcm"


def seen(name: str) -> np.ndarray:
    reader = vtkDICOMImageReader()
    reader.SetFileName(name)
    reader.Update()
    assert reader.GetErrorCode() == 0
    image = reader.GetOutput()
    columns, rows, planes = image.GetDimensions()
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(planes, rows, columns, -1)[:, ::-1]


print("VTK", vtkVersion().GetVTKVersion())
grey = np.stack([np.full((24, 36), level, np.uint8) for level in (40, 60, 80, 100, 120)])
colour = np.full((5, 24, 36, 3), (200, 100, 50), np.uint8)
of_grey, inverted = seen(cine(grey, "MONOCHROME2")), seen(cine(grey, "MONOCHROME1"))
pixels, planes, ybr = seen(cine(colour, "RGB")), seen(cine(colour, "RGB", 1)), seen(cine(colour, "YBR_FULL"))
print("five grey frames:", of_grey.shape, np.unique(of_grey), "; MONOCHROME1:", np.unique(inverted))
print("RGB by pixels:", pixels.shape, np.unique(pixels.reshape(-1, 3), axis=0).tolist())
print("RGB by planes:", planes.shape, np.unique(planes.reshape(-1, 3), axis=0).tolist(), "rows", planes[0, [4, 12, 20], 18].tolist())
print("YBR_FULL:", ybr.shape, ybr[0, 0, :6, 0])
assert of_grey.shape == inverted.shape == (1, 24, 36, 1) and np.unique(of_grey).tolist() == np.unique(inverted).tolist() == [40]
assert pixels.shape == planes.shape == (1, 24, 36, 3) and (pixels == (200, 100, 50)).all()
assert planes[0, [4, 12, 20], 18].tolist() in ([[200] * 3, [100] * 3, [50] * 3], [[50] * 3, [100] * 3, [200] * 3])
assert ybr.shape == (1, 24, 36, 1) and sorted(np.unique(ybr)) == [86, 124, 182]
print("as stated")
PYTHON
