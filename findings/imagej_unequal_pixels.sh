#!/usr/bin/env bash
# ImageJ 1.53t (Debian 12): where the pixels of a DICOM file aren't square, a structure's ellipse has axes of 0 mm, an infinite roundness, and an angle that is off by 30 degrees.
#
# Expected: PixelSpacing is read (it is), and Analyze > Measure gives area, Feret's diameter, and Major, Minor and Angle of the fitted ellipse in millimetres; or leaves out what it can't measure.
# What happens: of an ellipse of 20 x 10 mm that lies at 135 degrees, in pixels of 0.5 x 0.2 mm: Major 0, Minor 0, aspect ratio not-a-number, Round infinite and Angle 165, which
# is how it lies on the grid. Area, Feret's diameter and centre beside them are right, so are all where pixels are square. No message; a mean over a table takes the zeros in.
# Why it matters: Major and Minor are the diameters, and Angle the pennation or fibre angle, that muscle and nerve ultrasound takes from ImageJ; frames of M-mode and of scaled video have such pixels.
# Seen on 29 November 2026 with libij-java 1.53t-1 (Debian 12), jpype1 1.7.1, pydicom 3.0.2, numpy 2.4.6, OpenJDK 17, Python 3.11.
# Needs Debian 12 with java.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download libij-java >/dev/null
dpkg-deb -f libij-java*.deb Package Version
dpkg -x libij-java*.deb root
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages jpype1==1.7.1 pydicom==3.0.2 numpy==2.4.6
cat >run.py <<'PYTHON'
import jpype
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

jpype.startJVM("-Djava.awt.headless=true", classpath=["root/usr/share/java/ij.jar"])
Opener, Selection = jpype.JClass("ij.io.Opener"), jpype.JClass("ij.plugin.filter.ThresholdToSelection")
Analyzer, Table, What = jpype.JClass("ij.plugin.filter.Analyzer"), jpype.JClass("ij.measure.ResultsTable"), jpype.JClass("ij.measure.Measurements")
COLUMNS = ("Area", "Feret", "X", "Y", "Major", "Minor", "Angle", "AR", "Round")
y, x = np.mgrid[:200, :300]


def saved(spacing):
    """An ellipse of 20 x 10 mm around (column 150, row 100), its long axis up and to the left: at 135 degrees as ImageJ counts."""
    down, right = (y - 100) * spacing[0], (x - 150) * spacing[1]
    along, across = (right + down) / np.sqrt(2), (down - right) / np.sqrt(2)
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 200, 300, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelSpacing = list(spacing)
    data.PixelData = (((along / 10) ** 2 + (across / 5) ** 2 < 1) * 255).astype(np.uint8).tobytes()
    data.save_as("a.dcm", enforce_file_format=True)


def measured(spacing):
    saved(spacing)
    image = Opener().openImage("./a.dcm")
    image.getProcessor().setThreshold(255, 255, 0)
    image.setRoi(Selection().convert(image.getProcessor()))
    table = Table()
    Analyzer(image, What.AREA | What.ELLIPSE | What.SHAPE_DESCRIPTORS | What.FERET | What.CENTROID, table).measure()
    calibration = image.getCalibration()
    found = {column: float(table.getValue(column, 0)) for column in COLUMNS}
    print(f"pixels {calibration.pixelHeight} x {calibration.pixelWidth} {calibration.getUnit()}:", {name: round(value, 1) for name, value in found.items()})
    return found


print("ImageJ", jpype.JClass("ij.IJ").getVersion())
square, high, wide = measured((0.2, 0.2)), measured((0.5, 0.2)), measured((0.2, 0.5))
for found in (square, high, wide):
    assert abs(found["Area"] - 157) < 2 and abs(found["Feret"] - 20) < 0.5
assert abs(square["Major"] - 20) < 0.2 and abs(square["Minor"] - 10) < 0.2 and abs(square["Angle"] - 135) < 1
for found, angle in ((high, 165), (wide, 105)):
    assert found["Major"] == found["Minor"] == 0 and np.isnan(found["AR"]) and np.isinf(found["Round"]) and abs(found["Angle"] - angle) < 1
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
