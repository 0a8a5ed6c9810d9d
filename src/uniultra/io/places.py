"""Where frames lie in space, by the name of a file's kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from uniultra.io import metaimage, nifti, nrrd
from uniultra.io.paths import PathLike
from uniultra.io.place import Place

PLACES: Mapping[str, Callable[[PathLike, int], Place | None]] = {
    "NIfTI": nifti.place_of,
    "MetaImage": metaimage.place_of,
    "NRRD": nrrd.place_of,
}
"""Each takes a file and the number of a frame; it gives None where the file says nothing, or raises
FileError.
"""
