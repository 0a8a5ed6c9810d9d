#!/usr/bin/env bash
# pydicom 3.0.2: compress() of colour stored by planes scrambles it, in RLE for everyone and in JPEG 2000 for all but pydicom.
#
# Expected: Dataset.compress gives a file with the same picture, whatever the uncompressed layout was, and PlanarConfiguration 0 for JPEG 2000
# and JPEG-LS, as PS3.5 8.2.3 and 8.2.4 have it.
# What happens: with PlanarConfiguration 1 the planes go into the encoders of RLE (pydicom's own, pylibjpeg's and GDCM's) and JPEG 2000 as if they
# were pixels. No reader finds the picture in the RLE file. Of JPEG 2000 pydicom does, since the header still says 1 and it undoes
# the mistake by that; in the stream itself, and so for Pillow and SimpleITK, it is another one. JPEG-LS is right, but
# for the 1 in its header, over which SimpleITK (GDCM) stumbles where there are several frames. Nothing is raised or logged. Interleaved colour is right throughout.
# Why it matters: colour by planes is how carts store colour Doppler uncompressed, and RLE the one compression that pydicom has on board;
# after save_as over the original the picture is gone from sight, in a file that says lossless.
# Seen on 29 November 2026 with pydicom 3.0.2, pylibjpeg 2.1.0 (openjpeg 2.6.0, rle 2.2.0), pyjpegls 1.5.1, python-gdcm 3.2.6, SimpleITK 2.5.7,
# Pillow 13.0.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6 pylibjpeg==2.1.0 pylibjpeg-openjpeg==2.6.0 \
    pylibjpeg-rle==2.2.0 pyjpegls==1.5.1 python-gdcm==3.2.6 SimpleITK==2.5.7 Pillow==13.0.0
cd "$folder"
venv/bin/python - <<'PYTHON'
import io
import warnings

import numpy as np
import pydicom
import SimpleITK
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless, UltrasoundMultiFrameImageStorage, generate_uid

warnings.simplefilter("error")  # so that a warning would be seen
ramp = np.indices((96, 144)).sum(axis=0)
frames = np.stack([np.stack([ramp + shift, 255 - ramp, ramp // 2], axis=-1) for shift in (0, 9)]).astype(np.uint8)


def wrong(syntax: str, plugin: str, planes: bool) -> tuple[bool, bool, int]:
    """Whether pydicom and whether SimpleITK find another picture, and PlanarConfiguration."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.FrameTime, data.FrameIncrementPointer = 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "RGB", int(planes)
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = (frames.transpose(0, 3, 1, 2) if planes else frames).tobytes()
    data["PixelData"].VR = "OB"
    assert (data.pixel_array == frames).all()
    data.compress(syntax, encoding_plugin=plugin)
    data.save_as("a.dcm", enforce_file_format=True)
    own = pydicom.dcmread("a.dcm").pixel_array
    if syntax == JPEG2000Lossless:
        stream = next(generate_frames(data.PixelData, number_of_frames=len(frames)))
        assert bool((np.asarray(Image.open(io.BytesIO(stream))) != frames[0]).any()) == planes
    itk = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage("a.dcm"))
    return bool((own != frames).any()), bool((itk != frames).any()), int(data.PlanarConfiguration)


print("pydicom", pydicom.__version__)
ways = [(RLELossless, "pydicom"), (RLELossless, "pylibjpeg"), (RLELossless, "gdcm"), (JPEG2000Lossless, "pylibjpeg"), (JPEGLSLossless, "pyjpegls")]
for syntax, plugin in ways:
    found = wrong(syntax, plugin, True)
    print(f"{syntax.name.split(' (')[0]} by {plugin}, from planes: wrong for pydicom {found[0]}, for SimpleITK {found[1]}; PlanarConfiguration {found[2]}")
    assert found == (syntax == RLELossless, True, 1) and wrong(syntax, plugin, False) == (False, False, 0)
print("as stated")
PYTHON
