#!/usr/bin/env bash
# GIMP 2.10.34 (Debian 12): a DICOM file that is opened, scaled or cropped, and exported as DICOM keeps its old millimetres, ultrasound regions, window and instance UID.
#
# Expected: of a picture scaled to half its size PixelSpacing and the PhysicalDelta of the regions double, or both are left out; the boxes of the regions follow. An exported
# picture of 8 bits has no window of 12, what was changed has an instance UID of its own, and one frame of a cine is said to be one.
# What happens: file-dicom keeps every element of the file that it opened and writes them back around the new pixels. Scaled from 80 x 60 to 40 x 30 a structure of 20 mm is 10 mm by
# PixelSpacing and by its region, whose box goes on to column 79; cropped, the box lies where it lay. SOPInstanceUID and ImageType (ORIGINAL) are the old ones, the study is dated as before. Of 12 bits
# with a window of 0 to 3200 the pixels become 8 bits, the window stays, and tissue of 200 is shown as 16: black. Of a cine it opens the first frame, and what it exports says five
# and holds one. Neither opening nor exporting says a word. YBR and palettes are refused aloud.
# Why it matters: it is the editor at hand to paint a name over or to crop it off, and it knows DICOM. The file goes back to the archive in place of the
# original, or into a data set, and measures half of what it should. dcmscale's regions do likewise (dcmscale_regions.sh).
# Seen on 30 November 2026 with gimp 2.10.34-1+deb12u10, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder with what they need and the machine lacks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
lacking=$(apt-get install --simulate --no-install-recommends gimp 2>/dev/null | grep ^Inst | cut -d ' ' -f 2)
apt-get -qq -o APT::Sandbox::User=root download $lacking >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
dpkg-deb -f gimp_*.deb Package Version
rm *.deb
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages pydicom==3.0.2 numpy==2.4.6
cat >run.py <<'PYTHON'
import glob
import os
import subprocess

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_windowing
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

root = os.path.abspath("root/usr")
libraries = {os.path.dirname(path) for path in glob.glob(f"{root}/lib/**/*.so*", recursive=True) if "/plug-ins/" not in path}
os.environ["LD_LIBRARY_PATH"] = ":".join(sorted(libraries, key=len))
os.environ.update(GIMP2_PLUGINDIR=f"{root}/lib/gimp/2.0", GIMP2_DATADIR=f"{root}/share/gimp/2.0", GIMP2_DIRECTORY=os.path.abspath("own"))
for name, pattern in {"BABL_PATH": "root/usr/lib/*/babl-0.1", "GEGL_PATH": "root/usr/lib/*/gegl-0.4", "GIMP2_SYSCONFDIR": "root/etc/gimp/2.0"}.items():
    if found := glob.glob(pattern):
        os.environ[name] = os.path.abspath(found[0])
frames = np.full((5, 60, 80), 30, np.uint16)
frames[:, 40:50, 20:60] = 200  # 40 columns of 0.5 mm


def saved(name, frames, bits=8, **more):
    data, region = Dataset(), Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = UltrasoundMultiFrameImageStorage if len(frames) > 1 else UltrasoundImageStorage
    data.SOPInstanceUID = generate_uid()
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = data.SOPClassUID, data.SOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.ImageType = "1", "Test^Phantom", "20260101", ["ORIGINAL", "PRIMARY"]
    data.Rows, data.Columns, data.PixelSpacing = *frames.shape[1:], [0.2, 0.5]
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8 if bits == 8 else 16, bits, bits - 1
    region.RegionSpatialFormat = region.RegionDataType = 1
    region.RegionFlags = region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 79, 59
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.05, 0.02  # cm
    data.SequenceOfUltrasoundRegions = [region]
    for keyword, value in more.items():
        setattr(data, keyword, value)
    data.PixelData = frames.astype(np.uint8 if bits == 8 else np.uint16).tobytes()
    data["PixelData"].VR = "OB" if bits == 8 else "OW"
    data.save_as(f"{name}.dcm", enforce_file_format=True)


def exported(name, step):
    """`name`.dcm opened, changed by one step (or none), and exported."""
    here, out = os.path.abspath(f"{name}.dcm"), os.path.abspath("out.dcm")
    load = f'(let* ((i (car (gimp-file-load RUN-NONINTERACTIVE "{here}" "x"))) (d (car (gimp-image-get-active-drawable i))))'
    job = f'{load} {step} (file-dicom-save RUN-NONINTERACTIVE i d "{out}" "x"))'
    ran = subprocess.run(["root/usr/bin/gimp-console", "-i", "-d", "-f", "-c", "-b", job, "-b", "(gimp-quit 0)"], capture_output=True, text=True)
    assert ran.returncode == 0 and "batch command executed successfully" in ran.stdout + ran.stderr, ran
    before, after = dcmread(here), dcmread(out)
    os.remove(out)
    assert after.SOPInstanceUID == before.SOPInstanceUID and list(after.ImageType) == ["ORIGINAL", "PRIMARY"]
    return after


saved("still", frames[:1])
saved("twelve", frames[:1] * 16, bits=12, WindowCenter=1600, WindowWidth=3200)
saved("cine", frames, NumberOfFrames=5, FrameTime=40, FrameIncrementPointer=0x00181063)
for step, across in (("(gimp-image-scale i 40 30)", 20), ("(gimp-image-crop i 60 30 10 25)", 40)):
    data = exported("still", step)
    tissue = np.flatnonzero((data.pixel_array > 120).any(axis=0))
    region = data.SequenceOfUltrasoundRegions[0]
    box = [region[f"RegionLocation{end}"].value for end in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
    width = len(tissue) * float(data.PixelSpacing[1])
    print(f"{step}: {data.Columns} x {data.Rows}, PixelSpacing {list(data.PixelSpacing)}, region {box} of {10 * region.PhysicalDeltaX:g} mm, structure {width:g} mm wide")
    assert list(data.PixelSpacing) == [0.2, 0.5] and box == [0, 0, 79, 59] and region.PhysicalDeltaX == 0.05 and len(tissue) == across
data = exported("twelve", "")
shown = apply_windowing(data.pixel_array, data)[45, 40]
print(f"12 bits: stored as {data.BitsStored} bits, tissue {data.pixel_array[45, 40]}, window {data.WindowCenter}, {data.WindowWidth}: shown as {shown:.0f}")
assert data.BitsStored == 8 and data.pixel_array[45, 40] == 200 and (data.WindowCenter, data.WindowWidth) == (1600, 3200) and round(shown) == 16
data = exported("cine", "")
print(f"cine: {data.NumberOfFrames} frames said, {len(data.PixelData) // (data.Rows * data.Columns)} there")
assert data.NumberOfFrames == 5 and len(data.PixelData) == data.Rows * data.Columns
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
