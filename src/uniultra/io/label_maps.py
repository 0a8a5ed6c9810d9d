"""By the name of a file's kind: label maps in, ids of one frame, uint8 (H, W), with the size of a pixel; and
where frames lie in space.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from uniultra.io import metaimage, nifti, nrrd
from uniultra.io.paths import PathLike
from uniultra.io.place import Place
from uniultra.io.volumes import labels_of, place_of
from uniultra.pixel_scale import Calibration

READERS: Mapping[str, Callable[[PathLike], tuple[np.ndarray, Calibration]]] = {
    "NIfTI": nifti.read_labels,
    "MetaImage": lambda path: labels_of(metaimage.read_volume(path)),
    "NRRD": lambda path: labels_of(nrrd.read_volume(path)),
}
"""Each raises FileError."""
PLACES: Mapping[str, Callable[[PathLike, int], Place | None]] = {
    "NIfTI": nifti.place_of,
    "MetaImage": lambda path, number: place_of(metaimage.read_volume(path), number),
    "NRRD": lambda path, number: place_of(nrrd.read_volume(path), number),
}
"""Each takes a file and the number of a frame; it gives None where the file says nothing, or raises
FileError.
"""
