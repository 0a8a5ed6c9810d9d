#!/usr/bin/env bash
# itk-napari-conversion 0.5.1 (ITK images in napari 0.9.2): a tilted picture is turned the other way, a sagittal or coronal volume lies on other axes; a landmark of the same picture lies beside it.
#
# Expected: image_layer_from_image puts each pixel where the image's own TransformIndexToPhysicalPoint has it, in z, y, x, and points_layer_from_point_set the image's landmarks onto it.
# What happens: the direction's matrix, whose axes are in napari's order already, is transposed, which for a rotation is the way back: a frame tilted by 30 degrees is tilted by -30. Its corner
# 20 pixels of 0.2 mm to the right is at y = 5 instead of 9 mm. Volumes in sagittal or coronal order, whose directions swap axes, are 10 and 20 mm off after 10 frames. The points are not turned,
# so a landmark is shown off the structure that it marks. Axial images, also mirrored ones (as ITK reads NIfTI), are right, as their matrices are symmetric; and there and back is the same, as it
# is transposed twice, which is what its own tests look at.
# Why it matters: sweeps of tracked probes (PLUS, Slicer) are frames with a tilt each; in napari they fan out the other way, and measured points don't fit. napari-medical-image-formats reads with it.
# Seen on 1 December 2026 with itk-napari-conversion 0.5.1, itk 5.4.7, napari 0.9.2, numpy 2.4.6, Python 3.11. No window is opened.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" itk-napari-conversion==0.5.1 itk==5.4.7 napari==0.9.2 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import math
import warnings

warnings.simplefilter("ignore")
import itk
import numpy as np
from itk_napari_conversion import image_from_image_layer, image_layer_from_image, points_layer_from_point_set

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("itk-napari-conversion", "itk", "napari")))


def tilted(degrees):
    turn = math.radians(degrees)
    return np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])


frame, volume = np.zeros((40, 60), np.uint8), np.zeros((8, 40, 60), np.uint8)
cases = {
    "as it is": (frame, np.eye(2)),
    "both axes mirrored": (frame, np.diag([-1.0, -1.0])),
    "tilted by 30 degrees": (frame, tilted(30)),
    "tilted by 90 degrees": (frame, tilted(90)),
    "axial volume": (volume, np.eye(3)),
    "sagittal volume": (volume, np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0]])),
    "coronal volume": (volume, np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])),
}
off = {}
for name, (pixels, direction) in cases.items():
    image = itk.image_from_array(pixels)
    image.SetSpacing((0.2, 0.5, 1.0)[: pixels.ndim])
    image.SetOrigin((3.0, 7.0, 2.0)[: pixels.ndim])
    image.SetDirection(itk.matrix_from_array(np.ascontiguousarray(direction)))
    layer = image_layer_from_image(image)
    places = []
    for axis in range(pixels.ndim):
        index = [0] * pixels.ndim
        index[axis] = 5 if axis == pixels.ndim - 3 else 20
        meant = np.array(image.TransformIndexToPhysicalPoint(index[::-1]))[::-1]
        places.append((np.array(layer.data_to_world(index)), meant))
    off[name] = max(float(np.abs(shown - meant).max()) for shown, meant in places)
    back = image_from_image_layer(layer)
    assert np.allclose(itk.array_from_matrix(back.GetDirection()), direction)
    shown, meant = places[-1]
    print(f"   {name}: pixel 20 to the right at {shown.round(2).tolist()} mm, by ITK {meant.round(2).tolist()}; up to {off[name]:.1f} mm off")
    if name == "tilted by 30 degrees":
        marks = itk.PointSet[itk.F, 2].New()
        marks.SetPoints(itk.vector_container_from_array(meant[::-1].astype(np.float32).copy()))
        points = points_layer_from_point_set(marks)
        mark = np.array(points.data_to_world(points.data[0]))
        print(f"   a landmark on that pixel is drawn at {mark.round(2).tolist()}")
        assert np.allclose(mark, meant, atol=1e-4) and not np.allclose(mark, shown, atol=1)
assert all(off[name] < 1e-6 for name in ("as it is", "both axes mirrored", "axial volume"))
assert all(off[name] > 3 for name in ("tilted by 30 degrees", "tilted by 90 degrees", "sagittal volume", "coronal volume")), off
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
