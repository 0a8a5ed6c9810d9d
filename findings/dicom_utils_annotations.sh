#!/usr/bin/env bash
# dicom-utils 1.0.11 (dicom2img): an annotation of one frame is drawn on all of a cine, a turned ellipse as a box that cuts it, and --fps does nothing.
#
# Expected: a presentation state (GSPS) whose ellipse refers to frame 3 changes frame 3; what is drawn encloses the ellipse. --fps 20 gives 50 ms a frame.
# What happens: ReferencedFrameNumber is read and not used: the box is in all five frames. It is that of the four ends of the axes; of an ellipse of
# 60 x 50 pixels turned by 45 degrees it is 84 wide for 110, 58 % of what would enclose it. The GIF's time of a frame is frames / (fps * 1000), meant
# as milliseconds: 0.25 us at --fps 20, so 0, whatever is given; players take 0 as they like, most as 100 ms.
# Why it matters: a lesion that was marked where it is seen best appears in every frame, as a box of a smaller lesion, and a beating heart runs
# at the player's rate. The box is what dcm_to_annotations gives to whoever trains on it, too.
# Seen on 30 November 2026 with dicom-utils 1.0.11, pydicom 3.0.2, numpy 2.4.6, Pillow 12.3.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dicom-utils==1.0.11 pydicom==3.0.2 numpy==2.4.6 pillow==12.3.0
cd "$folder"
mkdir study
MPLBACKEND=Agg venv/bin/python - 2>/dev/null <<'PYTHON'
import math
import subprocess
from importlib.metadata import version

import numpy as np
from dicom_utils.visualize import dcm_to_annotations
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, GrayscaleSoftcopyPresentationStateStorage, UltrasoundMultiFrameImageStorage, generate_uid

print("dicom-utils", version("dicom-utils"))


def base(sop_class: str, modality: str) -> Dataset:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = sop_class
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = "1.2.3", generate_uid(), modality
    return data


cine = base(UltrasoundMultiFrameImageStorage, "US")
frames = np.zeros((5, 200, 300), np.uint8)
frames[:] = np.arange(300) % 200
frames[:, 190:, :20] = (np.arange(5) * 40)[:, None, None]
cine.NumberOfFrames, cine.Rows, cine.Columns = frames.shape
cine.FrameTime, cine.FrameIncrementPointer = 50, 0x00181063
cine.SamplesPerPixel, cine.PhotometricInterpretation, cine.PixelRepresentation = 1, "MONOCHROME2", 0
cine.BitsAllocated, cine.BitsStored, cine.HighBit, cine.PixelData = 8, 8, 7, frames.tobytes()
cine.save_as("study/cine.dcm", enforce_file_format=True)

state, annotation, image, drawn = base(GrayscaleSoftcopyPresentationStateStorage, "PR"), Dataset(), Dataset(), Dataset()
image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID, image.ReferencedFrameNumber = cine.SOPClassUID, cine.SOPInstanceUID, 3
a, b = 60 * math.sqrt(0.5), 50 * math.sqrt(0.5)
drawn.GraphicAnnotationUnits, drawn.GraphicDimensions, drawn.NumberOfGraphicPoints, drawn.GraphicType = "PIXEL", 2, 4, "ELLIPSE"
drawn.GraphicData = [150 - a, 100 - a, 150 + a, 100 + a, 150 + b, 100 - b, 150 - b, 100 + b]
annotation.ReferencedImageSequence, annotation.GraphicLayer, annotation.GraphicObjectSequence = [image], "LAYER", [drawn]
state.GraphicAnnotationSequence, state.PresentationLUTShape, state.ContentLabel = [annotation], "IDENTITY", "MARKED"
state.save_as("study/state.dcm", enforce_file_format=True)

left, top, right, bottom = next(dcm_to_annotations(state)).trace
wide = 2 * math.hypot(a, b)
share = (right - left) * (bottom - top) / wide**2
print(f"the ellipse is {wide:.0f} wide and high, its box {right - left} x {bottom - top}, {share:.0%} of what would enclose it")
subprocess.run(["venv/bin/dicom2img", "study", "-o", "cine.png", "--fps", "20"], check=True, capture_output=True)
movie = Image.open("cine.gif")
marked, times = [], []
for number in range(movie.n_frames):
    movie.seek(number)
    colours = np.asarray(movie.convert("RGB"))
    marked.append(int(((colours[..., 1] > 200) & (colours[..., 0] < 60)).sum()))
    times.append(movie.info.get("duration", 0))
print("green pixels by frame:", marked, "; milliseconds:", times)
assert (right - left, bottom - top) == (84, 84) and 0.57 < share < 0.59
assert len(marked) == 5 and min(marked) > 5000 and not any(times)
print("as stated")
PYTHON
