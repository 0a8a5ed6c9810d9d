"""Label maps in, by the name of a file's kind: ids of one frame, uint8 (H, W), and how large a pixel is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from uniultra.io import metaimage, nifti, nrrd
from uniultra.io.paths import PathLike
from uniultra.pixel_scale import Calibration

READERS: Mapping[str, Callable[[PathLike], tuple[np.ndarray, Calibration]]] = {
    "NIfTI": nifti.read_labels,
    "MetaImage": metaimage.read_labels,
    "NRRD": nrrd.read_labels,
}
"""Each raises FileError."""
