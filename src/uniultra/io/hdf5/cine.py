"""HDF5 in: which toolbox wrote a file shows in what it holds."""

from __future__ import annotations

from dataclasses import replace

from uniultra.errors import FileError
from uniultra.io.hdf5 import uff, zea
from uniultra.io.hdf5.frames import cine_of
from uniultra.io.hdf5.guard import has_text, names, opened, text
from uniultra.io.paths import PathLike, shown
from uniultra.types import Cine

_MOST_NAMED = 6


def open_hdf5(path: PathLike) -> Cine:
    """The frames of zea's image, or of USTB's beamformed data. Raises FileError: no h5py, damaged, neither of
    the two, sizes out of range.
    """
    name = shown(path)
    with opened(path) as file:
        place = zea.image_place(file, name)
        found = [] if place else uff.beamformed(file, name)
        if place is None and not found:
            held = zea.contents(file, name) or names(file)
            said = ", ".join(shown(one[:40]) for one in held[:_MOST_NAMED]) or "nothing"
            raise FileError(
                f"{name}: holds {said}; legal are zea's data/image and USTB's uff.beamformed_data; "
                "beamform it first, or save frames as PNG"
            )
        samples = zea.samples_of(file, path, place) if place else uff.samples_of(file, path, found)
        notes = samples.notes
        if place and has_text(file, "zea_version"):
            version = text(file, "zea_version")
            notes = (f"written by zea {shown(version[:20])}" if version else "written by zea", *notes)
    return cine_of(replace(samples, notes=notes))
